/// The days until a fault's condition will be met are to be forecast, because what it looks at wears.
public struct WearRule: Equatable, Sendable {
    /// The counter that the wear goes by, such as pages; nil: it goes by time.
    public var loadCounter: String?
    /// Readings count only while the status is one of the productive ones.
    public var duringWork = false
    /// What has to be replaced then, for people; empty: what the fault says.
    public var part = ""
    /// A ticket that sends somebody to the device names the part, when the condition is expected within so many days.
    public var sameVisitDays = 30
    /// When the condition is expected within so many days a visit is planned together with a delivery; nil: no visit is planned.
    public var visitDays: Int?
    /// Without a delivery that comes in time, a visit for this alone is planned when it is expected within so many days; nil: half of `visitDays`.
    public var aloneDays: Int?

    public init() {}

    /// So many days before, a visit for this alone is planned; nil where none is.
    public var ownVisitDays: Int? { visitDays.map { aloneDays ?? max(1, $0 / 2) } }
}

/// A number that a metric comes to, and then a condition holds.
public struct WearBound: Equatable, Sendable {
    public var metric: String
    public var bound: Double
    /// 1: the value has to be above; -1: below.
    public var direction: Double
    public var holdMilliseconds: Int64
}

extension ConditionRule {
    /// The one number that a metric has to come to for it to hold: of a comparison itself, or of the only comparison with a number among those that
    /// all have to hold. Nil where there is none, or more than one.
    public var wearBound: WearBound? {
        switch kind {
        case .value(let metric, let comparison, _):
            guard case .number(let bound)? = comparison.operand else { return nil }
            let direction: Double? =
                switch comparison {
                case .above, .atLeast: 1
                case .below, .atMost: -1
                case .equals, .notEquals, .within: nil
                }
            return direction.map { WearBound(metric: metric, bound: bound, direction: $0, holdMilliseconds: forMilliseconds) }
        case .all(let parts):
            let bounds = parts.compactMap(\.wearBound)
            guard bounds.count == 1, var only = bounds.first else { return nil }
            only.holdMilliseconds = max(only.holdMilliseconds, forMilliseconds)
            return only
        case .rate, .enters, .leaves, .bit, .any, .not, .count, .unchanged, .notRising, .noData: return nil
        }
    }
}
