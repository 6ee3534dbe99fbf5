import CoreViews
import GatewayCore
import HTTPService
import Threading

/// Devices, with their supplies and their history.
extension GatewayAPI {
    static let deviceRoutes: [Route] = [
        .ask("/api/v1/devices") { try $0.devices($1) },
        .ask("/api/v1/devices/{id}") { try $0.device($1) },
        .ask("/api/v1/devices/{id}/explain") { try $0.explain($1) },
        .ask("/api/v1/devices/{id}/supplies/{supply}/explain") { try $0.supplyExplanation($1) },
        .ask("/api/v1/devices/{id}/history/{metric}") { try $0.samples($1) },
        // What is open of the device ends, its history stays until it is too old, and its id may come again.
        .change("/api/v1/devices/{id}/removal", "device", StewardCore.hasDevice, "who takes it out") { .removeDevice(device: $0, by: $1) },
        .change("/api/v1/devices/{id}/succession") { try $0.succeed($1) },
    ]

    /// Body `{"by": NAME, "successor": ID, "kind": "renamed" or "replaced"}`: another device takes over the orders of this one, which is
    /// taken out.
    private func succeed(_ request: HTTPRequest) throws -> HTTPResponse {
        let id = try known("device", request) { $0.hasDevice($1) }
        let wish = try RequestBody.read(request) { body -> (by: String, successor: String, kind: StewardCore.Succession)? in
            let (by, successor) = (body.text("by", "who says so"), body.name("successor", "the device that follows"))
            let kind = body.choice("kind", "renamed or replaced", StewardCore.Succession.self)
            guard let by, let successor, let kind else { return nil }
            return (by, successor, kind)
        }
        if let problem = try core.ask({ $0.problem(succeeding: id, by: wish.successor) }) { throw Refusal.conflict(problem) }
        return try commit(.succeedDevice(former: id, successor: wish.successor, kind: wish.kind, by: wish.by), for: request)
    }

    /// `{"devices":[…],"total":n,"next":ID}`, sorted by id, from `offset` or after the id `after`.
    private func devices(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = try limit(request, 1000)
        let (offset, after) = (request.number("offset", 0), request.queryValue("after"))
        return try costly(limit > Self.openLimit) {
            .json(try devices(offset: offset, after: after, limit: limit, hasLeft: request.hasLeft))
        }
    }

    private func device(_ request: HTTPRequest) throws -> HTTPResponse {
        let id = request.parameter("id")
        guard let answer = try writtenIfKnown({ $0.writeDevice(id, &$1) }) else { throw Refusal.unknown("device", id) }
        return answer
    }

    /// Whether each condition of the profile holds, and why; with `?condition=` one of them.
    private func explain(_ request: HTTPRequest) throws -> HTTPResponse {
        let id = request.parameter("id")
        let condition = request.queryValue("condition")
        let now = Clock.wallMilliseconds()
        let answer = try writtenIfKnown { $0.writeExplanation(id, condition: condition, atMilliseconds: now, &$1) }
        if let answer { return answer }
        guard let condition, try core.ask({ $0.hasDevice(id) }) else { throw Refusal.unknown("device", id) }
        throw Refusal.unknown("condition of \(id.prefix(128))", condition)
    }

    /// Why a supply was ordered, or why not yet.
    private func supplyExplanation(_ request: HTTPRequest) throws -> HTTPResponse {
        let (id, supply) = (request.parameter("id"), request.parameter("supply"))
        guard let answer = try writtenIfKnown({ $0.writeSupplyExplanation(device: id, supply: supply, &$1) }) else {
            throw Refusal.unknown("supply of device \"\(id.prefix(64))\"", supply)
        }
        return answer
    }
}
