import CoreViews
import GatewayCore
import HTTPService

/// Damage of the store: what was found, and who has seen it.
extension GatewayAPI {
    static let damageRoutes: [Route] = [
        .ask("/api/v1/damage") { api, _ in try api.written { $0.writeStoreDamage(&$1) } },
        .change("/api/v1/damage/{id}/acknowledgement", "damage", StewardCore.hasStoreDamage, "who has seen it") {
            .storeDamageSeen(damage: $0, by: $1)
        },
    ]
}
