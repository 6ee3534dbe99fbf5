import Glibc

/// A mutex with a condition variable. Foundation and Dispatch would do as well, but the release build links neither.
public final class Monitor: @unchecked Sendable {
    // @unchecked: the two pthread objects are made for use from many threads, and never move.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    public init() {
        var checked = pthread_mutexattr_t()
        pthread_mutexattr_init(&checked)
        // Entering twice, or waiting without having entered, is an error instead of a standstill.
        pthread_mutexattr_settype(&checked, Int32(PTHREAD_MUTEX_ERRORCHECK))
        pthread_mutex_init(mutex, &checked)
        pthread_mutexattr_destroy(&checked)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // The system's clock may be set; waiting must not depend on it.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    public func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
        precondition(pthread_mutex_lock(mutex) == 0, "a monitor is entered by the thread that is in it already")
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Waits, with the lock held, until `isReady`; false after `timeoutMilliseconds`.
    public func wait(timeoutMilliseconds: Int64 = .max / 4, until isReady: () -> Bool) -> Bool {
        let deadline = Clock.monotonicMilliseconds() + min(timeoutMilliseconds, 1 << 40)
        var time = timespec(tv_sec: Int(deadline / 1000), tv_nsec: Int(deadline % 1000) * 1_000_000)
        while !isReady() {
            let code = pthread_cond_timedwait(condition, mutex, &time)
            if code == ETIMEDOUT { return isReady() }
            precondition(code == 0, "a monitor is waited for by a thread that is not in it")
        }
        return true
    }

    public func notifyAll() { pthread_cond_broadcast(condition) }
}
