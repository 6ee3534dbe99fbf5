import Documents

/// An order as it arrives at the supplier: a CloudEvent (CloudEvents 1.0, JSON format) whose `data` names device, supply and item.
struct SupplierOrder: Sendable, Equatable {
    enum Parsed: Sendable, Equatable {
        case order(SupplierOrder)
        /// A well-formed event that is no order, or takes one back.
        case otherEvent
        case cancelled(orderID: String)
    }

    var id: String
    var device: String
    var supply: String
    var item: String

    static let maximumNameBytes = 128

    /// Throws what is missing.
    static func parse(_ body: [UInt8]) throws(FleetError) -> Parsed {
        let event: DocumentNode
        do { event = try DocumentParser.parse(body, file: "order") } catch { throw FleetError("expected JSON: \(error.message)") }
        guard event["specversion"]?.text == "1.0", let type = event["type"]?.text, event["id"]?.text != nil else {
            throw FleetError("expected a CloudEvent with specversion \"1.0\", id and type")
        }
        guard type.utf8.count <= maximumNameBytes, type.contains("order") else { return .otherEvent }
        guard let data = event["data"], let id = data["order"]?.text, isIdentifier(id) else {
            throw FleetError("expected data.order with 1 to \(maximumNameBytes) letters, digits, '.', '_' or '-'")
        }
        if type.contains("cancel") { return .cancelled(orderID: id) }
        guard let device = bounded(data["device"]), let supply = bounded(data["supply"]) else {
            throw FleetError("expected data.device and data.supply with 1 to \(maximumNameBytes) bytes")
        }
        return .order(SupplierOrder(id: id, device: device, supply: supply, item: bounded(data["item"]) ?? supply))
    }

    private static func bounded(_ node: DocumentNode?) -> String? {
        guard let text = node?.text, !text.isEmpty, text.utf8.count <= maximumNameBytes else { return nil }
        return text
    }

    /// The id becomes part of a URL, so nothing else is let in.
    private static func isIdentifier(_ text: String) -> Bool {
        (1...maximumNameBytes).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
                case UInt8(ascii: "."): text.utf8.count > 2
                default: false
                }
            }
    }
}
