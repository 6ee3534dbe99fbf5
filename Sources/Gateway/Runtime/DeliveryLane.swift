import SQLiteStore

/// The pump's state of one lane of the outbox. The entries themselves are in the store.
struct DeliveryLane {
    /// Keys handed out whose report has not come back.
    private(set) var inFlight: Set<String> = []
    /// An entry was added, or a report came, since the lane's due entries were last read.
    private(set) var isDirty = true
    /// When the next entry that is not in flight is due, in wall time.
    var nextDueMilliseconds: Int64 = 0
    /// Failed tries in a row, of whatever entries.
    private var failures = 0
    /// After a failure nothing is sent to the receiver until then, in monotonic time.
    private var pausedUntilMilliseconds: Int64 = 0

    /// How many may be in flight. A worker delivers one after the other, so a few keep it busy; the broker accepts many.
    let capacity: Int
    static let commandCapacity = 256
    static let workerCapacity = 4
    /// A receiver that cannot be reached is tried at least this often, so that deliveries go soon after it is back.
    private static let maximumPauseMilliseconds: Int64 = 30_000

    init(_ lane: OutboxLane) { capacity = lane.channel == "command" ? Self.commandCapacity : Self.workerCapacity }

    mutating func touch() { isDirty = true }

    /// How many more may be handed out now.
    /// - Parameter steady: monotonic time.
    func room(steadyMilliseconds steady: Int64) -> Int {
        guard steady >= pausedUntilMilliseconds else { return 0 }
        // After a failure one try at a time finds out whether the receiver is back.
        return (failures > 0 ? 1 : capacity) - inFlight.count
    }

    mutating func lookedThrough() { isDirty = false }
    mutating func handedOut(_ key: String) { inFlight.insert(key) }

    /// The report of a try is committed.
    mutating func settled(_ key: String) {
        inFlight.remove(key)
        isDirty = true
    }

    /// A try ended. Any answer of the receiver, also a refusal of this entry, shows that it can be reached.
    /// - Parameter retryMilliseconds: how long the entry waits for its next try; nil when the receiver answered.
    mutating func tried(retryMilliseconds: Int64?, steadyMilliseconds steady: Int64) {
        guard let retryMilliseconds else {
            failures = 0
            pausedUntilMilliseconds = 0
            return
        }
        failures += 1
        pausedUntilMilliseconds = steady + min(max(retryMilliseconds, 0), Self.maximumPauseMilliseconds)
    }

    /// How long until the lane can be served again; nil when only a report can change that.
    func wait(nowMilliseconds now: Int64, steadyMilliseconds steady: Int64) -> Int64? {
        let paused = max(pausedUntilMilliseconds - steady, 0)
        if paused == 0, room(steadyMilliseconds: steady) <= 0 { return nil }
        if isDirty { return paused }
        guard nextDueMilliseconds < .max else { return nil }
        return max(nextDueMilliseconds - now, paused)
    }
}
