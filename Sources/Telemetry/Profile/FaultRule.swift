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
    /// A second state metric and the states of it in which the device cannot work, whatever the first one says.
    public var downWhen: MemberRule?
}

/// What a metric is compared with.
public enum Comparison: Equatable, Sendable {
    case above(Double)
    case atLeast(Double)
    case below(Double)
    case atMost(Double)
    case equals(String)
    case notEquals(String)
    case within([String])
}

public struct ConditionRule: Equatable, Sendable {
    public var metric: String
    public var comparison: Comparison
    /// How long it must hold, in event time, without a gap.
    public var forMilliseconds: Int64
}

public struct FaultRule: Equatable, Sendable {
    public var id: String
    public var severity: Severity
    public var text: String
    public var raise: ConditionRule
    /// Without one, the fault clears when `raise` no longer holds.
    public var clear: ConditionRule?
    public var playbook: String?
}
