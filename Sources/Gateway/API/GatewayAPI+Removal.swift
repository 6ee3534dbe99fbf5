import GatewayCore
import HTTPService

extension GatewayAPI {
    /// Body `{"by"}`: takes a device out. What is open of it ends, its history stays until it is too old, and its id may come again.
    func removeDevice(_ request: HTTPRequest) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        switch exists({ $0.hasDevice(id) }) {
        case nil: return Self.unavailable
        case false?: return Self.unknown("device", id)
        case true?:
            return body(request) { reader in
                reader.requiredString("by", "who takes it out").map { .removeDevice(device: id, by: $0.bounded) }
            }
        }
    }
}
