import Documents
import Replenishment
import Telemetry

/// Orders of a device that is renamed, replaced or gone.
extension OrderDesk {
    /// The open order for a cartridge of this serial number that another device has.
    func openOrder(like order: SupplyOrder) -> SupplyOrder? {
        guard let serial = order.terms.serial else { return nil }
        return orders.ids.lazy.compactMap { self.orders[$0] }.first {
            $0.terms.serial == serial && !$0.isOver && $0.item == order.item && $0.device != order.device
        }
    }

    /// What other devices have open for a supply of the same name and item, where nothing tells one cartridge from another.
    func openOrders(beside order: SupplyOrder) -> [SupplyOrder] {
        orders.ids.compactMap { orders[$0] }.filter {
            $0.terms.serial == nil && $0.terms.isForStock != true && !$0.isOver && $0.supply == order.supply && $0.item == order.item
                && $0.device != order.device
        }.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    }

    /// What is open of a device, in the order of the ids. What is for the shelf is no device's.
    func open(of device: String) -> [SupplyOrder] {
        orders.ids.compactMap { orders[$0] }.filter { $0.device == device && !$0.isOver && $0.terms.isForStock != true }
            .sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    }

    /// Another device has the need, or where it has none yet, gets the unit for its next one.
    mutating func carry(
        _ id: String, to device: String, supply: String, generation: Int32, isSpare: Bool, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        guard let order = orders[id] else { return }
        let detail = "handed on from \(order.device) to \(device)"
        settleOverdue(id, fleet, &out)
        _ = orders.update(id) {
            $0.carry(toDevice: device, supply: supply, generation: generation)
            if isSpare, !$0.state.isOurs || $0.terms.isHandedOver { $0.terms.isSpare = true }
            $0.note(detail)
        }
        stock.rename(id, to: SupplyOrder.id(device: device, supply: supply, generation: generation))
        out.decide(.orderUpdated, at: out.now, device: device) { writer in
            writer.member("order", id)
            writer.member("state", order.state.rawValue)
            writer.member("detail", detail)
        }
        schedule(id)
    }
}
