import Glibc
import Synchronization
import Threading

/// Does things later, one after the other, on a thread of its own: what suppliers and customers do takes its time.
final class ErrandQueue: Sendable {
    typealias Errand = @Sendable () -> Void

    private struct State {
        /// Soonest first; what is due at the same time stays in the order it came.
        var waiting: [(at: Int64, errand: Errand)] = []
        var isStopping = false
        var thread: NamedThread?
    }

    private let capacity: Int
    private let wake: WakeEvent
    private let state = Mutex(State())

    init(capacity: Int = 10_000) throws {
        self.capacity = capacity
        wake = try WakeEvent()
        // The thread holds the queue until stop().
        let thread = try NamedThread("errands") { self.run() }
        state.withLock { $0.thread = thread }
    }

    /// False when too much is waiting already, or the queue has stopped: the errand is then never done.
    @discardableResult
    func add(afterMilliseconds: Int64, _ errand: @escaping Errand) -> Bool {
        let at = Clock.monotonicMilliseconds() + max(0, afterMilliseconds)
        let isTaken = state.withLock { state in
            guard !state.isStopping, state.waiting.count < capacity else { return false }
            let index = state.waiting.firstIndex { $0.at > at } ?? state.waiting.count
            state.waiting.insert((at, errand), at: index)
            return true
        }
        if isTaken { wake.signal() }
        return isTaken
    }

    /// Forgets what waits, and returns when the errand that is being done is done.
    func stop() {
        let thread = state.withLock { state in
            state.isStopping = true
            state.waiting.removeAll()
            return state.thread.take()
        }
        wake.signal()
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
            let wait = first.at - Clock.monotonicMilliseconds()
            return wait > 0 ? .wait(milliseconds: wait) : .run(state.waiting.removeFirst().errand)
        }
    }

    private func run() {
        while true {
            switch next() {
            case .stop: return
            case .run(let errand): errand()
            case .wait(let milliseconds):
                wake.wait(timeoutMilliseconds: milliseconds)
                wake.clear()
            }
        }
    }
}
