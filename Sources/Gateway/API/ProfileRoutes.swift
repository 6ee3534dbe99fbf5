import Documents
import HTTPService

/// The reload of the device profiles.
extension GatewayAPI {
    static let profileRoutes: [Route] = [
        .ask("/api/v1/profiles/reload") { api, _ in api.reloadState() },
        .change("/api/v1/profiles/reload") { api, _ in try api.reloadProfiles() },
    ]

    /// `{"reloaded":[names]}`, or 422 with every mistake under `problems`, or 504 while it is under way.
    private func reloadProfiles() throws -> HTTPResponse {
        switch reloads.ask() {
        case nil:
            throw Refusal(
                504, "The reload has not ended", "The core is at it. Ask GET /api/v1/profiles/reload which profiles are in effect.")
        case .reloaded(let names)?:
            return Self.json { $0.strings("reloaded", names) }
        case .refused(let reason, let diagnostics)?:
            throw Refusal(422, "The profiles were not reloaded; the old ones stay", reason) { $0.member("problems", diagnostics) }
        }
    }

    /// `{"state":"idle"|"reloading","inEffect":[names],"last":"reloaded"|"refused","reason"}`.
    private func reloadState() -> HTTPResponse {
        let standing = reloads.status()
        return Self.json { writer in
            writer.member("state", standing.isRunning ? "reloading" : "idle")
            writer.strings("inEffect", standing.inEffect)
            switch standing.last {
            case nil: break
            case .reloaded?: writer.member("last", "reloaded")
            case .refused(let reason, _)?:
                writer.member("last", "refused")
                writer.member("reason", reason)
            }
        }
    }
}
