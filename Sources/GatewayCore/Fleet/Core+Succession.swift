import ConsumableForecast
import Documents
import Replenishment
import Telemetry

/// One device follows another: it has another name from now on, or stands in its place. Its orders go along, and then it is taken out.
extension StewardCore {
    /// How a device follows another.
    public enum Succession: String, Sendable, Codable, CaseIterable {
        /// It is the same device, with the same cartridges.
        case renamed
        /// It is another device in the same place.
        case replaced
    }

    /// Why one device cannot follow the other; nil when it can.
    public func problem(succeeding former: String, by successor: String) -> String? {
        guard fleet.device(spelled: former) != nil else { return "there is no device \"\(former.prefix(128))\"" }
        guard fleet.device(spelled: successor) != nil else {
            return "there is no device \"\(successor.prefix(128))\"; it has to have spoken once"
        }
        return former == successor ? "both are one device" : nil
    }

    /// False when one of the two is not there.
    mutating func succeed(_ former: String, by successor: String, _ kind: Succession, person: String) -> Bool {
        guard problem(succeeding: former, by: successor) == nil, let old = fleet.device(spelled: former),
            let new = fleet.device(spelled: successor)
        else { return false }
        if kind == .renamed { moveSupplies(old, to: new) }
        for order in orders.open(of: former) { handOn(order, to: new, kind) }
        drain()
        end(old, by: person)
        out.decide(.deviceRemoved, at: now, device: former) { writer in
            writer.member("by", person)
            writer.member("successor", successor)
            writer.member("reason", kind.rawValue)
        }
        vacate(old)
        return true
    }

    /// The device as which a device goes on that is silent or goes: of the same kind, with a counter that begins where that of the other ended,
    /// and with its levels. Where devices tell no serial numbers of their cartridges nothing else shows that one has got another name. Nil for none
    /// or several.
    func likelySuccessor(of old: DeviceIndex) -> DeviceIndex? {
        let all = fleet.presentDevices.filter { $0 != old && goesOn(old, as: $0) }
        return all.count == 1 ? all.first : nil
    }

    private func goesOn(_ old: DeviceIndex, as new: DeviceIndex) -> Bool {
        guard fleet.base(of: old) == fleet.base(of: new), fleet.devices[old].arrivalMilliseconds <= fleet.devices[new].arrivalMilliseconds
        else {
            return false
        }
        var isLike = false
        for place in supplies.supplies(of: old).indices {
            let slot = fleet.supplySlot(old, SupplyIndex(place))
            guard fleet.hasShown(slot, old), let former = supplies.state(old, SupplyIndex(place)) else { continue }
            guard let supply = fleet.supply(named: slot.name, of: new), fleet.hasShown(fleet.supplySlot(new, supply), new),
                let state = supplies.state(new, supply)
            else { return false }
            if let serial = state.facts?.serialHash, let known = former.facts?.serialHash, serial != known { return false }
            switch state.model.goesOn(from: former.model) {
            case false?: return false
            case true?: isLike = true
            case nil: break
            }
        }
        return isLike
    }

    /// A person takes a device out that goes on under another name: nothing of it is ended. Nil when no other device is like it.
    mutating func handOnByLikeness(_ old: DeviceIndex) -> String? {
        guard !supplies.supplies(of: old).isEmpty, let new = likelySuccessor(of: old) else { return nil }
        moveSupplies(old, to: new)
        for order in orders.open(of: fleet.records[old].id) { handOn(order, to: new, .renamed) }
        drain()
        return fleet.records[new].id
    }

    /// What was learned of the cartridges, where the successor has not seen another one meanwhile.
    private mutating func moveSupplies(_ old: DeviceIndex, to new: DeviceIndex) {
        for place in supplies.supplies(of: old).indices {
            let name = fleet.supplySlot(old, SupplyIndex(place)).name
            guard let supply = fleet.supply(named: name, of: new), let known = supplies.state(old, SupplyIndex(place)),
                fleet.hasShown(fleet.supplySlot(old, SupplyIndex(place)), old)
            else { continue }
            let isNew = supplies.state(new, supply).map { $0.model.generation == 1 && $0.order == nil } ?? true
            if isNew { supplies.adopt(known, new, supply) }
        }
    }

    /// An order goes to the slot of the same name; where that needs nothing, or is not there, it is for the next need.
    private mutating func handOn(_ order: SupplyOrder, to new: DeviceIndex, _ kind: Succession) {
        let id = fleet.records[new].id
        guard let supply = fleet.supply(named: order.supply, of: new) else {
            return orders.carry(order.id, to: id, supply: order.supply, generation: order.generation, isSpare: true, fleet, &out)
        }
        let present = supplies.state(new, supply)?.order.flatMap { orders[$0] }
        let isWanted = kind == .renamed && present.map { $0.isOver || $0.id == order.id } ?? true
        orders.carry(
            order.id, to: id, supply: order.supply, generation: supplies.generation(new, supply), isSpare: !isWanted, fleet, &out)
        if isWanted { supplies.setOrder(order.id, new, supply) }
    }

    /// A device goes, and some of its cartridges were seen in another one since: their orders go along.
    mutating func handOnBySerial(_ old: DeviceIndex) {
        for order in orders.open(of: fleet.records[old].id) {
            guard let serial = order.terms.serial, let (device, supply) = place(ofSerial: serial, except: old) else { continue }
            let isWanted = supplies.state(device, supply)?.order == nil
            orders.carry(
                order.id, to: fleet.records[device].id, supply: fleet.supplySlot(device, supply).name,
                generation: supplies.generation(device, supply), isSpare: !isWanted, fleet, &out)
            if isWanted { supplies.setOrder(order.id, device, supply) }
        }
    }

    private func place(ofSerial serial: UInt64, except former: DeviceIndex) -> (DeviceIndex, SupplyIndex)? {
        for device in fleet.presentDevices where device != former {
            let slots = supplies.supplies(of: device)
            if let slot = slots.firstIndex(where: { $0.facts?.serialHash == serial }) { return (device, SupplyIndex(slot)) }
        }
        return nil
    }

    /// The order that another device has for the very cartridge that this one needs a successor of: the device has another name now, or the
    /// cartridge was put into it. Nil when the other device still speaks of that cartridge: then two bear one number.
    ///
    /// Where neither tells a serial number, the other is the same device when this one goes on from it (`likelySuccessor`). Its order waits there
    /// until a person takes the old name out.
    func orderOfTwin(_ order: SupplyOrder, _ device: DeviceIndex) -> SupplyOrder? {
        if order.terms.serial == nil {
            return orders.openOrders(beside: order).first { other in
                fleet.device(named: other.device).map { goesOn($0, as: device) } ?? false
            }
        }
        guard let known = orders.openOrder(like: order) else { return nil }
        guard let other = fleet.device(named: known.device) else { return known }
        let isThere = supplies.supplies(of: other).contains { $0.facts?.serialHash == order.terms.serial }
        // At the first question nobody knows whether the other will speak again; at a later one it should have.
        return !isThere || fleet.devices[other].isSilent || fleet.devices[device].messages <= 2 ? known : nil
    }
}
