import Telemetry

/// A detected condition with a life of its own, in the states of ISA-18.2 as far as this version goes.
public struct Alarm: Equatable, Sendable, Codable {
    public enum State: String, Sendable, Codable {
        case unacknowledged
        case acknowledged
        case returnedUnacknowledged = "returned-unacknowledged"
        case returnedToNormal = "returned-to-normal"
    }
    public enum Source: String, Sendable, Codable {
        case condition
        case deviceAlert = "device-alert"
        case silence
        /// A step of an order takes too long.
        case order
    }

    /// The reading that decided, kept so that a person can see why.
    public struct Evidence: Equatable, Sendable, Codable {
        public var metric: String
        public var value: Double
        public var timeMilliseconds: Int64

        public init(metric: String, value: Double, timeMilliseconds: Int64) {
            self.metric = metric
            self.value = value
            self.timeMilliseconds = timeMilliseconds
        }
    }

    /// The same events give the same id: it is a hash of device, condition and onset.
    public var id: String
    public var device: String
    /// A fault's id of the profile, a code of the device, `silent`, or `order-overdue/SUPPLY`.
    public var condition: String
    public var source: Source
    public var severity: Severity
    public var text: String
    public var state: State = .unacknowledged
    /// Event times.
    public var onsetMilliseconds: Int64
    public var clearedMilliseconds: Int64?
    /// The evidence lay in the past when it arrived.
    public var isLate: Bool
    public var raisedBy: Evidence?
    public var clearedBy: Evidence?
    public var acknowledgedBy: String?

    public init(
        device: String, condition: String, source: Source, severity: Severity, text: String, onsetMilliseconds: Int64, isLate: Bool,
        raisedBy: Evidence?
    ) {
        self.id = "al-" + StableID.make(device, condition, String(onsetMilliseconds))
        self.device = device
        self.condition = condition
        self.source = source
        self.severity = severity
        self.text = text
        self.onsetMilliseconds = onsetMilliseconds
        self.isLate = isLate
        self.raisedBy = raisedBy
    }

    /// The condition holds, acknowledged or not.
    public var isActive: Bool { state == .unacknowledged || state == .acknowledged }

    public mutating func clear(atMilliseconds: Int64, by evidence: Evidence?) {
        guard isActive else { return }
        state = state == .acknowledged ? .returnedToNormal : .returnedUnacknowledged
        clearedMilliseconds = atMilliseconds
        clearedBy = evidence
    }

    /// False when it was acknowledged before.
    public mutating func acknowledge(by person: String) -> Bool {
        switch state {
        case .unacknowledged: state = .acknowledged
        case .returnedUnacknowledged: state = .returnedToNormal
        case .acknowledged, .returnedToNormal: return false
        }
        acknowledgedBy = person
        return true
    }
}
