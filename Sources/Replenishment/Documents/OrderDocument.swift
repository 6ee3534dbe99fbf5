import Documents
import Telemetry

/// What a supplier is to be told: an order, a shipment of several, or that one is called off. It is read from the outbox's JSON, so that
/// every kind of document is written from the same words.
public struct OrderDocument: Equatable, Sendable {
    public struct Line: Equatable, Sendable {
        public var order: String
        public var item: String
        public var device: String
        public var supply: String
        public var site: String?
        public var reason: String?
        /// Price of the unit, in hundredths.
        public var amountHundredths: Int64?
        public var currency: String?
    }

    /// The idempotency key: the order's, the shipment's or the cancellation's id.
    public var key: String
    /// What the supplier knows the whole under: the id of the order, or of the shipment that it travels in.
    public var subject: String
    public var isCancellation: Bool
    public var lines: [Line]
    public var createdMilliseconds: Int64

    /// Throws what is missing.
    public init(parsing body: [UInt8], key: String, createdMilliseconds: Int64) throws(PatternError) {
        let root: DocumentNode
        do { root = try DocumentParser.parse(body, file: "order") } catch {
            throw PatternError("the order cannot be read: \(error.message)")
        }
        let items: [DocumentNode]
        if case .array(let list)? = root.member("orders")?.value { items = list } else { items = [root] }
        var lines: [Line] = []
        for item in items { lines.append(try Self.line(item)) }
        guard let first = lines.first else { throw PatternError("the order has no line") }
        self.key = key
        self.createdMilliseconds = createdMilliseconds
        self.lines = lines
        isCancellation = root.member("cancellation")?.text != nil
        subject = root.member("shipment")?.text ?? first.order
    }

    private static func line(_ node: DocumentNode) throws(PatternError) -> Line {
        guard let order = node.member("order")?.text, let item = node.member("item")?.text, let device = node.member("device")?.text,
            let supply = node.member("supply")?.text
        else { throw PatternError("a line of the order lacks order, item, device or supply") }
        var line = Line(order: order, item: item, device: device, supply: supply)
        line.site = node.member("site")?.text
        line.reason = node.member("reason")?.text
        line.currency = node.member("currency")?.text
        if case .number(let amount, _)? = node.member("amount")?.value { line.amountHundredths = Money.hundredths(amount) }
        return line
    }
}
