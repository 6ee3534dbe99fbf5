/// The keys that say what a condition tests: each condition of a profile has exactly one of them.
///
/// Reader and checks ask the properties below, so that the compiler names what a new form has to say.
enum ConditionForm: String, CaseIterable {
    case above, atLeast, below, atMost, equals, notEquals
    case within = "in"
    case enters, leaves, bitSet, bitClear, all, any, not, count, unchangedForSeconds, notRisingForSeconds, noDataForSeconds

    /// What it is a test of.
    enum Subject { case number, state, anyMetric, conditions }

    var subject: Subject {
        switch self {
        case .above, .atLeast, .below, .atMost, .bitSet, .bitClear, .notRisingForSeconds: .number
        case .equals, .notEquals, .within, .enters, .leaves: .state
        case .unchangedForSeconds, .noDataForSeconds: .anyMetric
        case .all, .any, .not, .count: .conditions
        }
    }

    /// It looks at the value that the metric has now, and at nothing before it.
    var isComparison: Bool { span == .ofItsTest && subject != .conditions }

    /// How long it holds: as long as what it tests, for the one reading at which something happens, or once its own duration is over.
    enum Span { case ofItsTest, oneReading, afterItsDuration }

    var span: Span {
        switch self {
        case .above, .atLeast, .below, .atMost, .equals, .notEquals, .within, .bitSet, .bitClear, .all, .any, .not, .count: .ofItsTest
        case .enters, .leaves: .oneReading
        case .unchangedForSeconds, .notRisingForSeconds, .noDataForSeconds: .afterItsDuration
        }
    }

    /// The keys of its own that it may have, beside `metric`, `unit` and `forSeconds`.
    var ownKeys: [String] {
        switch self {
        case .above, .atLeast, .below, .atMost: ["hysteresis", "ratePer", "overSeconds"]
        case .count: ["atLeast", "withinSeconds"]
        case .unchangedForSeconds: ["tolerance", "while"]
        case .notRisingForSeconds: ["while"]
        case .equals, .notEquals, .within, .enters, .leaves, .bitSet, .bitClear, .all, .any, .not, .noDataForSeconds: []
        }
    }

    /// Keys that say something of a number beside the forms that do.
    static let keysOfNumbers = ["ratePer", "tolerance", "hysteresis"]
    /// The forms that take a bound, which may be another metric.
    static let bounds = [above, atLeast, below, atMost]
}
