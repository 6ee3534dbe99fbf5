import CMosquitto
import Glibc
import Synchronization
import Threading

struct Command: Sendable {
    let key: UInt64
    let topic: String
    let payload: [UInt8]
    let qualityOfService: Int32
    let deadlineMilliseconds: Int64
    /// Under MQTT 5 the broker is told not to deliver it after its deadline.
    let expires: Bool
    let completion: @Sendable (UInt64, PublishOutcome) -> Void
}

/// What the callers' threads and the client's thread share: the commands in flight, in the order they came, under one lock.
/// Completions are called outside the lock, so that they may publish again.
final class CommandQueue: Sendable {
    private struct State {
        var open: [UInt64: (sequence: UInt64, command: Command)] = [:]
        var nextSequence: UInt64 = 0
        /// Accepted since the client's thread last looked.
        var fresh: [UInt64] = []
        var connected = false
        /// Whether the announcement is to be published.
        var isAnnouncing = false
        var closing = false
        var finished = false
        var thread: pthread_t?
    }

    let wake: WakeEvent
    let onConnectionChange: @Sendable (ConnectionEvent) -> Void
    private let finishedSignal: WakeEvent
    private let maximumInFlight: Int
    private let state = Mutex(State())

    init(maximumInFlight: Int, onConnectionChange: @escaping @Sendable (ConnectionEvent) -> Void) throws(MQTTError) {
        self.maximumInFlight = maximumInFlight
        self.onConnectionChange = onConnectionChange
        do {
            wake = try WakeEvent()
            finishedSignal = try WakeEvent()
        } catch { throw .ofSystem(error) }
    }

    var isConnected: Bool { state.withLock { $0.connected } }
    var inFlight: Int { state.withLock { $0.open.count } }
    var isAnnouncing: Bool { state.withLock { $0.isAnnouncing } }

    func setAnnouncing(_ flag: Bool) {
        state.withLock { $0.isAnnouncing = flag }
        wake.signal()
    }

    var isClosing: Bool { state.withLock { $0.closing } }

    func setConnected(_ connected: Bool) { state.withLock { $0.connected = connected } }

    func add(_ command: Command) throws(MQTTError) {
        let refusal: String? = state.withLock { state in
            if state.closing || state.finished { return "the command client is closed" }
            if state.open[command.key] != nil { return "a command with key \(command.key) is already in flight" }
            if state.open.count >= maximumInFlight {
                return "\(maximumInFlight) commands are in flight already; try again when the broker has taken some"
            }
            state.open[command.key] = (state.nextSequence, command)
            state.nextSequence += 1
            state.fresh.append(command.key)
            return nil
        }
        if let refusal { throw MQTTError(code: MOSQ_ERR_INVAL.rawValue, operation: "publish", message: refusal) }
        wake.signal()
    }

    /// The commands that came since the last call.
    func drainFresh() -> [Command] {
        state.withLock { state in
            defer { state.fresh.removeAll(keepingCapacity: true) }
            return state.fresh.compactMap { state.open[$0]?.command }
        }
    }

    /// All that are in flight, oldest first: what a new connection has to send.
    func allInFlight() -> [Command] {
        state.withLock { state in
            state.fresh.removeAll(keepingCapacity: true)
            return state.open.values.sorted { $0.sequence < $1.sequence }.map(\.command)
        }
    }

    func complete(_ key: UInt64, _ outcome: PublishOutcome) {
        let command = state.withLock { $0.open.removeValue(forKey: key)?.command }
        command?.completion(key, outcome)
    }

    func failExpired(nowMilliseconds now: Int64) {
        let expired = state.withLock { state in
            state.open.values.filter { $0.command.deadlineMilliseconds <= now }.sorted { $0.sequence < $1.sequence }.map(\.command.key)
        }
        guard !expired.isEmpty else { return }
        let message =
            isConnected
            ? "the broker did not acknowledge the command in time; it may have been sent"
            : "the broker was not reachable in time; the command may have been sent before the connection was lost"
        for key in expired {
            complete(key, .failed(MQTTError(code: MOSQ_ERR_TIMEOUT.rawValue, operation: "publish", message: message)))
        }
    }

    func failAll(_ error: MQTTError) {
        for command in allInFlight() { complete(command.key, .failed(error)) }
    }

    // MARK: The thread's end

    func requestClose() {
        state.withLock { $0.closing = true }
        wake.signal()
    }

    func begin() { state.withLock { $0.thread = pthread_self() } }

    func finish() {
        state.withLock { state in
            state.finished = true
            state.connected = false
        }
        failAll(
            MQTTError(
                code: MOSQ_ERR_NO_CONN.rawValue, operation: "publish",
                message: "the command client was closed; the command may have been sent"))
        finishedSignal.signal()
    }

    /// Left readable, so that any number of callers may wait.
    func waitUntilFinished() {
        let isOwnThread = state.withLock { state in state.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
        guard !isOwnThread else { return }
        finishedSignal.wait(timeoutMilliseconds: -1)
    }
}
