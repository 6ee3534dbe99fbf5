import CoreViews
import GatewayCore
import HTTPService

/// Damage of the store: what was found, and who has seen it.
extension GatewayAPI {
    static let damageRoutes: [Route] = [
        .ask("/api/v1/damage") { api, _ in try api.written { $0.writeStoreDamage(&$1) } },
        .change("/api/v1/damage/{id}/acknowledgement") { try $0.seeDamage($1) },
    ]

    /// Body `{"by"}`.
    private func seeDamage(_ request: HTTPRequest) throws -> HTTPResponse {
        let id = try known("damage", request) { $0.hasStoreDamage($1) }
        let by = try RequestBody.read(request) { $0.text("by", "who has seen it") }
        return try commit(.storeDamageSeen(damage: id, by: by), for: request)
    }
}
