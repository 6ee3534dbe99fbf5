import GatewayCore
import HTTPService
import Telemetry

extension GatewayAPI {
    /// Why a supply was ordered, or why not yet.
    func supplyExplanation(_ request: HTTPRequest) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        let supply = request.parameters["supply"] ?? ""
        let answer = core.ask { core -> [UInt8]? in
            var writer = JSONWriter()
            return core.writeSupplyExplanation(device: id, supply: supply, &writer) ? writer.bytes : nil
        }
        guard let answer else { return Self.unavailable }
        return answer.map { .json($0) } ?? Self.unknown("supply of device \"\(id.prefix(64))\"", supply)
    }
}
