import CivilCalendar
import ConsumableForecast
import Documents
import Replenishment
import Telemetry

/// Which cartridge was installed: the one that was ordered, or a spare.
extension OrderDesk {
    /// A parcel that was sent is not unpacked and installed sooner.
    private static let unpackingMilliseconds: Int64 = 6 * 3_600_000
    /// Of the median lead time: hardly any parcel comes sooner.
    private static let shortestShareOfLead = 0.6
    /// A report of a step before the installation may be so late.
    private static let lateReportMilliseconds: Int64 = 24 * 3_600_000

    /// Another cartridge lies in the slot: the order for the one before has done its work, was not needed, or is still to come.
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
        guard let order = orders[id], !order.isOver else {
            // What another gateway ordered, or what was reported as installed already, did not come out of the cupboard.
            if let order = orders[id], order.terms.isDuplicate || order.state == .installed { return stock.release(id) }
            return draw(item, for: id, name, fleet, &out)
        }
        // No supplier has confirmed it for so long that an alarm stands: the cartridge came another way, and the order must not go any more.
        if order.state == .planned, order.terms.isHandedOver, order.isOverdue {
            let detail = "another cartridge was installed before the supplier could be reached"
            draw(item, for: id, name, fleet, &out)
            report(id, .cancelled, detail: detail, at: time, fleet, &out)
            return callOff(order, detail, &out)
        }
        if order.state == .awaitingApproval || (order.state == .planned && !order.terms.isHandedOver) {
            draw(item, for: id, name, fleet, &out)
            report(id, .cancelled, detail: "another cartridge was installed before it was sent", at: time, fleet, &out)
        } else if isTheOrdered(order, replacement, out.now) {
            stock.release(id)
            _ = orders.update(id) { $0.terms.installedFrom = order.state }
            // For whoever takes used cartridges back, and for whoever asks what is thrown away.
            let left = ReorderRule.rounded(replacement.residualPercent)
            report(id, .installed, detail: "the used one had \(left) % left", at: time, fleet, &out)
        } else {
            draw(item, for: id, name, fleet, &out)
            becomeSpare(id, replacement, &out)
        }
    }

    /// By what the cartridge names itself, and by how far the order is on its way.
    private func isTheOrdered(_ order: SupplyOrder, _ replacement: Replacement, _ now: Int64) -> Bool {
        if let named = replacement.namedItem, named != order.item { return false }
        if order.state == .delivered || order.terms.isDryRun { return true }
        if order.state == .shipped { return now &- order.life.sinceMilliseconds >= Self.unpackingMilliseconds }
        let age = Double(now &- (order.terms.handedMilliseconds ?? order.decidedMilliseconds)) / 86_400_000
        return age >= Self.shortestShareOfLead * replacement.lead.days
    }

    /// Whether what was ordered may have been poured into a supply that was topped up: it was delivered, or should have been long ago. Before that
    /// people pour what they have left.
    func isThere(_ id: String, _ lead: LeadTime, _ now: Int64) -> Bool {
        guard let order = orders[id], !order.isOver else { return false }
        if order.state == .delivered || order.terms.isDryRun { return true }
        guard order.state != .awaitingApproval, order.terms.isHandedOver else { return false }
        return now > lead.latestMilliseconds(from: order.terms.handedMilliseconds ?? order.decidedMilliseconds)
    }

    private mutating func becomeSpare(_ id: String, _ replacement: Replacement, _ out: inout StepOutput) {
        guard let order = orders[id] else { return }
        // Delivered, and of another kind than what was installed.
        if order.state == .delivered { return shelve(id, &out) }
        let note = "a spare was installed before it came; it is for the next need, or for the shelf"
        _ = orders.update(id) {
            $0.terms.isSpare = true
            $0.terms.expectedMilliseconds = replacement.lead.latestMilliseconds(
                from: order.terms.handedMilliseconds ?? order.decidedMilliseconds)
            $0.note(note)
        }
        out.decide(.orderUpdated, at: out.now, device: order.device) { writer in
            writer.member("order", id)
            writer.member("state", order.state.rawValue)
            writer.member("detail", note)
        }
    }

    /// A delivered order that nothing waits for is a unit of the stock.
    mutating func shelve(_ id: String, _ out: inout StepOutput) {
        guard let order = orders[id], order.terms.isShelved != true, !order.terms.isDryRun, stock.add(order.item, units: 1) else { return }
        _ = orders.update(id) {
            $0.terms.isShelved = true
            $0.note("it lies on the shelf")
        }
        decideStock(order.item, device: order.device, &out) { writer in
            writer.member("delivered", 1)
            writer.member("order", id)
        }
    }

    /// The supplier reports a step that comes before an installation, and so long after it that another cartridge must have been installed.
    ///
    /// Where the parcel was on its way already it may as well have been the one, and its arrival told late. A unit that is counted and not there
    /// leaves a device empty, one that is there and not counted costs its price: so it is not counted, and a person looks.
    mutating func reopen(_ id: String, at state: SupplyOrder.State, _ fleet: FleetState, _ out: inout StepOutput) {
        let now = out.now
        guard let order = orders[id], order.state == .installed, let from = order.terms.installedFrom,
            state == .shipped || state == .delivered,
            state.rank > from.rank, now &- order.life.sinceMilliseconds > Self.lateReportMilliseconds
        else { return }
        if from == .shipped {
            _ = orders.update(id) { $0.terms.installedFrom = .delivered }
            return openTicket(
                order, name: "count", text: "Count \(order.item)",
                reason:
                    "a new cartridge was found in \(order.supply) at \(UTCText.iso8601(order.life.sinceMilliseconds)), and the parcel was "
                    + "reported as delivered only now; if both are there, the cupboard has one more than is counted",
                fleet, &out)
        }
        _ = orders.update(id) {
            $0.reopen(atMilliseconds: now)
            $0.terms.isSpare = true
            $0.note("it was sent only after another cartridge had been installed")
        }
    }

    // MARK: What is on its way

    /// An order on its way to this device that no cartridge waits for any more, and that is of the kind that is needed.
    func spare(for order: SupplyOrder) -> SupplyOrder? {
        let coming = orders.ids.compactMap { orders[$0] }.filter {
            $0.terms.isSpare == true && $0.terms.isForStock != true && !$0.isOver && $0.device == order.device && $0.item == order.item
        }
        return coming.first { $0.supply == order.supply } ?? coming.first
    }

    /// Why an order on its way cannot be waited for; nil when it can.
    func reasonNotToWait(for coming: SupplyOrder, _ now: Int64) -> String? {
        guard coming.state != .shipped, let expected = coming.terms.expectedMilliseconds, now > expected else { return nil }
        return "\(coming.id) for the same item is \(coming.state.rawValue), should have come by \(UTCText.iso8601(expected)), "
            + "and nobody has reported where it is"
    }

    /// The order on its way is for this need.
    mutating func claim(_ coming: SupplyOrder, _ need: SupplyOrder, _ device: DeviceIndex, _ supply: SupplyIndex, _ out: inout StepOutput) {
        let note = "a spare was installed before it came; it is for cartridge \(need.generation)"
        _ = orders.update(coming.id) {
            $0.carry(toDevice: need.device, supply: need.supply, generation: need.generation)
            $0.terms.isSpare = nil
            $0.terms.expectedMilliseconds = nil
            $0.note(note)
        }
        out.decide(.orderUpdated, at: out.now, device: need.device) { writer in
            writer.member("order", coming.id)
            writer.member("state", coming.state.rawValue)
            writer.member("detail", note)
            // What it is for has changed, which no other update says.
            writer.member("supply", need.supply)
            writer.member("generation", Int64(need.generation))
        }
        out.tell(.orderOfSupply(device, supply: supply, order: coming.id))
    }
}
