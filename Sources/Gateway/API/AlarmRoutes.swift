import CoreViews
import FaultDetection
import GatewayCore
import HTTPService
import Threading

/// Alarms, and what people do about them.
extension GatewayAPI {
    static let alarmRoutes: [Route] = [
        .ask("/api/v1/alarms") { api, request in
            let filter = ListingFilter(
                device: request.queryValue("device"), includesFinished: request.queryValue("all") == "true",
                source: try alarmSource(request))
            return try api.list(.alarms, request, filter)
        },
        .change("/api/v1/alarms/{id}/acknowledgement", "alarm", StewardCore.hasAlarm, "who acknowledges") {
            .acknowledge(alarm: $0, by: $1)
        },
        .change("/api/v1/alarms/{id}/shelving") { try $0.shelveAlarm($1) },
        .change("/api/v1/alarms/{id}/unshelving", "alarm", StewardCore.hasAlarm, "who takes it from the shelf") {
            .unshelve(alarm: $0, by: $1)
        },
        .change("/api/v1/alarms/{id}/reset") { try $0.resetAlarm($1) },
        .change("/api/v1/alarms/{id}/normality") { try $0.callAlarm($1, .normal) },
        .change("/api/v1/alarms/{id}/unusualness") { try $0.callAlarm($1, .unusual) },
    ]

    private static func alarmSource(_ request: HTTPRequest) throws -> Alarm.Source? {
        guard let name = request.queryValue("source") else { return nil }
        guard let source = Alarm.Source(rawValue: name) else {
            let names = Alarm.Source.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(400, "No such source", "The source of an alarm is one of \(names).")
        }
        return source
    }

    /// What a person says of a detector's warning.
    enum Judgement: String { case normal, unusual }

    /// Body `{"by","reason"}`: what the detector found is normal, or is not any more.
    private func callAlarm(_ request: HTTPRequest, _ judgement: Judgement) throws -> HTTPResponse {
        let id = try known("alarm", request) { $0.hasAlarm($1) }
        let (by, reason) = try RequestBody.read(request) { body in
            let reason = body.optionalText("reason")
            return body.text("by", "who says so").map { ($0, reason) }
        }
        return try call(alarm: id, judgement, by: by, reason: reason, for: request)
    }

    /// Answers 409 with the reason where a person cannot say that.
    func call(
        alarm id: String, _ judgement: Judgement, by: String, reason: String?, for request: HTTPRequest
    ) throws -> HTTPResponse {
        let problem = try core.ask { judgement == .normal ? $0.problem(callingNormal: id) : $0.problem(callingUnusual: id) }
        if let problem { throw Refusal.conflict(problem) }
        let event: ControlEvent =
            judgement == .normal ? .callNormal(alarm: id, by: by, reason: reason) : .callUnusual(alarm: id, by: by, reason: reason)
        return try commit(event, for: request)
    }

    /// Body `{"by","forSeconds","reason"}`: the alarm's condition is put aside, at most for 30 days.
    private func shelveAlarm(_ request: HTTPRequest) throws -> HTTPResponse {
        let id = try known("alarm", request) { $0.hasAlarm($1) }
        let event = try RequestBody.read(request) { body -> ControlEvent? in
            let person = body.text("by", "who shelves it")
            let reason = body.text("reason", "why")
            let seconds = body.integer("forSeconds", "for how long, in seconds", in: 1...2_592_000)
            guard let person, let reason, let seconds else { return nil }
            return .shelve(alarm: id, by: person, untilMilliseconds: Clock.wallMilliseconds() + Int64(seconds) * 1000, reason: reason)
        }
        return try commit(event, for: request)
    }

    /// Body `{"by"}`: ends a latched alarm. An alarm whose condition still holds, or that is over, cannot be reset.
    private func resetAlarm(_ request: HTTPRequest) throws -> HTTPResponse {
        let id = try known("alarm", request) { $0.hasAlarm($1) }
        guard try core.ask({ $0.canReset(id) }) else {
            throw Refusal(
                409, "Nothing to reset", "An alarm can be reset when it is latched and its condition does not hold any more.")
        }
        let by = try RequestBody.read(request) { $0.text("by", "who resets it") }
        return try commit(.reset(alarm: id, by: by), for: request)
    }
}
