import GatewayCore
import Outbound
import Replenishment
import Telemetry
import XMLReading

/// cXML over HTTP POST. The supplier's `Response/Status` decides, not the status of HTTP alone.
final class CXMLLink: SupplierLink {
    private let settings: SupplierSettings
    private let parties: CXMLRequest.Parties
    private let secret: String
    private let client: WebhookClient

    init(_ settings: SupplierSettings, _ cxml: SupplierSettings.CXML, currency: String) throws {
        let place = "suppliers[\(settings.name)]"
        self.settings = settings
        var parties = cxml.parties
        parties.currency = currency
        self.parties = parties
        secret = try FileProblem.secret(cxml.secretFile, key: "\(place).secretFile")
        try SupplierFiles.check(caFile: settings.caFile, place: place)
        client = try WebhookClient(configuration: WebhookClient.Configuration(caFile: settings.caFile))
    }

    func cancel() { client.cancel() }

    func deliver(_ job: DeliveryJob) -> LinkOutcome {
        let order: OrderDocument
        do { order = try job.order() } catch { return .refused(reason: error.description) }
        let request = WebhookRequest(
            url: settings.url, headers: [("content-type", "text/xml; charset=UTF-8")],
            body: CXMLRequest.document(order, parties, sharedSecret: secret), timeoutSeconds: settings.timeoutSeconds)
        let result = client.send(request)
        guard case .response(let response) = result else { return LinkOutcome(result, gone: gone) }
        // Some servers put the code of the document into HTTP as well; where there is a document, its code counts.
        guard let status = (try? CXMLDocument.parse(response.body)).flatMap({ CXMLAnswer.status($0) }) else {
            guard !(200..<300).contains(response.status) else {
                return .retry(reason: "the supplier answered \(response.status) without a cXML Response", mayBeTaken: true)
            }
            return LinkOutcome(result, gone: gone)
        }
        return outcome(status, order, job, response.retryAfterSeconds)
    }

    private var gone: String { "the supplier answered 410: it wants no more orders at \(settings.url)" }

    private func isEcho(_ status: (code: Int, text: String)) -> Bool {
        (settings.duplicateAnswers ?? SupplierSettings.DuplicateAnswer.usual).contains { $0.fits(status) }
    }

    private func outcome(
        _ status: (code: Int, text: String), _ order: OrderDocument, _ job: DeliveryJob, _ retryAfter: Int64?
    ) -> LinkOutcome {
        let reason = "the supplier answered cXML status \(status.code)" + (status.text.isEmpty ? "" : ": \(status.text)")
        switch status.code {
        case 200..<300: return .delivered()
        // A supplier that does not know the order has nothing to cancel.
        case 404 where order.isCancellation, 410 where order.isCancellation: return .delivered()
        case 409 where !order.isCancellation: return .duplicate(source: nil)
        case _ where !order.isCancellation && job.mayHaveBeenTaken && isEcho(status): return .duplicate(source: nil)
        default:
            guard case .retry = RetryPolicy.decide(status: status.code) else { return .refused(reason: reason) }
            return .retry(reason: reason, afterSeconds: retryAfter, mayBeTaken: status.code == 408 || (500..<600).contains(status.code))
        }
    }
}

/// From bytes to a tree. Throws for what is no XML, or more of it than is read.
enum CXMLDocument {
    static func parse(_ bytes: [UInt8]) throws(XMLProblem) -> XMLElement {
        var builder = XMLTreeBuilder()
        try XMLReader.read(bytes) { piece in
            switch piece {
            case .start(let name, let attributes): builder.start(name, attributes.map { ($0.name, $0.value) })
            case .text(let text): builder.text(text)
            case .end: builder.end()
            }
        }
        guard let root = builder.root else { throw XMLProblem("the document has no element") }
        return root
    }
}
