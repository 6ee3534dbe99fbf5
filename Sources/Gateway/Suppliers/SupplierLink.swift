import GatewayCore
import Outbound
import Replenishment
import Telemetry
import Threading

/// One outbox entry on its way out.
struct DeliveryJob: Sendable {
    var key: String
    var body: [UInt8]
    var device: String
    var createdMilliseconds: Int64
    var attempts: Int
    /// An earlier try may have reached the receiver, even one that a crash has hidden.
    var isRepeat: Bool
    /// How old it was when it was handed over, and when that was by the steady clock: its age must not change when the clock is set.
    var handedAge: Int64
    let handedSteady = Clock.steadyMilliseconds()

    var ageMilliseconds: Int64 { handedAge + Clock.steadyMilliseconds() - handedSteady }

    /// Counted from 1. A try whose end a crash has hidden counts once, so that a repeat never looks like the first.
    var attempt: Int { max(attempts + 1, isRepeat ? 2 : 1) }

    /// The order or shipment that the body holds.
    func order() throws(PatternError) -> OrderDocument {
        try OrderDocument(parsing: body, key: key, createdMilliseconds: createdMilliseconds)
    }
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
    /// What the status of an answer says, or that none came.
    /// - Parameter gone: the reason where the receiver answers 410.
    init(_ result: WebhookResult, gone: String) {
        switch RetryPolicy.decide(result) {
        case .delivered: self = .delivered()
        case .retry(let reason): self = .retry(reason: reason, afterSeconds: result.retryAfterSeconds)
        case .failed(let reason): self = .refused(reason: reason)
        case .gone: self = .refused(reason: gone)
        }
    }

    /// Whether the duplicate is another gateway's order, and not an earlier try of our own.
    static func isForeign(source: String?, own: String, _ job: DeliveryJob) -> Bool {
        if let source { return source != own }
        return !job.isRepeat
    }
}

/// A supplier's reports in the JSON answer to a webhook: one report, or `orders` with one for each. It speaks of what was delivered only:
/// an answer moves no order of somebody else.
enum JSONAnswer {
    /// - Parameter source: who we are: what a supplier has from us already is no duplicate.
    static func events(_ body: [UInt8], _ job: DeliveryJob, source: String) -> (events: [ControlEvent], isDuplicate: Bool, source: String?)
    {
        // Many receivers answer with a page or with nothing: that is no mistake.
        guard !body.isEmpty, let root = try? APIValue(parsing: body), !root.members.isEmpty else { return ([], false, nil) }
        var events: [ControlEvent] = []
        if let node = root.node, let report = try? OrderReport(node) {
            events.append(.orderUpdate(order: job.key, state: report.state, reference: report.reference, detail: report.detail))
        }
        let delivered = Set((try? job.order())?.lines.map(\.order) ?? [])
        for item in root["orders"].items.prefix(StewardCore.maximumReportsPerAnswer) {
            guard let order = item["order"].string, delivered.contains(order) else { continue }
            // Two gateways that see one device need not hold the same company: then a single line of a shipment is known already.
            if item["duplicate"].bool == true, let other = item["source"].string, other != source {
                events.append(.order(.duplicate(key: order, detail: "the supplier has this order from \(other.prefix(128))")))
                continue
            }
            guard let node = item.node, let report = try? OrderReport(node) else { continue }
            events.append(.orderUpdate(order: order, state: report.state, reference: report.reference, detail: report.detail))
        }
        return (events, root["duplicate"].bool == true, root["source"].string.map { String($0.prefix(128)) })
    }
}

extension StewardCore {
    static var maximumReportsPerAnswer: Int { 100 }
}
