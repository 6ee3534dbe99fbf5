import Glibc

/// A mutex with a condition variable. Foundation and Dispatch would do as well, but the release build links neither.
final class Monitor: @unchecked Sendable {
    // @unchecked: the two pthread objects are made for use from many threads, and never move.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
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

    func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Waits, with the lock held, until `isReady`; false after `timeoutMilliseconds`.
    func wait(timeoutMilliseconds: Int64 = .max / 4, until isReady: () -> Bool) -> Bool {
        let deadline = Clock.monotonicMilliseconds() + min(timeoutMilliseconds, 1 << 40)
        var time = timespec(tv_sec: Int(deadline / 1000), tv_nsec: Int(deadline % 1000) * 1_000_000)
        while !isReady() {
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return isReady() }
        }
        return true
    }

    func notifyAll() { pthread_cond_broadcast(condition) }
}

/// A pipe that interrupts another thread's poll. (glibc's module for Swift has no eventfd.)
final class WakeEvent: Sendable {
    let descriptor: Int32
    private let writeEnd: Int32
    /// For a signal handler, which may call `write` but nothing else.
    var writeDescriptor: Int32 { writeEnd }

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ConfigurationError("pipe: \(String(cString: strerror(errno)))") }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        descriptor = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(descriptor)
        close(writeEnd)
    }

    /// A full pipe is as good as one byte: the reader is woken.
    func signal() {
        var one: UInt8 = 1
        _ = write(writeEnd, &one, 1)
    }

    func clear() {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { bytes in
            while read(descriptor, bytes.baseAddress, bytes.count) == bytes.count {}
        }
    }
}

/// A thread with a name, joined at the end.
final class NamedThread: @unchecked Sendable {
    // @unchecked: the handle is written once, before the object is handed out; the body is taken once, by the thread.
    private var handle = pthread_t()
    private var body: (@Sendable () -> Void)?
    private let name: String

    init(_ name: String, _ body: @escaping @Sendable () -> Void) throws {
        self.name = name
        self.body = body
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, 1 << 20)
        let box = Unmanaged.passRetained(self)
        let code = pthread_create(
            &handle, &attributes,
            { argument in
                guard let argument else { return nil }
                let thread = Unmanaged<NamedThread>.fromOpaque(argument).takeRetainedValue()
                thread.showName()
                thread.takeBody()?()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw ConfigurationError("a thread could not be started: \(String(cString: strerror(code)))")
        }
    }

    /// What the body holds goes with its end, and not when somebody joins the thread: a snapshot's holds the whole state.
    private func takeBody() -> (@Sendable () -> Void)? {
        defer { body = nil }
        return body
    }

    /// For `top -H` and debuggers; at most 15 bytes count.
    private func showName() {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = write(file, name, name.utf8.count)
    }

    func join() { pthread_join(handle, nil) }
}
