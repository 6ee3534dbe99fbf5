import Replenishment
import Telemetry

/// What suppliers say over MQTT: `{"state": "shipped", "reference": "…", "detail": "…"}` on the status topic of an order.
extension StewardCore {
    private static var maximumStatusBytes: Int { 64 * 1024 }

    /// Whether the message was on the status topic; it is then taken, or turned away with a reason.
    mutating func takeOrderStatus(_ frame: Segment.Frame) -> Bool {
        guard let topic = orders.policy.statusTopic, let key = topic.order(in: frame.topic) else { return false }
        guard !orders.orderIDs(key).isEmpty else {
            reject(nil, "there is no order \(key) here")
            return true
        }
        do {
            let report = try Self.status(frame.payload)
            if !orders.reportFromOutside(key, report.state, reference: report.reference, detail: report.detail, fleet, &out) {
                out.refuse()
            }
            drain()
        } catch {
            reject(nil, error.description)
        }
        return true
    }

    private static func status(_ payload: UnsafeRawBufferPointer) throws(PatternError) -> OrderReport {
        guard payload.count <= maximumStatusBytes else { throw PatternError("a status has at most \(maximumStatusBytes) bytes") }
        return try OrderReport(parsing: Array(payload))
    }
}
