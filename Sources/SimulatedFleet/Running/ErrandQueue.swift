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
    private let wake: WakePipe
    private let state = Mutex(State())

    init(capacity: Int = 10_000) throws(FleetError) {
        self.capacity = capacity
        wake = try WakePipe()
        // The thread holds the queue until stop().
        let thread = try FleetThread { self.run() }
        state.withLock { $0.thread = thread }
    }

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
        if isTaken { wake.signal() }
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
                wake.wait(milliseconds: milliseconds)
            }
        }
    }
}

/// Wakes a thread that waits in poll(); Swift's Glibc module has no eventfd.
final class WakePipe: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32

    init() throws(FleetError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw FleetError("cannot open a pipe: \(String(cString: strerror(errno))); see the limit on open files")
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// A full pipe is no loss: its reader is awake already.
    func signal() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    func wait(milliseconds: Int64) {
        var request = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, Int32(clamping: milliseconds)) > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 256)
        _ = read(readEnd, &bytes, bytes.count)
    }
}
