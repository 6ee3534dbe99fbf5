import Glibc
import Threading

/// The queues of waiting requests, served in this order. Each lane but the last has a thread that no other lane can hold, so none shuts out another.
public enum HTTPLane: Int, Sendable, CaseIterable {
    case preferred
    /// For what is answered at once and asked for all the time.
    case quick
    case common
}

/// The threads that run the handlers, and the requests that wait for one. A handler that waits holds a thread of these, never the one
/// that reads and writes the connections.
final class WorkerPool: @unchecked Sendable {
    // @unchecked: the state is guarded by the monitor.
    typealias Job = @Sendable (_ waitedMilliseconds: Int64) -> Void

    private struct Waiting {
        var job: Job
        var sinceMilliseconds: Int64
    }

    /// Handlers build whole listings and pages.
    private static let stackBytes = 8 << 20
    /// Of each lane.
    static let maximumWaiting = 64
    private let monitor = Monitor()
    private var waiting: [[Waiting]] = HTTPLane.allCases.map { _ in [] }
    private var isStopping = false
    private var threads: [NamedThread] = []
    private let niceness: Int
    private let tick: @Sendable () -> Bool

    private enum Duty {
        case common
        /// Serves this lane only.
        case reserved(HTTPLane)
        case ticking
    }

    /// `threadCount` threads for all, one more for each of the lanes that go first, and one that calls `tick` every half
    /// second, or much sooner while it answers true.
    init(threadCount: Int, niceness: Int, tick: @escaping @Sendable () -> Bool) throws(HTTPServerError) {
        self.niceness = niceness
        self.tick = tick
        for duty in [Duty.ticking, .reserved(.preferred), .reserved(.quick)] + Array(repeating: .common, count: threadCount) {
            do { try start(duty) } catch {
                stop()
                throw error
            }
        }
    }

    /// False when too many wait already, or the pool has stopped.
    func add(_ lane: HTTPLane, _ job: @escaping Job) -> Bool {
        monitor.withLock {
            guard !isStopping, waiting[lane.rawValue].count < Self.maximumWaiting else { return false }
            waiting[lane.rawValue].append(Waiting(job: job, sinceMilliseconds: Clock.monotonicMilliseconds()))
            monitor.notifyAll()
            return true
        }
    }

    /// Runs what waits already, takes nothing more, and joins the threads.
    func stop() {
        monitor.withLock {
            isStopping = true
            monitor.notifyAll()
        }
        for thread in threads { thread.join() }
        threads = []
    }

    private func start(_ duty: Duty) throws(HTTPServerError) {
        // `stop` joins every thread before the pool goes, so none outlives it.
        do {
            threads.append(try NamedThread("steward-http", niceness: niceness, stackBytes: Self.stackBytes) { [unowned self] in run(duty) })
        } catch {
            throw .invalidConfiguration("\(error)")
        }
    }

    private func run(_ duty: Duty) {
        let lanes: [HTTPLane]
        switch duty {
        case .ticking: return keepTicking()
        case .reserved(let lane): lanes = [lane]
        case .common: lanes = HTTPLane.allCases
        }
        while let waiting = next(lanes) { waiting.job(Clock.monotonicMilliseconds() - waiting.sinceMilliseconds) }
    }

    /// The oldest of the first lane where one waits.
    private func next(_ lanes: [HTTPLane]) -> Waiting? {
        monitor.withLock {
            while true {
                if let lane = lanes.first(where: { !waiting[$0.rawValue].isEmpty }) { return waiting[lane.rawValue].removeFirst() }
                if isStopping { return nil }
                _ = monitor.wait { isStopping || lanes.contains { !waiting[$0.rawValue].isEmpty } }
            }
        }
    }

    private func keepTicking() {
        while true {
            let pause: Int64 = tick() ? 25 : 500
            if monitor.withLock({ monitor.wait(timeoutMilliseconds: pause) { isStopping } }) { return }
        }
    }
}
