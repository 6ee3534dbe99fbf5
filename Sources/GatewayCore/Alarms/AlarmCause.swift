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
    /// All codes that stand; or, where the device tells each as an event, those that begin to.
    var codes: [ReportedCode]
    /// Of events: the codes that stand no longer. Nil: whatever is not among `codes`.
    var ended: [String]?

    /// Whether a code that stood stands no longer.
    func ends(_ code: String) -> Bool {
        if let ended { return ended.contains(code) }
        return code.hasPrefix(scope) && !codes.contains { $0.code == code }
    }

    /// This report and a later one of the same list: of events both count, otherwise the later one.
    func followed(by later: CodeReport) -> CodeReport {
        guard let ended, let laterEnded = later.ended else { return later }
        var both = later
        both.codes = codes.filter { code in !later.ends(code.code) && !later.codes.contains { $0.code == code.code } } + later.codes
        both.ended = ended.filter { code in !later.codes.contains { $0.code == code } && !laterEnded.contains(code) } + laterEnded
        // As many as a device can have: those that began last.
        both.codes = both.codes.suffix(AlarmDesk.maximumReportedCodes)
        both.ended = both.ended?.suffix(AlarmDesk.maximumReportedCodes)
        return both
    }
}

extension Alarm {
    /// The condition that stands for all alarms, or tickets, beyond those that a device may have at a time.
    static let foldedCondition = "steward:too-many-alarms"
}
