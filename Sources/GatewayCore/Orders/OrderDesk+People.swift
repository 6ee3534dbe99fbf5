import Documents
import Replenishment

/// What people and suppliers say about orders.
extension OrderDesk {
    /// A supply whose order a person asks for.
    struct Request: Sendable {
        var device: String
        var supply: String
        var item: String
        var generation: Int32
        var levelPercent: Double?
        /// The order that the supply has.
        var order: String?
        /// The order that failed and may have been taken all the same, as the person knows.
        var despite: String?
    }

    /// Why this person cannot agree to this order; nil when that is well.
    package func problem(approving id: String, by person: String) -> String? {
        guard let order = orders[id] else { return "there is no such order" }
        guard order.state == .awaitingApproval else { return "the order is \(order.state.rawValue) and waits for no approval" }
        let name = Self.folded(person)
        if name.isEmpty { return "the name of who approves is empty" }
        if name == Self.folded(order.terms.requestedBy) { return "\(person) asked for it; a second person has to approve" }
        return nil
    }

    /// `Ann` and ` ann` are one person.
    private static func folded(_ name: String) -> String { name.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ") }

    mutating func approve(_ id: String, by person: String, _ fleet: FleetState, _ out: inout StepOutput) -> Bool {
        guard problem(approving: id, by: person) == nil, let device = orders[id]?.device else { return false }
        _ = orders.update(id) { order in
            _ = order.move(to: .planned, atMilliseconds: out.now)
            order.terms.approvedBy = person
        }
        settleOverdue(id, fleet, &out)
        out.decide(.orderUpdated, at: out.now, device: device) { writer in
            writer.member("order", id)
            writer.member("state", SupplyOrder.State.planned.rawValue)
            writer.member("approvedBy", person)
        }
        route(id, fleet, &out)
        schedule(id)
        return true
    }

    mutating func reject(_ id: String, by person: String, _ reason: String?, _ fleet: FleetState, _ out: inout StepOutput) -> Bool {
        let detail = "rejected by \(person)" + (reason.map { ": " + $0 } ?? "")
        return orders[id]?.state == .awaitingApproval && report(id, .cancelled, detail: detail, at: out.now, fleet, &out)
    }

    /// Calls an order off, and tells the supplier where it may have heard of it.
    mutating func cancel(_ id: String, by person: String, _ reason: String?, _ fleet: FleetState, _ out: inout StepOutput) -> Bool {
        guard let before = orders[id], !before.state.isFinal else { return false }
        let detail = "cancelled by \(person)" + (reason.map { ": " + $0 } ?? "")
        guard report(id, .cancelled, detail: detail, at: out.now, fleet, &out) else { return false }
        if before.state != .cancelled { callOff(before, detail, &out) }
        return true
    }

    /// Takes a cancelled order back from the outbox, and from the supplier, whom a try may have reached.
    func callOff(_ before: SupplyOrder, _ detail: String, _ out: inout StepOutput) {
        let id = before.id
        guard before.terms.isHandedOver, !before.terms.isDryRun, !before.terms.isDuplicate else { return }
        // What is still in the outbox stays there; with company in the shipment only the line is called off.
        if before.terms.shipment == nil { out.effects.append(.withdraw(key: id)) }
        var body = JSONWriter()
        body.beginObject()
        body.member("cancellation", SupplyOrder.cancellationKey(id))
        body.member("device", before.device)
        body.member("order", id)
        body.member("shipment", before.terms.shipment)
        body.member("item", before.item)
        body.member("supply", before.supply)
        body.member("reference", before.reference)
        body.member("reason", detail)
        body.endObject()
        out.effects.append(
            .deliver(
                Delivery(
                    key: SupplyOrder.cancellationKey(id), channel: .order, device: before.device, topic: before.terms.supplier ?? "",
                    body: body.bytes, expiresMilliseconds: nil)))
    }

    /// Another gateway that sees the same device was first: its order is the one that comes.
    mutating func duplicated(_ key: String, _ detail: String?, _ fleet: FleetState, _ out: inout StepOutput) -> Bool {
        let mine = orderIDs(key)
        // Of a shipment that has just gone a supplier may say so for a line; what it has accepted since is an echo of our own.
        for id in mine where orders[id]?.state.isOurs == true || orders[id]?.state == .sent {
            _ = orders.update(id) { $0.terms.isDuplicate = true }
            let detail = "duplicate: " + (detail ?? "the supplier has this order from another gateway")
            report(id, .cancelled, detail: detail, at: out.now, fleet, &out)
        }
        return !mine.isEmpty
    }

    /// A report on one line, counted from 1, of an order or a shipment.
    mutating func reportLine(
        _ line: Int, of key: String, _ state: SupplyOrder.State, reference: String?, detail: String?, _ fleet: FleetState,
        _ out: inout StepOutput
    ) -> Bool {
        let lines = orderIDs(key)
        return lines.indices.contains(line - 1)
            && reportFromOutside(lines[line - 1], state, reference: reference, detail: detail, fleet, &out)
    }

    // MARK: Orders by hand

    /// Nil when a person may ask for an order of this supply: the first of a generation, or another attempt after the one before came to nothing.
    /// Otherwise why not.
    func problem(_ request: Request) -> String? {
        // The open order need not be of this generation: where a cartridge was put back, what is on its way is for whichever comes next.
        let present = request.order.flatMap { orders[$0] }
        let last = lastOrder(device: request.device, supply: request.supply, generation: request.generation)
        for order in [present, last].compactMap({ $0 }) {
            if order.terms.isDuplicate, order.generation == request.generation {
                return "another gateway has ordered it already: \(order.id), \(order.detail ?? "duplicate")"
            }
            if !order.state.isFinal || (order.id == last?.id && !order.cameToNothing) {
                return "there is an order for it already: \(order.id), \(order.state.rawValue)"
            }
        }
        if let last, last.terms.mayHaveBeenTaken == true, last.state == .failed, request.despite != last.id {
            return
                "\(last.id) failed, and the supplier may have taken it all the same (\(last.detail ?? "no answer came")); ask there, and "
                + "order again only despite \(last.id)"
        }
        return nextAttempt(request) > SupplyOrder.maximumAttempts
            ? "it was ordered \(SupplyOrder.maximumAttempts) times already; ask the supplier" : nil
    }

    /// The order that a person asks for.
    func order(_ request: Request, by person: String, at now: Int64) -> SupplyOrder {
        var order = SupplyOrder(
            device: request.device, supply: request.supply, item: request.item, generation: request.generation,
            attempt: nextAttempt(request), reason: "asked for by \(person)", decidedMilliseconds: now, levelPercent: request.levelPercent,
            daysLeft: nil)
        order.terms.requestedBy = person
        return order
    }

    /// The number that another order of the present generation would have.
    private func nextAttempt(_ request: Request) -> Int {
        let (device, supply, generation) = (request.device, request.supply, request.generation)
        if let last = lastOrder(device: device, supply: supply, generation: generation) { return last.attempt + 1 }
        // Finished orders are forgotten at some time, but the supply knows the id of its last one, and the supplier knows it, too.
        guard let forgotten = request.order else { return 1 }
        let attempt = (1...SupplyOrder.maximumAttempts).first {
            SupplyOrder.id(device: device, supply: supply, generation: generation, attempt: $0) == forgotten
                || SupplyOrder.formerID(device: device, supply: supply, generation: generation, attempt: $0) == forgotten
        }
        return (attempt ?? 0) + 1
    }
}
