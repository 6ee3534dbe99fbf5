import CoreViews
import Documents
import GatewayCore
import HTTPService
import Outbound
import Replenishment
import Telemetry
import Threading

/// `POST /api/v1/suppliers/{name}/reports`: reports that a supplier of kind `webhook` sends on its own initiative.
///
/// The signature of Standard Webhooks authenticates the supplier, so it needs no token of the API. It may report on its own orders only.
/// A genuine message that is replayed within the tolerance of its timestamp changes nothing: an order reaches each state once.
struct WebhookEndpoint: Sendable {
    private let signatures: [String: WebhookSignature]

    /// Nil when no supplier may send anything. Throws when a secret cannot be read.
    init?(_ configuration: GatewayConfiguration) throws {
        var signatures: [String: WebhookSignature] = [:]
        for settings in configuration.suppliers {
            guard case .webhook(_, let file?) = settings.way else { continue }
            signatures[settings.name] = try SupplierFiles.signature(file, key: "suppliers[\(settings.name)].replySecretFile")
        }
        guard !signatures.isEmpty else { return nil }
        self.signatures = signatures
    }

    func receive(_ request: HTTPRequest, _ core: CoreWorker, _ mailbox: ControlMailbox) throws -> HTTPResponse {
        let name = request.parameter("name")
        // An unknown name gets the same answer, so that the names of suppliers cannot be found out.
        let now = Clock.wallMilliseconds() / 1000
        guard let signature = signatures[name], signature.isGenuine(request.body, nowSeconds: now, header: { request.headers[$0] }) else {
            return .problem(
                status: 401, title: "Not a supplier's message",
                detail: "It needs webhook-id, webhook-timestamp (within 5 minutes) and webhook-signature, made with the supplier's secret.")
        }
        let reports: [(key: String, report: OrderReport)]
        do { reports = try Self.reports(request.body) } catch {
            return .problem(status: 400, title: "The report cannot be taken", detail: error.description)
        }
        let owners = try core.ask { core in reports.map { core.supplier(ofOrder: $0.key) } }
        if let stranger = zip(reports, owners).first(where: { $0.1 != name })?.0 {
            throw Refusal.unknown("order of yours", stranger.key)
        }
        let problems = try core.ask { core in reports.compactMap { core.problem(reporting: $0.report.state, of: $0.key) } }
        // Of several the others are taken.
        if problems.count == reports.count, let problem = problems.first { throw Refusal.conflict(problem) }
        for (key, report) in reports {
            let event = ControlEvent.orderUpdate(order: key, state: report.state, reference: report.reference, detail: report.detail)
            guard case .recorded = mailbox.submit(event) else {
                return .problem(
                    status: 503, title: "Not known to be recorded",
                    detail: "The store did not answer in time; send it again. An order takes each step once.")
            }
        }
        return .json(Array(#"{"recorded":true}"#.utf8), status: 202)
    }

    /// `{"order", "state", "reference", "detail"}`, or `{"orders": […]}` of these; also as the `data` of a CloudEvent.
    private static func reports(_ body: [UInt8]) throws(PatternError) -> [(key: String, report: OrderReport)] {
        let whole: APIValue
        do { whole = try APIValue(parsing: body) } catch { throw PatternError("a report is JSON: \(error.message)") }
        let root = whole["specversion"].string == nil ? whole : whole["data"]
        let items = root["orders"].isNull ? [root] : root["orders"].items
        guard (1...StewardCore.maximumReportsPerAnswer).contains(items.count) else {
            throw PatternError("\"orders\" is a list of 1 to \(StewardCore.maximumReportsPerAnswer) reports")
        }
        var reports: [(key: String, report: OrderReport)] = []
        for item in items {
            guard let key = item["order"].string, (1...64).contains(key.utf8.count), let node = item.node else {
                throw PatternError("a report needs \"order\", the id of an order or a shipment")
            }
            reports.append((key, try OrderReport(node)))
        }
        return reports
    }
}
