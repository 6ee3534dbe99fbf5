import CoreViews
import Documents
import GatewayCore
import HTTPService
import ServiceValue

/// What customers say of the service.
extension GatewayAPI {
    static let surveyRoutes: [Route] = [
        .change("/api/v1/surveys") { try $0.survey($1) },
        .change("/api/v1/surveys/{id}/withdrawal", "survey", StewardCore.hasSurvey, "who withdraws it") {
            .withdrawSurvey(survey: $0, by: $1)
        },
    ]

    /// Body `{"id","question","values","context","device"}`; `context` and `device` may be left out.
    private func survey(_ request: HTTPRequest) throws -> HTTPResponse {
        let submission = try RequestBody.read(request) { body -> SurveySubmission? in
            let id = body.name("id", "the answer's own id; the same id is counted once, with its last values")
            let question = body.choice("question", "ces, ves, nps or csat", SurveyQuestion.self)
            let context = body.reader.choice("context", SurveyContext.self) ?? .periodic
            let device = body.optionalName("device", "the device that the customer uses")
            let values = body.numbers("values", "a list of numbers, such as [6]", maximum: 16)?.map(\.value)
            guard let id, let question, let values, body.reader.report.diagnostics.isEmpty else { return nil }
            do { _ = try SurveyAnswer(id: id, question: question, values: values, context: context) } catch {
                body.add("\(error)")
                return nil
            }
            return SurveySubmission(id: id, device: device, question: question, values: values, context: context)
        }
        return try commit(.survey(submission), for: request)
    }
}
