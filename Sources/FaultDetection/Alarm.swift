import CivilCalendar
import Hashing
import Telemetry

/// A detected condition with a life of its own, in the states of ISA-18.2.
public struct Alarm: Equatable, Sendable, Codable {
    /// Whether its condition holds, and whether a person has seen it. That it is shelved or suppressed stands beside it.
    public enum State: String, Sendable, Codable, CaseIterable {
        case unacknowledged
        case acknowledged
        case returnedUnacknowledged = "returned-unacknowledged"
        case returnedToNormal = "returned-to-normal"
    }
    /// What found the condition.
    public enum Source: String, Sendable, Codable, CaseIterable {
        case condition
        case deviceAlert = "device-alert"
        case silence
        /// A step of an order takes too long.
        case order
        /// A detector that needs no rule found the metric, or the device as a whole, unusual.
        case anomaly
    }

    /// A reading that decided, kept so that a person can see why.
    public struct Evidence: Equatable, Sendable, Codable {
        public var metric: String
        public var value: Double
        /// The word of a state.
        public var text: String?
        public var timeMilliseconds: Int64

        public init(metric: String, value: Double, text: String? = nil, timeMilliseconds: Int64) {
            self.metric = metric
            self.value = value
            self.text = text
            self.timeMilliseconds = timeMilliseconds
        }
    }

    /// How many of its changes are remembered: as many as the profile may ask for.
    static let maximumChanges = 64

    /// The same events give the same id: it is a hash of device, source, condition and onset.
    public var id: String
    public var device: String
    /// A fault's id of the profile, a code of the device, `silent`, `anomaly:METRIC`, `anomaly:machine`, or `order-overdue/SUPPLY`.
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
    /// All metrics of the condition; the one that was read last comes first.
    public var raisedBy: [Evidence]
    public var clearedBy: [Evidence] = []
    public var acknowledgedBy: String?
    /// How often it came again soon after it had gone: one cause, one alarm.
    public var repeats = 0
    /// Event times of its last raisings and clearings.
    public private(set) var changes: [Int64] = []
    /// It changes so often that its changes are no longer reported.
    public var isFlapping = false
    /// When the quiet that ends the flapping is complete, in arrival time.
    public var quietMilliseconds: Int64?
    /// Since when the condition does not hold although the alarm stands: it is latched or flapping. Event time.
    public var normalSinceMilliseconds: Int64?
    /// Who has called normal what a detector found; nil: nobody, or it was taken back.
    public var calledNormalBy: String?
    /// The cause that stands for it, in words; nil: it is not suppressed.
    public var suppressedBy: String?

    public init(
        device: String, condition: String, source: Source, severity: Severity, text: String, onsetMilliseconds: Int64, isLate: Bool,
        raisedBy: [Evidence]
    ) {
        self.id = "al-" + StableID.make(device, source.rawValue, condition, String(onsetMilliseconds))
        self.device = device
        self.condition = condition
        self.source = source
        self.severity = severity
        self.text = text
        self.onsetMilliseconds = onsetMilliseconds
        self.isLate = isLate
        self.raisedBy = raisedBy
    }

    /// The id in earlier versions. Two alarms could have the same, so their fields have to be compared.
    public var formerID: String { "al-" + StableID.short(device, condition, String(onsetMilliseconds)) }

    /// It stands, acknowledged or not.
    public var isActive: Bool { state == .unacknowledged || state == .acknowledged }

    /// When it was raised last: its onset, or later where it came again.
    public var lastRaisedMilliseconds: Int64 { max(onsetMilliseconds, isActive ? changes.last ?? .min : .min) }

    /// The condition is over since this event time. An alarm that does not stand stays as it is.
    public mutating func clear(atMilliseconds: Int64, by evidence: [Evidence]) {
        guard isActive else { return }
        state = state == .acknowledged ? .returnedToNormal : .returnedUnacknowledged
        clearedMilliseconds = max(atMilliseconds, onsetMilliseconds)
        clearedBy = evidence
        normalSinceMilliseconds = nil
        isFlapping = false
        quietMilliseconds = nil
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

    /// The condition holds again soon after it had gone.
    public mutating func comeAgain(by evidence: [Evidence]) {
        state = .unacknowledged
        clearedMilliseconds = nil
        clearedBy = []
        normalSinceMilliseconds = nil
        raisedBy = evidence
        repeats &+= 1
    }

    /// The clock that dates it was set. The id stays what it is.
    public mutating func shift(byMilliseconds step: Int64) {
        onsetMilliseconds = onsetMilliseconds.shifted(byMilliseconds: step)
        clearedMilliseconds = clearedMilliseconds.shifted(byMilliseconds: step)
        normalSinceMilliseconds = normalSinceMilliseconds.shifted(byMilliseconds: step)
        for index in changes.indices { changes[index] = changes[index].shifted(byMilliseconds: step) }
    }

    /// The gateway's clock was set: the quiet that ends the flapping is as long as before.
    public mutating func shiftQuiet(byMilliseconds step: Int64) { quietMilliseconds = quietMilliseconds.shifted(byMilliseconds: step) }

    /// Remembers a raising or clearing. True when it is one of at least `rule.changes` within the rule's time.
    public mutating func change(atMilliseconds time: Int64, _ rule: FlappingRule) -> Bool {
        changes.append(time)
        if changes.count > Self.maximumChanges { changes.removeFirst(changes.count - Self.maximumChanges) }
        guard changes.count >= rule.changes else { return false }
        let elapsed = time.subtractingReportingOverflow(changes[changes.count - rule.changes])
        return !elapsed.overflow && elapsed.partialValue <= rule.withinMilliseconds
    }
}
