import CoreViews
import GatewayCore
import HTTPService
import Threading

/// Alarms, and what people do about them.
extension GatewayAPI {
    static let alarmRoutes: [Route] = [
        .ask("/api/v1/alarms") { api, request in
            let isWhole = request.queryValue("all") == "true"
            return try api.list(.alarms, request, ListingFilter(device: request.queryValue("device"), includesFinished: isWhole))
        },
        .change("/api/v1/alarms/{id}/acknowledgement", "alarm", StewardCore.hasAlarm, "who acknowledges") {
            .acknowledge(alarm: $0, by: $1)
        },
        .change("/api/v1/alarms/{id}/shelving") { try $0.shelveAlarm($1) },
        .change("/api/v1/alarms/{id}/unshelving", "alarm", StewardCore.hasAlarm, "who takes it from the shelf") {
            .unshelve(alarm: $0, by: $1)
        },
        .change("/api/v1/alarms/{id}/reset") { try $0.resetAlarm($1) },
    ]

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
