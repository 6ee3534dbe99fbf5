import ServiceValue

/// A customer's answer as it was sent in; the core counts it when it is valid.
public struct SurveySubmission: Equatable, Sendable, Codable {
    public var id: String
    public var device: String?
    public var question: SurveyQuestion
    public var values: [Double]
    public var context: SurveyContext

    public init(id: String, device: String?, question: SurveyQuestion, values: [Double], context: SurveyContext) {
        self.id = id
        self.device = device
        self.question = question
        self.values = values
        self.context = context
    }
}
