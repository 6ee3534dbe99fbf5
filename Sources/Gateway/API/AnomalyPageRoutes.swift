import CoreViews
import Documents
import FaultDetection
import HTTPService
import Threading

/// The page of what detectors found unusual, and its form.
extension GatewayAPI {
    static let anomalyPageRoutes: [Route] = [
        .ask(AnomaliesPage.path) { try $0.anomaliesPage($1) },
        Route(method: .post, pattern: AnomaliesPage.path, access: .open) { api, request in
            try api.changeOnce(request) { try api.takeForm($0) }
        },
    ]

    private func anomaliesPage(_ request: HTTPRequest, status: Int = 200, _ notice: AnomaliesPage.Notice? = nil) throws -> HTTPResponse {
        let filter = ListingFilter(includesFinished: true, source: .anomaly)
        let alarms = try page(.alarms, filter, limit: 100, hasLeft: request.hasLeft)
        let done = request.queryValue("done").flatMap(Judgement.init).map { judgement in
            AnomaliesPage.Notice(
                text: judgement == .normal ? "Noted: that is normal." : "Noted: the detector warns of it again.", isGood: true)
        }
        let body = AnomaliesPage.render(
            gateway: configuration.gatewayID, alarms: alarms, nowMilliseconds: Clock.wallMilliseconds(), notice: notice ?? done)
        return HTTPResponse(status: status, headers: HTTPHeaders([("Content-Type", "text/html; charset=utf-8")]), body: body)
    }

    /// Answers with the page again, which says what is wrong, or leads back to it when the word is committed.
    private func takeForm(_ request: HTTPRequest) throws -> HTTPResponse {
        func refused(_ status: Int, _ text: String) throws -> HTTPResponse {
            try anomaliesPage(request, status: status, AnomaliesPage.Notice(text: text, isGood: false))
        }
        guard let fields = request.formFields else { return try refused(400, "The form could not be read. Send it again.") }
        func field(_ name: AnomaliesPage.Field) -> String? {
            guard let value = fields.first(where: { $0.name == name.rawValue })?.value, value.contains(where: { !$0.isWhitespace }) else {
                return nil
            }
            return RequestBody.cut(value)
        }
        guard let token = field(.token), isOperator(token: token) else {
            return try refused(
                403, "That is not the operator's token; nothing was changed. \(Credential.fileName) beside the store has it.")
        }
        guard let alarm = field(.alarm), let judgement = field(.judgement).flatMap(Judgement.init) else {
            return try refused(400, "The form is not complete. Send it again from this page.")
        }
        guard let by = field(.by) else { return try refused(400, "Say who you are; nothing was changed.") }
        guard try core.ask({ $0.hasAlarm(alarm) }) else { return try refused(404, "That warning is forgotten meanwhile.") }
        do {
            let answer = try call(alarm: alarm, judgement, by: by, reason: field(.reason), for: request)
            guard answer.status == 202 else {
                return try refused(answer.status, "The gateway could not note it now; try again in a moment.")
            }
        } catch let problem as Refusal where problem.response.status == 409 {
            return try refused(409, "That cannot be said of this warning: it is not the detector's last, or it begins anew.")
        }
        return HTTPResponse(status: 303, headers: HTTPHeaders([("Location", "\(AnomaliesPage.path)?done=\(judgement.rawValue)")]))
    }
}
