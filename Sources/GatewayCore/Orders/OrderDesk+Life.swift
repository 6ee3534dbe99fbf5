import Documents
import RemoteSupport
import Replenishment
import Telemetry

/// What becomes of orders: reports, visits, stock.
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

    /// The same from a supplier, or from a person in its place. What it calls off is not ordered again by itself, as little as what it refuses,
    /// so a person is told.
    mutating func reportFromOutside(
        _ key: String, _ state: SupplyOrder.State, reference: String?, detail: String?, _ fleet: FleetState, _ out: inout StepOutput
    ) -> Bool {
        let open = orderIDs(key).filter { orders[$0]?.state.isFinal == false }
        let isTaken = report(key, state, reference: reference, detail: detail, at: out.now, fleet, &out)
        for id in open where state == .cancelled {
            guard let order = orders[id], order.state == .cancelled else { continue }
            cameToNothing(order, text: "The supplier has called off the order of \(order.item)", reason: detail, fleet, &out)
        }
        return isTaken
    }

    private mutating func move(
        _ id: String, to state: SupplyOrder.State, _ reference: String?, _ detail: String?, at time: Int64, _ fleet: FleetState,
        _ out: inout StepOutput
    ) -> Bool {
        reopen(id, at: state, fleet, &out)
        guard let before = orders[id] else { return false }
        // What was never sent, or is another gateway's, brings no parcel.
        if before.cameToNothing || before.terms.isDuplicate, before.state.isFinal, state == .delivered || state == .installed,
            !before.terms.isHandedOver || before.terms.isDuplicate || before.terms.isDryRun
        {
            return false
        }
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
            if before.state.isFinal { tellReturned(before, state, detail, fleet, &out) }
            if state == .delivered {
                let device = fleet.device(named: before.device)
                if let device, before.terms.isSpare != true {
                    out.tell(.orderDelivered(device, order: id))
                } else {
                    shelve(id, &out)
                }
            }
            if state.isFinal, state != .installed, let device = fleet.device(named: before.device) {
                out.tell(.orderEnded(device, order: id, generation: before.generation))
            }
            return true
        case .repeated: return true
        case .refused, nil:
            guard Self.comesAnyway(before, state) else { return false }
            tellReturned(before, state, detail, fleet, &out)
            return true
        }
    }

    /// The cancellation and the parcel crossed.
    private static func comesAnyway(_ order: SupplyOrder, _ state: SupplyOrder.State) -> Bool {
        order.cameToNothing && order.terms.isHandedOver && !order.terms.isDryRun && (state == .shipped || state == .delivered)
    }

    /// Somebody has to send it back or take it.
    private func tellReturned(
        _ order: SupplyOrder, _ state: SupplyOrder.State, _ detail: String?, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        guard Self.comesAnyway(order, state) else { return }
        let reason = "the supplier reports \(state.rawValue)" + (detail.map { ": " + $0 } ?? "")
        let text = "\(order.item) comes although it \(order.state == .failed ? "failed" : "was called off")"
        openTicket(order, name: "returned", text: text, reason: reason, fleet, &out)
    }

    /// Why a report would change nothing; nil when it is taken: of a shipment when one of its orders takes it.
    package func problem(reporting state: SupplyOrder.State, of key: String, line: Int? = nil) -> String? {
        let all = orderIDs(key)
        let concerned = line.map { all.indices.contains($0 - 1) ? [all[$0 - 1]] : [] } ?? all
        var problem: String? = "there is no such order"
        for order in concerned.compactMap({ orders[$0] }) {
            var copy = order
            guard case .refused(let reason) = copy.report(state), !Self.comesAnyway(order, state) else { return nil }
            problem = reason
        }
        return problem
    }

    /// An order that failed is not placed again by itself: whatever refused it would refuse it again. A person is told.
    private func failed(_ id: String, _ detail: String?, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let order = orders[id] else { return }
        let question =
            order.terms.mayHaveBeenTaken == true ? "; ask the supplier whether it has \(id) before it is ordered again" : ""
        cameToNothing(order, text: "The order of \(order.item) failed", reason: detail, asking: question, fleet, &out)
    }

    /// The subject of the ticket is the order itself: it is mended when a cartridge is installed.
    private func cameToNothing(
        _ order: SupplyOrder, text: String, reason: String?, asking question: String = "", _ fleet: FleetState, _ out: inout StepOutput
    ) {
        guard let device = fleet.device(named: order.device) else { return }
        let ticket = Ticket(
            alarm: order.id, device: order.device, severity: .minor, text: text,
            reason: (reason ?? "the supplier gave no reason") + question, onsetMilliseconds: order.decidedMilliseconds)
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
                let isUncertain = detail?.hasSuffix(OrderDesk.uncertainWords) == true
                _ = orders.update(id) { $0.terms.mayHaveBeenTaken = isUncertain ? true : nil }
                report(id, .failed, detail: detail, at: out.now, fleet, &out)
            }
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
        out.tell(.visitWanted(device, ticket, visitMilliseconds: ended.lastedMilliseconds))
    }

    /// The last attempt to order this generation; nil when there was none, or it is forgotten.
    func lastOrder(device: String, supply: String, generation: Int32) -> SupplyOrder? {
        var last: SupplyOrder?
        for id in orders.ids {
            guard let order = orders[id], order.generation == generation, order.supply == supply, order.device == device,
                order.terms.isForStock != true, order.attempt > last?.attempt ?? 0
            else { continue }
            last = order
        }
        return last
    }
}
