/// ITU-T X.733, without "cleared" and "indeterminate", which are states here. The most severe comes first.
public enum Severity: String, CaseIterable, Sendable, Codable, Comparable {
    case critical, major, minor, warning

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    /// A more severe one is the smaller.
    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
}

/// Which values of a state metric mean which of the basic equipment states of SEMI E10.
public struct StatusRule: Equatable, Sendable {
    public var metric: String
    public var productive: [String]
    public var standby: [String]
    public var unscheduledDowntime: [String]
    public var scheduledDowntime: [String]
    public var downWhen: DownRule?
    /// Codes of the alert lists with which the device cannot work, a `*` at the end for the rest; where `downWhen` is given, in its states only.
    public var downCodes: [String] = []

    /// Whether the device cannot work with a code that it reports.
    public func isDown(by code: String) -> Bool { downCodes.contains { $0 == code || AlertListRule.fits($0, code) } }
}

/// A second state metric and the states of it in which the device cannot work, whatever the first one says.
public struct DownRule: Equatable, Sendable {
    public var metric: String
    public var values: [String]
    /// A productive state that the first metric tells later ends it: what works is not down, though nobody has taken the word back.
    public var endsWithWork: Bool
}

/// From so long on, counted from where the condition began, the alarm has this severity.
public struct SeverityStep: Equatable, Sendable {
    public var afterMilliseconds: Int64
    public var severity: Severity

    public init(afterMilliseconds: Int64, severity: Severity) {
        self.afterMilliseconds = afterMilliseconds
        self.severity = severity
    }
}

/// How many changes within how long make an alarm a flapping one.
public struct FlappingRule: Equatable, Sendable {
    public var changes = 6
    public var withinMilliseconds: Int64 = 600_000

    public init() {}
}

public struct FaultRule: Equatable, Sendable {
    /// Inputs and nodes that all conditions of one fault may have together: their truth is kept in words of 32 bits.
    public static let maximumNodes = 32
    public static let maximumMetrics = 16

    public var id: String
    public var severity: Severity
    public var text: String
    public var raise: ConditionRule
    /// Without one, the fault clears when `raise` no longer holds.
    public var clear: ConditionRule?
    public var playbook: String?
    /// While `raise` goes on holding: more severe ones, by rising time.
    public var escalate: [SeverityStep] = []
    /// While `clear` holds but not yet long enough: less severe ones, by rising time.
    public var relax: [SeverityStep] = []
    /// Stays until a person acknowledges or resets it.
    public var isLatched = false
    /// Faults, codes or `silent` of the same device that are the cause of this one: while they stand it is suppressed.
    public var suppressedBy: [String] = []
    /// While this fault stands, the silence of the device's children has its cause here.
    public var inhibitsChildren = false
    public var flapping = FlappingRule()
    /// In how many days it will be met is to be forecast; nil: it is not.
    public var wear: WearRule?
    /// A hash of what the profile says of the conditions: what a device remembers of the fault belongs to these conditions only. What people
    /// read, and what follows from the alarm, is not in it. 0 for a rule that was not read from a profile.
    public var shape: UInt64 = 0

    public init(id: String, severity: Severity, text: String, raise: ConditionRule, clear: ConditionRule?, playbook: String?) {
        self.id = id
        self.severity = severity
        self.text = text
        self.raise = raise
        self.clear = clear
        self.playbook = playbook
    }
}
