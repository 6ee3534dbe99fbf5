import HTTPService
import Outbound
import Synchronization
import Threading

@testable import SimulatedFleet

/// A real HTTP server in the gateway's place, which remembers what was posted to it.
final class Postbox: Sendable {
    struct Letter: Sendable, Equatable {
        var path: String
        var body: String
        var key: String?
    }

    private let letters = Mutex<[Letter]>([])
    private let refusals: Mutex<Int>
    private let server = Mutex<HTTPServer?>(nil)

    /// - Parameter refusals: so many requests are answered 503 first.
    init(refusals: Int = 0) throws {
        self.refusals = Mutex(refusals)
        let server = try HTTPServer(configuration: HTTPServerConfiguration(listen: "127.0.0.1:0")) { [weak self] in
            self?.take($0) ?? HTTPResponse(status: 503)
        }
        self.server.withLock { $0 = server }
    }

    deinit { server.withLock { $0?.stop() } }

    private func take(_ request: HTTPRequest) -> HTTPResponse {
        let isRefused = refusals.withLock { left in
            left -= 1
            return left >= 0
        }
        if isRefused { return HTTPResponse(status: 503) }
        let path = "/" + request.path.joined(separator: "/")
        letters.withLock { $0.append(Letter(path: path, body: text(request.body), key: request.headers["webhook-id"])) }
        return HTTPResponse(status: 202)
    }

    var all: [Letter] { letters.withLock { $0 } }
    var url: String { "http://" + (server.withLock { $0?.boundAddress } ?? "") }
}

let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

/// Posts an order as the gateway does, and returns the status; 0 when nobody answered.
func postOrder(_ id: String, device: String = "prn-0001", supply: String = "black", to address: String, secret: String? = nil) throws -> Int
{
    let body = """
        {"specversion":"1.0","id":"ev-\(id)","source":"steward","type":"io.steward.order.requested",\
        "data":{"order":"\(id)","device":"\(device)","supply":"\(supply)","item":"supply-\(supply)","generation":2}}
        """
    return try post(body, to: address, key: "ev-\(id)", secret: secret)
}

func post(_ body: String, to address: String, key: String = "ev", secret: String? = nil) throws -> Int {
    var headers: [(name: String, value: String)] = [("Content-Type", "application/json")]
    if let secret {
        let signature = try WebhookSignature(secrets: [secret])
        headers += try signature.headers(id: key, timestampSeconds: Clock.systemMilliseconds() / 1000, payload: Array(body.utf8))
    }
    let client = try WebhookClient()
    let request = WebhookRequest(url: "http://\(address)/orders", headers: headers, body: Array(body.utf8), timeoutSeconds: 10)
    guard case .response(let response) = client.send(request) else { return 0 }
    return response.status
}
