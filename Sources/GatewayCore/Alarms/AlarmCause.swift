import FaultDetection
import Telemetry

/// What is to be said of an alarm that may have to be raised.
struct AlarmCause: Sendable {
    var condition: String
    var source: Alarm.Source
    var severity: Severity
    var text: String
    /// Event time.
    var onsetMilliseconds: Int64
    var evidence: [Alarm.Evidence] = []
    var flapping = FlappingRule()

    init(
        condition: String, source: Alarm.Source, severity: Severity, text: String, onsetMilliseconds: Int64,
        evidence: [Alarm.Evidence] = [], flapping: FlappingRule = FlappingRule()
    ) {
        self.condition = condition
        self.source = source
        self.severity = severity
        self.text = text
        self.onsetMilliseconds = onsetMilliseconds
        self.evidence = evidence
        self.flapping = flapping
    }

    /// A code that the device reports itself.
    init(_ alert: ReportedCode, at time: Int64) {
        self.init(
            condition: alert.code, source: .deviceAlert, severity: alert.severity, text: alert.text,
            onsetMilliseconds: time)
    }
}

/// The codes that one list of a message reports. `scope` is what the pointer captured: a device then has a list for each.
struct CodeReport: Equatable, Sendable, Codable {
    var list: Int
    var hash: UInt64
    var scope: String
    var codes: [ReportedCode]
}

extension Alarm {
    /// The condition that stands for all alarms, or tickets, beyond those that a device may have at a time.
    static let foldedCondition = "steward:too-many-alarms"
}
