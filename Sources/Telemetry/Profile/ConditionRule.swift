/// A number that a value is compared with, or another metric's value that stands in for it.
public enum Operand: Equatable, Sendable {
    case number(Double)
    /// value of the metric · times + plus
    case metric(String, times: Double, plus: Double)
}

/// What a metric is compared with.
public enum Comparison: Equatable, Sendable {
    case above(Operand)
    case atLeast(Operand)
    case below(Operand)
    case atMost(Operand)
    case equals(String)
    case notEquals(String)
    case within([String])

    public var operand: Operand? {
        switch self {
        case .above(let operand), .atLeast(let operand), .below(let operand), .atMost(let operand): operand
        case .equals, .notEquals, .within: nil
        }
    }
}

/// One condition of the profile language: a test of one metric, or a combination of conditions.
///
/// Durations and windows are of event time, except `noData`, which is silence and therefore judged by arrival time.
public struct ConditionRule: Equatable, Sendable {
    public indirect enum Kind: Equatable, Sendable {
        /// `hysteresis`: once it holds, the value has to come back by this much.
        case value(metric: String, Comparison, hysteresis: Double)
        /// The change of the metric per `perMilliseconds` over a window, compared.
        case rate(metric: String, Comparison, perMilliseconds: Double, windowMilliseconds: Int64)
        /// Holds at the one reading with which the state is entered, or left.
        case enters(metric: String, [String])
        case leaves(metric: String, [String])
        /// A bit of a whole number; 0 is the lowest.
        case bit(metric: String, Int, isSet: Bool)
        case all([ConditionRule])
        case any([ConditionRule])
        case not(ConditionRule)
        /// The inner condition began to hold at least so many times within the window.
        case count(ConditionRule, withinMilliseconds: Int64, atLeast: Int)
        /// The value was read again and again and stayed within `tolerance`, while the other condition held.
        case unchanged(metric: String, tolerance: Double, milliseconds: Int64, meanwhile: ConditionRule?)
        /// The counter was read again and again and did not rise, while the other condition held.
        case notRising(metric: String, milliseconds: Int64, meanwhile: ConditionRule?)
        /// The metric was not told for so long of arrival time while its device spoke.
        case noData(metric: String, milliseconds: Int64)
    }

    public var kind: Kind
    /// How long it must hold, in event time, without a gap.
    public var forMilliseconds: Int64
    /// What it is as long as the device has never told its metric, as a printer without a second nozzle does; nil: not known.
    public var untold: Bool?

    init(_ kind: Kind, forMilliseconds: Int64 = 0, untold: Bool? = nil) {
        self.kind = kind
        self.forMilliseconds = forMilliseconds
        self.untold = untold
    }

    /// The conditions that it is made of, in the order in which `ConditionCompiler` lays them out.
    public var parts: [ConditionRule] {
        switch kind {
        case .all(let parts), .any(let parts): parts
        case .not(let part), .count(let part, _, _): [part]
        case .unchanged(_, _, _, let part), .notRising(_, _, let part): part.map { [$0] } ?? []
        case .value, .rate, .enters, .leaves, .bit, .noData: []
        }
    }

    /// The metric that it tests itself; nil for a combination.
    public var metric: String? {
        switch kind {
        case .value(let metric, _, _), .rate(let metric, _, _, _), .enters(let metric, _), .leaves(let metric, _), .bit(let metric, _, _),
            .unchanged(let metric, _, _, _), .notRising(let metric, _, _), .noData(let metric, _):
            metric
        case .all, .any, .not, .count: nil
        }
    }

    /// The metrics that it and its parts look at, each once, in the order in which they stand.
    public var metrics: [String] {
        var found: [String] = []
        func visit(_ rule: ConditionRule) {
            if let metric = rule.metric, !found.contains(metric) { found.append(metric) }
            if case .value(_, let comparison, _) = rule.kind, case .metric(let other, _, _)? = comparison.operand, !found.contains(other) {
                found.append(other)
            }
            rule.parts.forEach(visit)
        }
        visit(self)
        return found
    }

    /// Itself and all its parts.
    public var nodeCount: Int { parts.reduce(1) { $0 + $1.nodeCount } }
}
