import GatewayCore
import Replenishment

/// One outbox entry on its way out.
struct DeliveryJob: Sendable {
    var key: String
    var body: [UInt8]
    var device: String
    var createdMilliseconds: Int64
    var attempts: Int
    /// An earlier try may have reached the receiver, even one that a crash has hidden.
    var isRepeat: Bool
}

/// A way to one receiver. It is called by one thread at a time, and may block.
protocol SupplierLink: Sendable {
    func deliver(_ job: DeliveryJob) -> LinkOutcome
    /// Breaks off what is being sent: for shutting down.
    func cancel()
}

/// How one try ended.
enum LinkOutcome: Equatable, Sendable {
    /// The receiver has it. What it said of the order follows the report of the delivery.
    case delivered([ControlEvent] = [])
    /// The receiver has an order of this key already.
    case duplicate(source: String?, then: [ControlEvent] = [])
    case retry(reason: String, afterSeconds: Int64? = nil)
    /// Trying again gives the same answer.
    case refused(reason: String)
}

extension LinkOutcome {
    /// Whether the duplicate is another gateway's order, and not an earlier try of our own.
    static func isForeign(source: String?, own: String, _ job: DeliveryJob) -> Bool {
        if let source { return source != own }
        return !job.isRepeat
    }
}

/// A supplier's word in JSON, as the answer to a webhook: one report, or `orders` with one for each.
enum JSONAnswer {
    static func events(_ body: [UInt8], key: String) -> (events: [ControlEvent], isDuplicate: Bool, source: String?) {
        // Many receivers answer with a page or with nothing: that is no mistake.
        guard !body.isEmpty, let root = try? APIValue(parsing: body), !root.members.isEmpty else { return ([], false, nil) }
        var events: [ControlEvent] = []
        if let node = root.node, let report = try? OrderReport(node) {
            events.append(.orderUpdate(order: key, state: report.state, reference: report.reference, detail: report.detail))
        }
        for item in root["orders"].items.prefix(StewardCore.maximumReportsPerAnswer) {
            guard let order = item["order"].string, order.utf8.count <= 64, let node = item.node, let report = try? OrderReport(node) else {
                continue
            }
            events.append(.orderUpdate(order: order, state: report.state, reference: report.reference, detail: report.detail))
        }
        return (events, root["duplicate"].bool == true, root["source"].string.map { String($0.prefix(128)) })
    }
}

extension StewardCore {
    static var maximumReportsPerAnswer: Int { 100 }
}
