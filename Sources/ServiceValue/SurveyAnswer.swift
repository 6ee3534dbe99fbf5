/// The questions a customer is asked.
public enum SurveyQuestion: String, Codable, CaseIterable, Sendable {
    /// Customer effort, 1…7: "it was easy to have it solved".
    case ces
    /// Value enhancement, two questions of 1…7 answered together.
    case ves
    /// Recommendation, 0…10.
    case nps
    /// Satisfaction, 1…5.
    case csat

    /// The values of one answer.
    public var valueCount: Int { self == .ves ? 2 : 1 }

    /// The scale of each value.
    public var scale: ClosedRange<Int> {
        switch self {
        case .ces, .ves: 1...7
        case .nps: 0...10
        case .csat: 1...5
        }
    }

    /// What is counted: the sum of the values of an answer.
    var sums: ClosedRange<Int> { scale.lowerBound * valueCount...scale.upperBound * valueCount }
}

/// What happened before the customer was asked. Each has counts of its own, so that an effect can be told.
public enum SurveyContext: String, Codable, CaseIterable, Sendable {
    case afterRemoteFix, afterDelivery, afterVisit, periodic
}

/// Why an answer is refused.
public enum SurveyError: Error, Equatable, Sendable, CustomStringConvertible {
    case badID(byteCount: Int)
    case wrongValueCount(question: SurveyQuestion, given: Int)
    case notAnInteger(question: SurveyQuestion, value: Double)
    case outOfRange(question: SurveyQuestion, value: Double)

    public var description: String {
        switch self {
        case .badID(let count):
            "An answer needs an id of 1 to \(SurveyAnswer.idLimitBytes) bytes, not \(count): send the id of the survey response."
        case .wrongValueCount(let question, let given):
            "A \(question.rawValue) answer has \(question.valueCount) value(s), not \(given): send every value of the question together."
        case .notAnInteger(let question, let value):
            "A \(question.rawValue) answer is a whole number, not \(value): send the number that was ticked, not a mean."
        case .outOfRange(let question, let value):
            "A \(question.rawValue) answer lies between \(question.scale.lowerBound) and \(question.scale.upperBound), not \(value): check the scale of the survey."
        }
    }
}

/// One answer of one customer to one question, checked.
public struct SurveyAnswer: Equatable, Sendable {
    public static let idLimitBytes = 128

    /// From the survey system; with the question it is counted once.
    public let id: String
    public let question: SurveyQuestion
    public let context: SurveyContext
    /// Sum of the values: the value itself, or that of both value questions.
    let sum: Int

    /// - Parameters:
    ///   - id: 1 to `idLimitBytes` bytes; the answers of one response may share it.
    ///   - values: `question.valueCount` whole numbers on `question.scale`.
    public init(id: String, question: SurveyQuestion, values: [Double], context: SurveyContext) throws(SurveyError) {
        guard (1...Self.idLimitBytes).contains(id.utf8.count) else { throw .badID(byteCount: id.utf8.count) }
        guard values.count == question.valueCount else { throw .wrongValueCount(question: question, given: values.count) }
        var sum = 0
        for value in values {
            // NaN is on no scale, and is caught here before it is asked whether it is whole.
            guard value >= Double(question.scale.lowerBound), value <= Double(question.scale.upperBound) else {
                throw .outOfRange(question: question, value: value)
            }
            guard let whole = Int(exactly: value) else { throw .notAnInteger(question: question, value: value) }
            sum += whole
        }
        self.id = id
        self.question = question
        self.context = context
        self.sum = sum
    }
}
