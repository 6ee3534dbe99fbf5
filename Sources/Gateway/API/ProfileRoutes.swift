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
            return Self.json { writer in
                writer.key("reloaded")
                writer.names(names)
            }
        case .refused(let reason, let diagnostics)?:
            let document = Self.json { writer in
                writer.member("type", "about:blank")
                writer.member("title", "The profiles were not reloaded; the old ones stay")
                writer.member("status", 422)
                writer.member("detail", reason)
                writer.key("problems")
                writer.write(diagnostics)
            }
            return HTTPResponse(status: 422, contentType: "application/problem+json", body: document.body)
        }
    }

    /// `{"state":"idle"|"reloading","inEffect":[names],"last":"reloaded"|"refused","reason"}`.
    private func reloadState() -> HTTPResponse {
        let standing = reloads.standing()
        return Self.json { writer in
            writer.member("state", standing.isRunning ? "reloading" : "idle")
            writer.key("inEffect")
            writer.names(standing.inEffect)
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
