import Glibc
import Synchronization

/// Does things later, one after the other, on a thread of its own: what suppliers and customers do takes its time.
final class ErrandQueue: Sendable {
    typealias Errand = @Sendable () -> Void

    private struct State {
        /// Soonest first; what is due at the same time stays in the order it came.
        var waiting: [(at: Int64, errand: Errand)] = []
        var isStopping = false
        var thread: FleetThread?
    }

    private let capacity: Int
    private let wake: Int32
    private let state = Mutex(State())

    init(capacity: Int = 10_000) throws(FleetError) {
        self.capacity = capacity
        wake = eventfd(0, Int32(EFD_CLOEXEC.rawValue | EFD_NONBLOCK.rawValue))
        guard wake >= 0 else { throw FleetError("cannot open an event descriptor: \(String(cString: strerror(errno)))") }
        // The thread holds the queue until stop().
        let thread = try FleetThread { self.run() }
        state.withLock { $0.thread = thread }
    }

    deinit { close(wake) }

    /// False when too much is waiting already, or the queue has stopped: the errand is then never done.
    @discardableResult
    func add(afterMilliseconds: Int64, _ errand: @escaping Errand) -> Bool {
        let at = FleetClock.monotonic + max(0, afterMilliseconds)
        let isTaken = state.withLock { state in
            guard !state.isStopping, state.waiting.count < capacity else { return false }
            let index = state.waiting.firstIndex { $0.at > at } ?? state.waiting.count
            state.waiting.insert((at, errand), at: index)
            return true
        }
        if isTaken { eventfd_write(wake, 1) }
        return isTaken
    }

    /// Forgets what waits, and returns when the errand that is being done is done.
    func stop() {
        let thread = state.withLock { state in
            state.isStopping = true
            state.waiting.removeAll()
            defer { state.thread = nil }
            return state.thread
        }
        eventfd_write(wake, 1)
        thread?.join()
    }

    private enum Next {
        case run(Errand)
        case wait(milliseconds: Int64)
        case stop
    }

    private func next() -> Next {
        state.withLock { state in
            if state.isStopping { return .stop }
            guard let first = state.waiting.first else { return .wait(milliseconds: 60_000) }
            let wait = first.at - FleetClock.monotonic
            return wait > 0 ? .wait(milliseconds: wait) : .run(state.waiting.removeFirst().errand)
        }
    }

    private func run() {
        while true {
            switch next() {
            case .stop: return
            case .run(let errand): errand()
            case .wait(let milliseconds):
                var request = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
                poll(&request, 1, Int32(clamping: milliseconds))
                var count: eventfd_t = 0
                eventfd_read(wake, &count)
            }
        }
    }
}
