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
    /// An earlier try may have reached the receiver, also one whose end is not recorded because of a crash.
    var isRepeat: Bool
    /// An earlier try may have been taken: its answer was lost, or was an error after the order was sent.
    var mayHaveBeenTaken: Bool
    /// Its age when it was handed over, in milliseconds, and the steady clock at that moment, so that setting the clock does not change its age.
    var handedAge: Int64
    let handedSteady = Clock.steadyMilliseconds()

    var ageMilliseconds: Int64 { handedAge + Clock.steadyMilliseconds() - handedSteady }

    /// Counted from 1. Unrecorded tries before a crash count as one, so that a repetition never looks like the first try.
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
    /// `mayBeTaken`: the receiver may have it all the same.
    case retry(reason: String, afterSeconds: Int64? = nil, mayBeTaken: Bool = false)
    /// Trying again gives the same answer.
    case refused(reason: String)
}

extension LinkOutcome {
    /// What the status of an answer says, or that none came.
    /// - Parameter gone: the reason where the receiver answers 410.
    init(_ result: WebhookResult, gone: String) {
        switch RetryPolicy.decide(result) {
        case .delivered: self = .delivered()
        case .retry(let reason):
            self = .retry(reason: reason, afterSeconds: result.retryAfterSeconds, mayBeTaken: Self.mayBeTaken(result))
        case .failed(let reason): self = .refused(reason: reason)
        case .gone: self = .refused(reason: gone)
        }
    }

    /// Whether the receiver may have taken what was sent: no answer came after it was connected, or one that tells of trouble inside.
    static func mayBeTaken(_ result: WebhookResult) -> Bool {
        switch result {
        case .response(let response): response.status == 408 || (500..<600).contains(response.status)
        case .failure(let failure):
            switch failure.kind {
            case .nameNotFound, .connectionFailed, .tls, .invalidRequest: false
            case .timeout, .cancelled, .other: true
            }
        }
    }

    /// Whether the duplicate is another gateway's order, and not an earlier try of our own.
    static func isForeign(source: String?, own: String, _ job: DeliveryJob) -> Bool {
        if let source { return source != own }
        return !job.mayHaveBeenTaken
    }
}

/// A supplier's reports in the JSON answer to a webhook: one report, or `orders` with one for each. Only reports on the orders that were
/// delivered count.
enum JSONAnswer {
    /// - Parameter source: this gateway's name: an order that the supplier has from this gateway already is no duplicate.
    static func events(_ body: [UInt8], _ job: DeliveryJob, source: String) -> (events: [ControlEvent], isDuplicate: Bool, source: String?)
    {
        // Many receivers answer with a web page or with nothing, which is no error.
        guard !body.isEmpty, let root = try? APIValue(parsing: body), !root.members.isEmpty else { return ([], false, nil) }
        var events: [ControlEvent] = []
        if let node = root.node, let report = try? OrderReport(node) {
            events.append(.orderUpdate(order: job.key, state: report.state, reference: report.reference, detail: report.detail))
        }
        let delivered = Set((try? job.order())?.lines.map(\.order) ?? [])
        for item in root["orders"].items.prefix(StewardCore.maximumReportsPerAnswer) {
            guard let order = item["order"].string, delivered.contains(order) else { continue }
            // Two gateways that look after one device may order for it twice; then single lines of a shipment are duplicates.
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
