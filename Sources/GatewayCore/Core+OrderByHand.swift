import ConsumableForecast
import Replenishment
import Telemetry

/// Orders that a person asks for: the first of a generation, or another attempt after the one before came to nothing.
extension StewardCore {
    /// Nil when a person may ask for an order of this supply; otherwise why not.
    public func problem(requesting supply: String, of device: String) -> String? {
        guard let index = fleet.device(named: device) else { return "there is no such device" }
        let layout = fleet.profiles[fleet.devices[index].profile].layout
        guard let slot = layout.supplies.firstIndex(where: { $0.name == supply }), slot < fleet.records[index].supplies.count else {
            return "the device has no such supply"
        }
        let state = fleet.records[index].supplies[slot]
        // The open order need not be of this generation: where a cartridge was put back, what is on its way is for whichever comes next.
        let present = state.order.flatMap { orders[$0] }
        let last = lastOrder(device: device, supply: supply, generation: state.model.generation)
        for order in [present, last].compactMap({ $0 }) {
            if order.terms.isDuplicate, order.generation == state.model.generation {
                return "another gateway has ordered it already: \(order.id), \(order.detail ?? "duplicate")"
            }
            if !order.state.isFinal || (order.id == last?.id && !order.cameToNothing) {
                return "there is an order for it already: \(order.id), \(order.state.rawValue)"
            }
        }
        let attempt = nextAttempt(device: device, slot: slot, of: index)
        return attempt > SupplyOrder.maximumAttempts ? "it was ordered \(SupplyOrder.maximumAttempts) times already; ask the supplier" : nil
    }

    mutating func request(_ name: String, _ supply: String, _ person: String, _ effects: inout [Effect]) -> Bool {
        guard problem(requesting: supply, of: name) == nil, let index = fleet.device(named: name) else { return false }
        let device = index
        let layout = fleet.profiles[fleet.devices[device].profile].layout
        guard let slot = layout.supplies.firstIndex(where: { $0.name == supply }) else { return false }
        let model = fleet.records[device].supplies[slot].model
        var order = SupplyOrder(
            device: name, supply: supply, item: item(device, fleet.devices[device].profile, slot), generation: model.generation,
            attempt: nextAttempt(device: name, slot: slot, of: device), reason: "asked for by \(person)",
            decidedMilliseconds: now, levelPercent: model.levelPercent, daysLeft: nil)
        order.terms.requestedBy = person
        // Somebody has taken care of the attempt that failed.
        if let last = lastOrder(device: name, supply: supply, generation: model.generation) { ticketRecovers(about: last.id) }
        place(order, device: device, supply: slot, at: now, &effects)
        return true
    }

    /// The last attempt to order this generation; nil when there was none, or it is forgotten.
    func lastOrder(device: String, supply: String, generation: Int32) -> SupplyOrder? {
        var last: SupplyOrder?
        for id in orders.ids {
            guard let order = orders[id], order.generation == generation, order.supply == supply, order.device == device,
                order.attempt > last?.attempt ?? 0
            else { continue }
            last = order
        }
        return last
    }

    /// The number that another order of the present generation would have.
    private func nextAttempt(device name: String, slot: Int, of device: DeviceIndex) -> Int {
        let state = fleet.records[device].supplies[slot]
        let supply = fleet.profiles[fleet.devices[device].profile].layout.supplies[slot].name
        let generation = state.model.generation
        if let last = lastOrder(device: name, supply: supply, generation: generation) { return last.attempt + 1 }
        // Finished orders are forgotten at some time, but the supply knows the id of its last one, and the supplier knows it, too.
        guard let forgotten = state.order else { return 1 }
        let attempt = (1...SupplyOrder.maximumAttempts).first {
            SupplyOrder.id(device: name, supply: supply, generation: generation, attempt: $0) == forgotten
                || SupplyOrder.formerID(device: name, supply: supply, generation: generation, attempt: $0) == forgotten
        }
        return (attempt ?? 0) + 1
    }
}
