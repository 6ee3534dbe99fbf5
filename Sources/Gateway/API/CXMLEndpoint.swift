import CoreViews
import GatewayCore
import HTTPService
import Outbound
import Replenishment
import Threading
import XMLReading

/// `POST /api/v1/cxml`: a ConfirmationRequest or a ShipNoticeRequest that a cXML supplier sends on its own initiative.
///
/// The shared secret in the document's header authenticates the supplier, which may report on its own orders only. As cXML prescribes, HTTP
/// answers 200, and the code of the cXML Response says whether the report was accepted.
struct CXMLEndpoint: Sendable {
    private struct Sender: Sendable {
        var supplier: String
        var identity: String
        var secretHash: [UInt8]
    }

    private let senders: [Sender]
    private let gatewayID: String

    /// Nil when no supplier may send anything. Throws when a secret cannot be read.
    init?(_ configuration: GatewayConfiguration) throws {
        var senders: [Sender] = []
        for settings in configuration.suppliers {
            guard case .cxml(let cxml) = settings.way, let identity = cxml.replyIdentity, let file = cxml.replySecretFile else { continue }
            let key = "suppliers[\(settings.name)].replySecretFile"
            let secret = try FileProblem.secret(file, key: key)
            guard secret.utf8.count >= 16 else { throw ConfigurationError("\(key): \(file): a shared secret has at least 16 characters") }
            senders.append(Sender(supplier: settings.name, identity: identity, secretHash: try Digests.sha256(Array(secret.utf8))))
        }
        guard !senders.isEmpty else { return nil }
        self.senders = senders
        gatewayID = configuration.gatewayID
    }

    func receive(_ request: HTTPRequest, _ core: CoreWorker, _ mailbox: ControlMailbox) -> HTTPResponse {
        let root: XMLElement
        do { root = try CXMLDocument.parse(request.body) } catch { return answer(400, "Bad Request: \(error.description)") }
        guard let supplier = supplier(of: root) else {
            return answer(401, "Unauthorized: the sender's identity or secret is not known here")
        }
        guard let notices = CXMLAnswer.notices(root) else {
            return answer(450, "Not Implemented: ConfirmationRequest and ShipNoticeRequest are taken")
        }
        guard !notices.isEmpty else { return answer(400, "Bad Request: there is no OrderReference") }
        guard let owners = try? core.ask({ core in notices.map { core.supplier(ofOrder: $0.key) } }) else {
            return answer(500, "Internal Server Error: busy, send it again")
        }
        guard owners.allSatisfy({ $0 == supplier }) else { return answer(404, "Not Found: an order that is not known, or not yours") }
        let problems = try? core.ask { core in
            notices.compactMap { core.problem(reporting: $0.state, of: $0.key, line: $0.line) }
        }
        guard let problems else { return answer(500, "Internal Server Error: busy, send it again") }
        if problems.count == notices.count, let problem = problems.first { return answer(409, "Conflict: \(problem)") }
        for notice in notices {
            guard case .recorded = mailbox.submit(Self.event(notice)) else {
                return answer(500, "Internal Server Error: not known to be recorded, send it again; each step is taken once")
            }
        }
        return answer(200, "OK")
    }

    /// Every known sender is compared, so that the time of the answer does not tell which identities exist.
    private func supplier(of root: XMLElement) -> String? {
        guard let sender = CXMLAnswer.sender(root), let hash = try? Digests.sha256(Array(sender.sharedSecret.utf8)) else { return nil }
        var found: String?
        for known in senders where Digests.areEqual(hash, known.secretHash) && known.identity == sender.identity {
            found = known.supplier
        }
        return found
    }

    private static func event(_ notice: CXMLAnswer.Notice) -> ControlEvent {
        guard let line = notice.line else {
            return .orderUpdate(order: notice.key, state: notice.state, reference: notice.reference, detail: notice.detail)
        }
        return .order(.line(key: notice.key, line: line, state: notice.state, reference: notice.reference, detail: notice.detail))
    }

    private func answer(_ code: Int, _ text: String) -> HTTPResponse {
        let now = Clock.wallMilliseconds()
        return HTTPResponse(
            contentType: "text/xml; charset=utf-8",
            body: CXMLAnswer.response(code: code, text: text, payloadID: "\(now)@\(gatewayID)", timestampMilliseconds: now))
    }
}
