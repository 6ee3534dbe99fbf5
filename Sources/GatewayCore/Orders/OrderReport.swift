import Documents
import Replenishment
import Telemetry

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
        guard let word = node.member("state")?.text, let state = SupplyOrder.State(rawValue: word),
            Self.states.contains(state)
        else {
            throw PatternError("a status needs \"state\", one of \(Self.states.map(\.rawValue).joined(separator: ", "))")
        }
        self.state = state
        reference = Self.text(node.member("reference"))
        detail = Self.text(node.member("detail"))
    }

    /// Text from outside is kept only up to a bound.
    static func text(_ node: DocumentNode?) -> String? {
        node?.text.map { String(decoding: $0.utf8.prefix(256), as: UTF8.self) }
    }
}
