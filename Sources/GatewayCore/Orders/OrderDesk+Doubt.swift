import Documents
import RemoteSupport
import Replenishment
import Telemetry

/// Orders that rest on a level which was in doubt.
extension OrderDesk {
    /// The level was false. True when the order is called off, so that the supply has none any more.
    mutating func refuted(_ id: String, since time: Int64, _ fleet: FleetState, _ out: inout StepOutput) -> Bool {
        guard let order = orders[id], order.decidedMilliseconds >= time, order.terms.requestedBy == OrderTerms.automatic,
            !order.terms.isDuplicate
        else { return false }
        let detail = "the level that it rests on was false"
        if !order.state.isFinal, order.state != .shipped, order.state != .delivered {
            _ = orders.update(id) { $0.terms.isRefuted = true }
            report(id, .cancelled, detail: detail, at: out.now, fleet, &out)
            callOff(order, detail, &out)
        }
        let isCalledOff = orders[id]?.terms.isRefuted == true
        guard order.terms.isHandedOver, !order.terms.isDryRun, !order.state.isFinal else { return isCalledOff }
        let text = isCalledOff ? "\(order.item) was ordered and called off" : "\(order.item) comes although nothing needs it yet"
        openTicket(order, name: "refuted", text: text, reason: "\(detail): \(order.reason)", fleet, &out)
        return isCalledOff
    }

    /// A second report tells the same level: what waits for a person because of that goes as any other order.
    mutating func proven(_ id: String, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let order = orders[id], order.terms.restsOnDoubt == true else { return }
        let reason = order.state == .awaitingApproval ? reasonToAsk(order) : nil
        _ = orders.update(id) {
            $0.terms.restsOnDoubt = nil
            $0.terms.approvalReason = reason
        }
        guard order.state == .awaitingApproval, reason == nil else { return }
        _ = orders.update(id) { _ = $0.move(to: .planned, atMilliseconds: out.now) }
        settleOverdue(id, fleet, &out)
        out.decide(.orderUpdated, at: out.now, device: order.device) { writer in
            writer.member("order", id)
            writer.member("state", SupplyOrder.State.planned.rawValue)
            writer.member("detail", "another report tells the same level")
        }
        route(id, fleet, &out)
        schedule(id)
    }

    /// The next attempt at a need whose last order was called off because its level was false; nil where there is no such order.
    func afterRefutation(_ order: SupplyOrder) -> SupplyOrder? {
        guard let last = lastOrder(device: order.device, supply: order.supply, generation: order.generation),
            last.terms.isRefuted == true, last.attempt < SupplyOrder.maximumAttempts
        else { return nil }
        return order.again(attempt: last.attempt + 1)
    }
}
