import Documents
import Replenishment
import Telemetry

/// What suppliers say over MQTT: `{"state": "shipped", "reference": "…", "detail": "…"}` on the status topic of an order.
extension StewardCore {
    private static var maximumStatusBytes: Int { 64 * 1024 }

    /// Whether the message was on the status topic; it is then taken, or turned away with a reason.
    mutating func takeOrderStatus(_ frame: Segment.Frame, _ effects: inout [Effect]) -> Bool {
        guard let topic = configuration.replenishment.statusTopic, let key = topic.order(in: frame.topic) else { return false }
        guard !ordersOf(key).isEmpty else {
            reject(nil, "there is no order \(key) here")
            return true
        }
        do {
            let report = try Self.status(frame.payload)
            if !moved(key, to: report.state, reference: report.reference, detail: report.detail, at: now, &effects) {
                counters.refusedControls &+= 1
            }
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

/// A supplier's word on an order, as JSON: over MQTT, and in the answer to a webhook.
public struct OrderReport: Equatable, Sendable {
    public var state: SupplyOrder.State
    public var reference: String?
    public var detail: String?

    public static let states: [SupplyOrder.State] = [.accepted, .shipped, .delivered, .installed, .cancelled, .failed]

    /// Throws what is wrong with it.
    public init(parsing bytes: [UInt8]) throws(PatternError) {
        let node: DocumentNode
        do { node = try DocumentParser.parse(bytes, file: "status") } catch { throw PatternError("a status is JSON: \(error.message)") }
        try self.init(node)
    }

    public init(_ node: DocumentNode) throws(PatternError) {
        guard case .string(let word)? = Self.member("state", of: node)?.value, let state = SupplyOrder.State(rawValue: word),
            Self.states.contains(state)
        else {
            throw PatternError("a status needs \"state\", one of \(Self.states.map(\.rawValue).joined(separator: ", "))")
        }
        self.state = state
        reference = Self.text(Self.member("reference", of: node))
        detail = Self.text(Self.member("detail", of: node))
    }

    private static func member(_ name: String, of node: DocumentNode) -> DocumentNode? {
        guard case .object(let members) = node.value else { return nil }
        return members.first { $0.key == name }?.node
    }

    /// Text from outside is kept only up to a bound.
    static func text(_ node: DocumentNode?) -> String? {
        guard case .string(let text)? = node?.value else { return nil }
        return String(decoding: text.utf8.prefix(256), as: UTF8.self)
    }
}
