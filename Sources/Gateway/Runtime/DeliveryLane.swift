import SQLiteStore

/// What the pump knows of one lane of the outbox while the program runs. The entries themselves are in the store.
struct DeliveryLane {
    /// Keys handed out whose report has not come back.
    private(set) var inFlight: Set<String> = []
    /// Something was added, or came back, since the lane was last looked through.
    private(set) var isDirty = true
    /// When the next entry that is not in flight is due, in wall time.
    var nextDueMilliseconds: Int64 = 0
    /// Tries that failed one after the other, whatever they carried.
    private var failures = 0
    /// After a failure the receiver is left alone until then, in monotonic time.
    private var pausedUntilMilliseconds: Int64 = 0

    /// How many may be on their way at once. A worker takes one after the other, so a few keep it busy; the broker takes many.
    let capacity: Int
    static let commandCapacity = 256
    static let workerCapacity = 4
    /// A receiver that is away is asked once in this time, so what waits for it goes soon after it is back.
    private static let maximumPauseMilliseconds: Int64 = 30_000

    init(_ lane: OutboxLane) { capacity = lane.channel == "command" ? Self.commandCapacity : Self.workerCapacity }

    mutating func touch() { isDirty = true }

    /// How many more may be handed out now.
    /// - Parameter steady: monotonic time.
    func room(steadyMilliseconds steady: Int64) -> Int {
        guard steady >= pausedUntilMilliseconds else { return 0 }
        // Whether a receiver that failed is back is asked by one try, not by many.
        return (failures > 0 ? 1 : capacity) - inFlight.count
    }

    mutating func lookedThrough() { isDirty = false }
    mutating func handedOut(_ key: String) { inFlight.insert(key) }

    /// The report of a try is committed.
    mutating func settled(_ key: String) {
        inFlight.remove(key)
        isDirty = true
    }

    /// A try ended. An answer that concerns this one entry, also a refusal, shows that the receiver is there.
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

    /// When to look at the lane again, as a wait from now; nil when only a report can bring something new.
    func wait(nowMilliseconds now: Int64, steadyMilliseconds steady: Int64) -> Int64? {
        let paused = max(pausedUntilMilliseconds - steady, 0)
        if paused == 0, room(steadyMilliseconds: steady) <= 0 { return nil }
        if isDirty { return paused }
        guard nextDueMilliseconds < .max else { return nil }
        return max(nextDueMilliseconds - now, paused)
    }
}
