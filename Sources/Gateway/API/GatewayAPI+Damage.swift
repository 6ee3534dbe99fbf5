import GatewayCore
import HTTPService
import Telemetry

/// Damage of the store: what was found, and who has seen it.
extension GatewayAPI {
    func register(damage router: inout Router, isProtected: Bool) {
        router.register(.get, "/api/v1/damage", isProtected: isProtected) { [self] _ in
            core.ask { core in
                var writer = JSONWriter()
                core.writeStoreDamage(&writer)
                return HTTPResponse.json(writer.bytes)
            } ?? Self.unavailable
        }
        let pattern = "/api/v1/damage/{id}/acknowledgement"
        router.register(.post, pattern, isProtected: true) { [self] request in write(request, seeDamage) }
    }

    private func seeDamage(_ request: HTTPRequest) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        guard let isKnown = exists({ $0.hasStoreDamage(id) }) else { return Self.unavailable }
        guard isKnown else { return Self.unknown("damage", id) }
        return body(request) { reader in
            reader.requiredString("by", "who has seen it").map { .storeDamageSeen(damage: id, by: $0.bounded) }
        }
    }
}
