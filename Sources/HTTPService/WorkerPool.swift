import Glibc

/// Who goes first. Each lane but the last has a thread that no other lane can hold, so none shuts out another.
public enum HTTPLane: Int, Sendable, CaseIterable {
    case preferred
    /// For what is answered at once and asked for all the time.
    case quick
    case common
}

/// The threads that run the handlers, and the requests that wait for one. A handler that waits holds a thread of these, never the one
/// that reads and writes the connections.
final class WorkerPool: @unchecked Sendable {
    // @unchecked: the state is guarded by the mutex; the pthread objects never move.
    typealias Job = @Sendable (_ waitedMilliseconds: Int64) -> Void

    private struct Waiting {
        var job: Job
        var sinceMilliseconds: Int64
    }

    /// Of each lane.
    static let maximumWaiting = 64
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [[Waiting]] = HTTPLane.allCases.map { _ in [] }
    private var isStopping = false
    private var threads: [pthread_t] = []
    private let niceness: Int32
    private let tick: @Sendable () -> Bool

    private enum Duty {
        case common
        /// A thread that nobody but this lane can hold.
        case reserved(HTTPLane)
        case ticking
    }

    /// `threadCount` threads for all, one more for each of the lanes that go first, and one that calls `tick` every half
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
        for duty in [Duty.ticking, .reserved(.preferred), .reserved(.quick)] + Array(repeating: .common, count: threadCount) {
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
    func add(_ lane: HTTPLane, _ job: @escaping Job) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isStopping, waiting[lane.rawValue].count < Self.maximumWaiting else { return false }
        waiting[lane.rawValue].append(Waiting(job: job, sinceMilliseconds: ConnectionTable.nowMilliseconds()))
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
        let lanes: [HTTPLane]
        switch duty {
        case .ticking: return keepTicking()
        case .reserved(let lane): lanes = [lane]
        case .common: lanes = HTTPLane.allCases
        }
        while let waiting = next(lanes) { waiting.job(ConnectionTable.nowMilliseconds() - waiting.sinceMilliseconds) }
    }

    /// The oldest of the first lane where one waits.
    private func next(_ lanes: [HTTPLane]) -> Waiting? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let lane = lanes.first(where: { !waiting[$0.rawValue].isEmpty }) { return waiting[lane.rawValue].removeFirst() }
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
