import ConsumableForecast
import Documents
import FaultDetection
import RemoteSupport
import Replenishment
import Telemetry

/// What becomes of orders: reports, deadlines, installation, visits.
extension StewardCore {
    /// The orders of an id: itself, or what travels in the shipment of that id. Empty when it is neither.
    func ordersOf(_ key: String) -> [String] { orders[key] != nil ? [key] : shipments[key] ?? [] }

    /// A report on an order or a shipment. False when there is none of that id, or it refuses the report.
    @discardableResult
    mutating func moved(
        _ key: String, to state: SupplyOrder.State, reference: String?, detail: String?, at time: Int64, _ effects: inout [Effect]
    ) -> Bool {
        let concerned = ordersOf(key)
        var isTaken = !concerned.isEmpty
        for id in concerned where !move(id, to: state, reference, detail, at: time, &effects) { isTaken = false }
        return isTaken
    }

    private mutating func move(
        _ id: String, to state: SupplyOrder.State, _ reference: String?, _ detail: String?, at time: Int64, _ effects: inout [Effect]
    ) -> Bool {
        guard let before = orders[id] else { return false }
        let now = now
        let change = orders.update(id) { $0.report(state, reference: reference, detail: detail, atMilliseconds: now) }
        switch change {
        case .moved:
            settleOverdue(id, &effects)
            scheduleOrder(id)
            if state == .failed { orderFailed(id, detail, &effects) }
            effects.decide(.orderUpdated, at: time, device: before.device) { writer in
                writer.member("order", id)
                writer.member("state", state.rawValue)
                writer.member("reference", reference)
                writer.member("detail", detail)
            }
            if state == .delivered { visitIfEnded(id, &effects) }
            return true
        case .repeated: return true
        case .refused, nil:
            // The cancellation and the parcel crossed: somebody has to send it back or take it.
            if before.state == .cancelled, !before.terms.isDuplicate, state == .shipped || state == .delivered {
                openOrderTicket(
                    before, name: "returned", text: "\(before.item) comes although it was called off",
                    reason: "the supplier reports \(state.rawValue)" + (detail.map { ": " + $0 } ?? ""), &effects)
            }
            return false
        }
    }

    /// An order that failed is not placed again by itself: whatever refused it would refuse it again. A person is told.
    private mutating func orderFailed(_ id: String, _ detail: String?, _ effects: inout [Effect]) {
        guard let order = orders[id], let device = fleet.device(named: order.device) else { return }
        openTicket(
            device,
            Ticket(
                alarm: id, device: order.device, severity: .minor, text: "The order of \(order.item) failed",
                reason: detail ?? "the supplier gave no reason",
                onsetMilliseconds: order.decidedMilliseconds), &effects)
    }

    private mutating func openOrderTicket(
        _ order: SupplyOrder, name: String, text: String, reason: String, severity: Severity = .minor, _ effects: inout [Effect]
    ) {
        guard let device = fleet.device(named: order.device) else { return }
        openTicket(
            device,
            Ticket(
                alarm: "\(order.id)/\(name)", device: order.device, severity: severity, text: text, reason: reason,
                onsetMilliseconds: now),
            &effects)
    }

    /// How a delivery of the channel `order` ended: an order, a shipment or a cancellation.
    mutating func orderSettled(_ key: String, _ outcome: DeliveryOutcome, _ detail: String?, _ effects: inout [Effect]) {
        if let id = SupplyOrder.order(ofCancellation: key) {
            guard let order = orders[id] else { return }
            if outcome == .abandoned {
                return openOrderTicket(
                    order, name: "cancellation", text: "The supplier does not know that \(order.item) is called off",
                    reason: detail ?? "the supplier gave no reason", &effects)
            }
            return effects.decide(.orderUpdated, at: now, device: order.device) { writer in
                writer.member("order", id)
                writer.member("state", order.state.rawValue)
                writer.member("detail", "the supplier knows that it is called off")
            }
        }
        for id in ordersOf(key) {
            if outcome == .delivered {
                moved(id, to: .sent, reference: nil, detail: nil, at: now, &effects)
            } else if orders[id]?.state == .planned {
                // What the supplier has accepted did reach it, whatever became of the acknowledgement.
                moved(id, to: .failed, reference: nil, detail: detail, at: now, &effects)
            }
        }
    }

    // MARK: Time

    /// An early look at the orders costs little; a late one would let one wait too long.
    mutating func scheduleOrder(_ id: String) { nextOrderDue = min(nextOrderDue, dueMilliseconds(id)) }

    mutating func findNextOrderDue() { nextOrderDue = orders.ids.reduce(.max) { min($0, dueMilliseconds($1)) } }

    private func dueMilliseconds(_ id: String) -> Int64 {
        guard let order = orders[id], !order.state.isFinal else { return .max }
        let hold = order.isHeld ? order.terms.holdUntilMilliseconds ?? .max : .max
        let deadline = order.isOverdue ? nil : configuration.replenishment.deadlines.deadlineMilliseconds(order)
        return min(hold, deadline ?? .max)
    }

    mutating func expireOrders(_ effects: inout [Effect]) {
        guard now >= nextOrderDue else { return }
        for id in orders.ids {
            guard let order = orders[id], !order.state.isFinal else { continue }
            if order.isHeld, let hold = order.terms.holdUntilMilliseconds, now >= hold { release(id, &effects) }
            let deadline = orders[id].flatMap { configuration.replenishment.deadlines.deadlineMilliseconds($0) }
            if !order.isOverdue, let deadline, now >= deadline { overdue(id, &effects) }
        }
        findNextOrderDue()
    }

    static func overdueCondition(_ order: SupplyOrder) -> String { "order-overdue/\(order.supply)" }

    private mutating func overdue(_ id: String, _ effects: inout [Effect]) {
        _ = orders.update(id) { $0.isOverdue = true }
        guard let order = orders[id], let device = fleet.device(named: order.device) else { return }
        let cause = AlarmCause(
            condition: Self.overdueCondition(order), source: .order, severity: .minor,
            text: "The order of \(order.item) is \(order.state.rawValue.replacing("-", with: " ")) for too long", onsetMilliseconds: now)
        raise(device, cause, at: now, &effects)
    }

    /// The order moved on, so it is overdue no longer.
    mutating func settleOverdue(_ id: String, _ effects: inout [Effect]) {
        guard let order = orders[id], order.isOverdue else { return }
        _ = orders.update(id) { $0.isOverdue = false }
        guard let device = fleet.device(named: order.device) else { return }
        clear(device, condition: Self.overdueCondition(order), source: .order, at: now, [], &effects)
    }

    // MARK: Installation

    /// Another cartridge lies in the slot: the order for the one before has done its work, or was not needed.
    /// `former` is the generation of the one that was there: not always the number before, because a cartridge may come back. `residual` is what was left
    /// in it, in percent.
    mutating func installed(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, instead former: Int32, left residual: Double, at time: Int64,
        _ effects: inout [Effect]
    ) {
        let slot = fleet.profiles[profile].layout.supplies[supply]
        let name = fleet.records[device].id
        let id =
            fleet.records[device].supplies[supply].order ?? lastOrder(device: name, supply: slot.name, generation: former)?.id
            ?? SupplyOrder.id(device: name, supply: slot.name, generation: former)
        fleet.records[device].supplies[supply].order = nil
        ticketRecovers(about: "\(id)/visit")
        ticketRecovers(about: id)
        // The unit that was taken aside for it, or else one of the kind that lies in the slot now.
        let item = stock.item(reservedFor: id) ?? self.item(device, profile, supply)
        guard let order = orders[id], !order.state.isFinal else {
            // What another gateway ordered, or what was reported as installed already, did not come out of the cupboard.
            if let order = orders[id], order.terms.isDuplicate || order.state == .installed { return stock.release(id) }
            return drawn(item, for: id, device, &effects)
        }
        // No supplier has confirmed it for so long that an alarm stands: the cartridge came another way, and the order must not go any more.
        if order.state == .planned, order.terms.isHandedOver, order.isOverdue {
            let detail = "another cartridge was installed before the supplier could be reached"
            drawn(item, for: id, device, &effects)
            moved(id, to: .cancelled, reference: nil, detail: detail, at: time, &effects)
            return callOff(order, detail, &effects)
        }
        let isUnsent = order.state == .awaitingApproval || (order.state == .planned && !order.terms.isHandedOver)
        if isUnsent {
            drawn(item, for: id, device, &effects)
            moved(
                id, to: .cancelled, reference: nil, detail: "another cartridge was installed before it was sent", at: time, &effects)
        } else {
            stock.release(id)
            // For whoever takes used cartridges back, and for whoever asks what is thrown away.
            let left = ReorderRule.rounded(residual)
            moved(id, to: .installed, reference: nil, detail: "the used one had \(left) % left", at: time, &effects)
        }
    }

    /// The cartridge before is in the slot again. What is on its way stays for whichever comes next; an order that has come to its end was for
    /// the other one, and must not keep this one from being ordered.
    mutating func putBack(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int) {
        let present = fleet.records[device].supplies[supply].order
        guard present.flatMap({ orders[$0] })?.state.isFinal != false else { return }
        let own = lastOrder(
            device: fleet.records[device].id, supply: fleet.profiles[profile].layout.supplies[supply].name,
            generation: fleet.records[device].supplies[supply].model.generation)
        fleet.records[device].supplies[supply].order = own?.id
        fleet.records[device].supplies[supply].orderedMilliseconds = nil
    }

    /// A supply ended while its successor lies there, ordered and delivered or in the cupboard: nobody has to order, somebody has to go.
    mutating func visitIfEnded(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, _ effects: inout [Effect]) {
        guard let level = fleet.records[device].supplies[supply].model.levelPercent, level <= configuration.replenishment.endedPercent
        else {
            return
        }
        let slot = fleet.profiles[profile].layout.supplies[supply]
        let id =
            fleet.records[device].supplies[supply].order
            ?? SupplyOrder.id(
                device: fleet.records[device].id, supply: slot.name, generation: fleet.records[device].supplies[supply].model.generation)
        let item = orders[id]?.item ?? stock.item(reservedFor: id) ?? self.item(device, profile, supply)
        let place: String
        if orders[id]?.state == .delivered {
            place = "it was delivered and is not installed"
        } else if orders[id] == nil, stock.isReserved(id) {
            place = "it lies in stock"
        } else {
            return
        }
        openTicket(
            device,
            Ticket(
                alarm: "\(id)/visit", device: fleet.records[device].id, severity: .major, text: "Install \(item) (\(slot.name))",
                reason: "the supply has ended, and \(place)", onsetMilliseconds: now), &effects)
    }

    /// The cartridge came after the old one had ended already.
    private mutating func visitIfEnded(_ id: String, _ effects: inout [Effect]) {
        guard let order = orders[id], let index = fleet.device(named: order.device) else { return }
        let profile = fleet.devices[index].profile
        guard let supply = fleet.profiles[profile].layout.supplies.firstIndex(where: { $0.name == order.supply }),
            supply < fleet.records[index].supplies.count, fleet.records[index].supplies[supply].order == id
        else { return }
        visitIfEnded(index, profile, supply, &effects)
    }
}
