import Documents
import Replenishment

/// The cupboard: counted by people, drawn down when a new cartridge is seen in a slot.
extension StewardCore {
    mutating func stockChanged(_ item: String, _ person: String, _ effects: inout [Effect], _ change: (inout StockLedger) -> Bool) -> Bool {
        guard change(&stock) else { return false }
        decideStock(item, device: "", &effects) { $0.member("by", person) }
        return true
    }

    /// A cartridge was installed that no order brought.
    mutating func drawn(_ item: String, for order: String, _ device: DeviceIndex, _ effects: inout [Effect]) {
        guard stock.install(item, for: order) else { return }
        decideStock(item, device: fleet.records[device].id, &effects) { $0.member("installed", 1) }
    }

    private func decideStock(_ item: String, device: String, _ effects: inout [Effect], _ more: (inout JSONWriter) -> Void) {
        effects.decide(.stock, at: now, device: device) { writer in
            writer.member("item", item)
            writer.member("units", stock.unitsOnHand(item))
            more(&writer)
        }
    }

    /// `{"stock":[{"item","units","reserved","available"}]}`, by item.
    public func writeStock(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("stock")
        writer.beginArray()
        for item in stock.items {
            writer.beginObject()
            writer.member("item", item)
            writer.member("units", stock.unitsOnHand(item))
            writer.member("reserved", stock.unitsReserved(item))
            writer.member("available", stock.unitsAvailable(item))
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}
