import Documents
import RemoteSupport
import Replenishment
import Telemetry

/// What becomes of orders: reports, installation, visits.
extension OrderDesk {
    /// The orders of an id: itself, or what travels in the shipment of that id. Empty when it is neither.
    package func orderIDs(_ key: String) -> [String] { orders[key] != nil ? [key] : shipments[key] ?? [] }

    /// A report on an order or a shipment. False when there is none of that id, or it refuses the report.
    @discardableResult
    mutating func report(
        _ key: String, _ state: SupplyOrder.State, reference: String? = nil, detail: String? = nil, at time: Int64, _ fleet: FleetState,
        _ out: inout StepOutput
    ) -> Bool {
        let concerned = orderIDs(key)
        var isTaken = !concerned.isEmpty
        for id in concerned where !move(id, to: state, reference, detail, at: time, fleet, &out) { isTaken = false }
        return isTaken
    }

    private mutating func move(
        _ id: String, to state: SupplyOrder.State, _ reference: String?, _ detail: String?, at time: Int64, _ fleet: FleetState,
        _ out: inout StepOutput
    ) -> Bool {
        guard let before = orders[id] else { return false }
        switch orders.update(id, { $0.report(state, reference: reference, detail: detail, atMilliseconds: out.now) }) {
        case .moved:
            settleOverdue(id, fleet, &out)
            schedule(id)
            if state == .failed { failed(id, detail, fleet, &out) }
            out.decide(.orderUpdated, at: time, device: before.device) { writer in
                writer.member("order", id)
                writer.member("state", state.rawValue)
                writer.member("reference", reference)
                writer.member("detail", detail)
            }
            if state == .delivered, let device = fleet.device(named: before.device) {
                out.tell(.orderDelivered(device, order: id, supply: before.supply))
            }
            return true
        case .repeated: return true
        case .refused, nil:
            // The cancellation and the parcel crossed: somebody has to send it back or take it.
            if before.state == .cancelled, !before.terms.isDuplicate, state == .shipped || state == .delivered {
                let reason = "the supplier reports \(state.rawValue)" + (detail.map { ": " + $0 } ?? "")
                openTicket(before, name: "returned", text: "\(before.item) comes although it was called off", reason: reason, fleet, &out)
            }
            return false
        }
    }

    /// An order that failed is not placed again by itself: whatever refused it would refuse it again. A person is told.
    private func failed(_ id: String, _ detail: String?, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let order = orders[id], let device = fleet.device(named: order.device) else { return }
        let ticket = Ticket(
            alarm: id, device: order.device, severity: .minor, text: "The order of \(order.item) failed",
            reason: detail ?? "the supplier gave no reason", onsetMilliseconds: order.decidedMilliseconds)
        out.tell(.ticketWanted(device, ticket))
    }

    func openTicket(
        _ order: SupplyOrder, name: String, text: String, reason: String, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        guard let device = fleet.device(named: order.device) else { return }
        let ticket = Ticket(
            alarm: "\(order.id)/\(name)", device: order.device, severity: .minor, text: text, reason: reason, onsetMilliseconds: out.now)
        out.tell(.ticketWanted(device, ticket))
    }

    /// How a delivery of the channel `order` ended: an order, a shipment or a cancellation.
    mutating func settled(
        _ key: String, _ outcome: DeliveryOutcome, _ detail: String?, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        if let id = SupplyOrder.order(ofCancellation: key) {
            guard let order = orders[id] else { return }
            if outcome == .abandoned {
                return openTicket(
                    order, name: "cancellation", text: "The supplier does not know that \(order.item) is called off",
                    reason: detail ?? "the supplier gave no reason", fleet, &out)
            }
            return out.decide(.orderUpdated, at: out.now, device: order.device) { writer in
                writer.member("order", id)
                writer.member("state", order.state.rawValue)
                writer.member("detail", "the supplier knows that it is called off")
            }
        }
        for id in orderIDs(key) {
            if outcome == .delivered {
                report(id, .sent, at: out.now, fleet, &out)
            } else if orders[id]?.state == .planned {
                // What the supplier has accepted did reach it, whatever became of the acknowledgement.
                report(id, .failed, detail: detail, at: out.now, fleet, &out)
            }
        }
    }

    // MARK: Installation

    /// Another cartridge lies in the slot: the order for the one before has done its work, or was not needed.
    mutating func installed(
        _ replacement: Replacement, _ device: DeviceIndex, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        let name = fleet.records[device].id
        let id =
            replacement.order ?? lastOrder(device: name, supply: replacement.supply, generation: replacement.former)?.id
            ?? SupplyOrder.id(device: name, supply: replacement.supply, generation: replacement.former)
        out.tell(.subjectMended("\(id)/visit"))
        out.tell(.subjectMended(id))
        // The unit that was taken aside for it, or else one of the kind that lies in the slot now.
        let item = stock.item(reservedFor: id) ?? replacement.item
        guard let order = orders[id], !order.state.isFinal else {
            // What another gateway ordered, or what was reported as installed already, did not come out of the cupboard.
            if let order = orders[id], order.terms.isDuplicate || order.state == .installed { return stock.release(id) }
            return draw(item, for: id, name, &out)
        }
        // No supplier has confirmed it for so long that an alarm stands: the cartridge came another way, and the order must not go any more.
        if order.state == .planned, order.terms.isHandedOver, order.isOverdue {
            let detail = "another cartridge was installed before the supplier could be reached"
            draw(item, for: id, name, &out)
            report(id, .cancelled, detail: detail, at: time, fleet, &out)
            return callOff(order, detail, &out)
        }
        if order.state == .awaitingApproval || (order.state == .planned && !order.terms.isHandedOver) {
            draw(item, for: id, name, &out)
            report(id, .cancelled, detail: "another cartridge was installed before it was sent", at: time, fleet, &out)
        } else {
            stock.release(id)
            // For whoever takes used cartridges back, and for whoever asks what is thrown away.
            let left = ReorderRule.rounded(replacement.residualPercent)
            report(id, .installed, detail: "the used one had \(left) % left", at: time, fleet, &out)
        }
    }

    /// A supply ended while its successor lies there, ordered and delivered or in the cupboard: nobody has to order, somebody has to go.
    func visitIfThere(_ ended: EndedSupply, _ device: DeviceIndex, _ fleet: FleetState, _ out: inout StepOutput) {
        let name = fleet.records[device].id
        let id = ended.order ?? SupplyOrder.id(device: name, supply: ended.supply, generation: ended.generation)
        let item = orders[id]?.item ?? stock.item(reservedFor: id) ?? ended.item
        let place: String
        if orders[id]?.state == .delivered {
            place = "it was delivered and is not installed"
        } else if orders[id] == nil, stock.isReserved(id) {
            place = "it lies in stock"
        } else {
            return
        }
        let ticket = Ticket(
            alarm: "\(id)/visit", device: name, severity: .major, text: "Install \(item) (\(ended.supply))",
            reason: "the supply has ended, and \(place)", onsetMilliseconds: out.now)
        out.tell(.ticketWanted(device, ticket))
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

    // MARK: Stock

    /// The cupboard: counted by people, drawn down when a new cartridge is seen in a slot.
    mutating func changeStock(_ item: String, by person: String, _ out: inout StepOutput, _ change: (inout StockLedger) -> Bool) -> Bool {
        guard change(&stock) else { return false }
        decideStock(item, device: "", &out) { $0.member("by", person) }
        return true
    }

    /// A cartridge was installed that no order brought.
    private mutating func draw(_ item: String, for order: String, _ device: String, _ out: inout StepOutput) {
        guard stock.install(item, for: order) else { return }
        decideStock(item, device: device, &out) { $0.member("installed", 1) }
    }

    private func decideStock(_ item: String, device: String, _ out: inout StepOutput, _ more: (inout JSONWriter) -> Void) {
        out.decide(.stock, at: out.now, device: device) { writer in
            writer.member("item", item)
            writer.member("units", stock.unitsOnHand(item))
            more(&writer)
        }
    }
}
