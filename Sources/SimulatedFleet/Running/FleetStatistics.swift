import Synchronization

/// What the fleet has done so far.
public struct FleetStatistics: Sendable, Equatable {
    /// Acknowledged by the broker.
    public var messagesPublished = 0
    public var commandsReceived = 0
    public var commandsAnswered = 0
    /// Answered before, and now answered again without acting.
    public var commandsRepeated = 0
    public var commandsIgnored = 0
    public var faultsBegun = 0
    public var faultsMended = 0
    public var faultsMendedByCommand = 0
    public var ordersReceived = 0
    public var ordersRepeated = 0
    /// Answered 500 on purpose.
    public var ordersRefused = 0
    public var deliveries = 0
    public var installations = 0
    public var surveysPosted = 0
    public var errors = 0
    /// The newest of the errors, in words.
    public var lastError: String?

    public init() {}
}

/// The counts that the fleet's threads share.
final class FleetCounts: Sendable {
    private let counts = Mutex(FleetStatistics())

    var snapshot: FleetStatistics { counts.withLock { $0 } }

    func update(_ change: (inout FleetStatistics) -> Void) { counts.withLock { change(&$0) } }

    func failed(_ what: String) {
        update {
            $0.errors += 1
            $0.lastError = String(what.prefix(400))
        }
    }
}
