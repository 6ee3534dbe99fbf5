import CoreViews
import Documents
import GatewayCore
import HTTPService
import Threading

/// Maintenance windows.
extension GatewayAPI {
    static let maintenanceRoutes: [Route] = [
        .ask("/api/v1/maintenance") { api, _ in try api.written { $0.writeMaintenance(&$1) } },
        .change("/api/v1/maintenance") { try $0.addMaintenance($1) },
        .change("/api/v1/maintenance/{id}/end", "maintenance window", StewardCore.hasWindow, "who ends it") {
            .endMaintenance(window: $0, by: $1)
        },
    ]

    /// Answers `{"recorded":true,"window":id}`. The id follows from what the window says, so the same one is there once.
    private func addMaintenance(_ request: HTTPRequest) throws -> HTTPResponse {
        let window = try RequestBody.read(request) { body in
            let person = body.text("by", "who says so")
            return MaintenanceReader.window(body.reader, by: person ?? "")
        }
        if case .once(_, let until) = window.schedule, until <= Clock.wallMilliseconds() {
            throw Refusal(400, "The window is over", "\"until\" lies in the past.")
        }
        guard try core.ask({ $0.canTakeWindow(window.id) }) else {
            throw Refusal(409, "No more windows", "The configuration names this window, or there are too many already.")
        }
        return try commit(.addMaintenance(window), for: request) { $0.member("window", window.id) }
    }
}
