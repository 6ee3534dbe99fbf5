import Glibc

/// The threads that run the handlers, and the requests that wait for one. A handler that waits holds a thread of these, never the one
/// that reads and writes the connections.
final class WorkerPool: @unchecked Sendable {
    // @unchecked: the state is guarded by the mutex; the pthread objects never move.
    typealias Job = @Sendable (_ waitedMilliseconds: Int64) -> Void

    private struct Waiting {
        var job: Job
        var sinceMilliseconds: Int64
    }

    static let maximumWaiting = 64
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var common: [Waiting] = []
    private var preferred: [Waiting] = []
    private var isStopping = false
    private var threads: [pthread_t] = []
    private let niceness: Int32
    private let tick: @Sendable () -> Bool

    private enum Duty {
        case common
        /// A thread that nobody but who is preferred can hold.
        case preferred
        case ticking
    }

    /// `threadCount` threads for all, one more for preferred requests alone, and one that calls `tick` every half
    /// second, or much sooner while it answers true.
    init(threadCount: Int, niceness: Int, tick: @escaping @Sendable () -> Bool) throws(HTTPServerError) {
        self.niceness = Int32(niceness)
        self.tick = tick
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
        for duty in [Duty.ticking, .preferred] + Array(repeating: .common, count: threadCount) {
            do { try start(duty) } catch {
                stop()
                throw error
            }
        }
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// False when too many wait already, or the pool has stopped.
    func add(isPreferred: Bool, _ job: @escaping Job) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isStopping, (isPreferred ? preferred.count : common.count) < Self.maximumWaiting else { return false }
        let waiting = Waiting(job: job, sinceMilliseconds: ConnectionTable.nowMilliseconds())
        if isPreferred { preferred.append(waiting) } else { common.append(waiting) }
        pthread_cond_broadcast(condition)
        return true
    }

    /// Runs what waits already, takes nothing more, and joins the threads.
    func stop() {
        pthread_mutex_lock(mutex)
        isStopping = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    private final class Start {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    private func start(_ duty: Duty) throws(HTTPServerError) {
        // `stop` joins every thread before the pool goes, so none outlives it.
        let box = Unmanaged.passRetained(Start { [unowned self] in run(duty) })
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw .invalidConfiguration("a thread could not be started: \(String(cString: strerror(code)))")
        }
        threads.append(thread)
    }

    private func run(_ duty: Duty) {
        ThreadTraits.set(name: "steward-http", niceness: niceness)
        if duty == .ticking { return keepTicking() }
        while let waiting = next(duty) { waiting.job(ConnectionTable.nowMilliseconds() - waiting.sinceMilliseconds) }
    }

    private func next(_ duty: Duty) -> Waiting? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if !preferred.isEmpty { return preferred.removeFirst() }
            if duty == .common, !common.isEmpty { return common.removeFirst() }
            if isStopping { return nil }
            pthread_cond_wait(condition, mutex)
        }
    }

    private func keepTicking() {
        while true {
            let due = (tick() ? 25 : 500) + ConnectionTable.nowMilliseconds()
            var time = timespec(tv_sec: Int(due / 1000), tv_nsec: Int(due % 1000) * 1_000_000)
            pthread_mutex_lock(mutex)
            while !isStopping, pthread_cond_timedwait(condition, mutex, &time) == 0 {}
            let ends = isStopping
            pthread_mutex_unlock(mutex)
            if ends { return }
        }
    }
}

/// Name and priority of the calling thread.
enum ThreadTraits {
    /// The name is for `top -H` and debuggers. A thread may always make itself nicer; on Linux the call is for the one thread.
    static func set(name: String, niceness: Int32) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        if file >= 0 {
            _ = write(file, name, name.utf8.count)
            close(file)
        }
        if niceness > 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
    }
}
