import Documents

/// What is to happen because of an event. The core does nothing itself.
public enum Effect: Equatable, Sendable {
    /// A decision, for the journal, for `replay` and for people.
    case decision(Decision)
    /// To be delivered at least once under its key, and reported back as `ControlEvent.settled`.
    case deliver(Delivery)
    /// What waits under this key in the outbox is not to be delivered any more; what was delivered stays so.
    case withdraw(key: String)
    /// A full chunk of history.
    case history(HistoryChunk)
    /// A message that could not be used, wholly or in part.
    case deadLetter(DeadLetter)
}

public struct Decision: Equatable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case alarmRaised = "alarm.raised"
        case alarmCleared = "alarm.cleared"
        case alarmAcknowledged = "alarm.acknowledged"
        case alarmSeverity = "alarm.severity"
        case alarmFlapping = "alarm.flapping"
        case alarmShelved = "alarm.shelved"
        case alarmUnshelved = "alarm.unshelved"
        case alarmSuppressed = "alarm.suppressed"
        case alarmUnsuppressed = "alarm.unsuppressed"
        case alarmReset = "alarm.reset"
        case anomalyNormal = "anomaly.normal"
        case anomalyUnusual = "anomaly.unusual"
        case maintenanceAdded = "maintenance.added"
        case maintenanceRemoved = "maintenance.removed"
        case maintenanceBegan = "maintenance.began"
        case maintenanceEnded = "maintenance.ended"
        case incidentOpened = "incident.opened"
        case incidentClosed = "incident.closed"
        case command
        case commandOutcome = "command.outcome"
        case ticket
        case ticketClosed = "ticket.closed"
        case order
        case orderUpdated = "order.updated"
        case supplyReplaced = "supply.replaced"
        case stock
        case stockReserved = "stock.reserved"
        case survey
        case surveyWithdrawn = "survey.withdrawn"
        case deviceRemoved = "device.removed"
        case storeDamaged = "store.damaged"
        case storeDamageSeen = "store.damage.seen"
        case clockStepped = "clock.stepped"
        case deviceClock = "device.clock"
    }
    public var kind: Kind
    /// Event time where a device's reading decided, arrival time otherwise.
    public var timeMilliseconds: Int64
    public var device: String
    /// One JSON object: time, kind, device and what else belongs to the kind.
    public var line: [UInt8]
    /// For a supply that was replaced: its life, as far as the telemetry told it. `replay` adds these up.
    public internal(set) var life: SupplyLife?

    init(_ kind: Kind, at time: Int64, device: String, _ more: (inout JSONWriter) -> Void) {
        self.kind = kind
        self.timeMilliseconds = time
        self.device = device
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("time", time)
        writer.member("kind", kind.rawValue)
        writer.member("device", device)
        more(&writer)
        writer.endObject()
        line = writer.bytes
    }
}

public struct Delivery: Equatable, Sendable {
    /// The idempotency key: the same reason gives the same key.
    public var key: String
    public var channel: OutboxChannel
    public var device: String
    /// For a command the topic to publish to, for an order the supplier's name, which may be empty; empty otherwise.
    public var topic: String
    /// The JSON to send.
    public var body: [UInt8]
    /// A command that reaches its device later than this does harm; nil for what may wait.
    public var expiresMilliseconds: Int64?
}

public struct HistoryChunk: Equatable, Sendable {
    public var device: String
    public var metric: String
    public var unit: String
    public var firstMilliseconds: Int64
    public var lastMilliseconds: Int64
    public var count: Int32
    public var bytes: [UInt8]
}

public struct DeadLetter: Equatable, Sendable {
    public var event: Int64
    public var arrivalMilliseconds: Int64
    public var topic: [UInt8]
    public var payload: [UInt8]
    public var reason: String
    public var profile: String?
    public var isRetained = false
}
