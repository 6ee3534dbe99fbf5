import ConsumableForecast
import FaultDetection
import RemoteSupport
import Replenishment
import Telemetry

/// Once a day, for each device whose profile asks for it: whether a visit has to be planned because a part will be worn.
extension StewardCore {
    mutating func planVisits(_ device: DeviceIndex, at time: Int64) {
        guard wear.isDue(device, at: time) else { return }
        let profile = fleet.profiles[fleet.devices[device].profile]
        let watches = profile.derived.wear
        wear.looked(device, named: fleet.records[device].id, at: time, of: watches.count)
        for (place, watch) in watches.enumerated() {
            guard let visitDays = watch.rule.visitDays, let plan = wear.plan(device, place) else { continue }
            let fault = profile.layout.profile.faults[watch.fault]
            var around = WearDesk.Surroundings(ticket: plan.subject.flatMap { support.ticketState(about: $0) })
            around.isCalledOff = plan.order.map { isCalledOff($0) } ?? false
            wear.settle(device, place, part: watch.part(fault), around, at: time, &out)
            let life = knownLife(of: device, place, profile)
            if life.isWithin(days: Double(visitDays)) {
                around.visit = nextVisit(to: device)
                around.otherParts = wornParts(of: device, except: place)
            }
            wear.planVisit(device, place, watch, fault, life, around, fleet, &out)
        }
    }

    /// The id of the ticket of the visit that is planned for a fault's wear; nil where none is.
    package func ticketOfVisit(_ device: DeviceIndex, _ watch: WearWatch) -> String? {
        let watches = fleet.profiles[fleet.devices[device].profile].derived.wear
        guard let place = watches.firstIndex(where: { $0 === watch }), let subject = wear.plan(device, place)?.subject else { return nil }
        return support.ticketID(of: subject)
    }

    /// An order that came to nothing, or that is forgotten. What lies in stock for a need has the id of the order that it saved.
    private func isCalledOff(_ id: String) -> Bool {
        guard let order = orders[id] else { return !orders.stock.isReserved(id) }
        return order.cameToNothing || order.terms.isSpare == true
    }

    /// The supply that will be there first, and whose visit no person has closed.
    private func nextVisit(to device: DeviceIndex) -> SupplyVisit? {
        var next: SupplyVisit?
        for place in supplies.supplies(of: device).indices {
            guard let visit = supplyVisit(to: device, SupplyIndex(place)), visit.dueMilliseconds < next?.dueMilliseconds ?? .max,
                support.ticketState(about: visit.subject).map({ $0 == .open }) ?? true
            else { continue }
            next = visit
        }
        return next
    }

    private func supplyVisit(to device: DeviceIndex, _ supply: SupplyIndex) -> SupplyVisit? {
        guard let state = supplies.state(device, supply) else { return nil }
        let slot = fleet.supplySlot(device, supply).name
        let id = state.order ?? SupplyOrder.id(device: fleet.records[device].id, supply: slot, generation: state.model.generation)
        func visit(_ item: String, _ whereabouts: String, at due: Int64) -> SupplyVisit {
            SupplyVisit(order: id, subject: "\(id)/visit", supply: "\(item) (\(slot))", whereabouts: whereabouts, dueMilliseconds: due)
        }
        guard let order = orders[id] else {
            guard orders.stock.isReserved(id), let item = orders.stock.item(reservedFor: id) else { return nil }
            return visit(item, "lies in stock", at: now)
        }
        guard !order.terms.isDryRun, order.terms.isForStock != true, order.terms.isSpare != true, !order.isOverdue else { return nil }
        switch order.state {
        case .delivered: return visit(order.item, "was delivered and is not installed", at: now)
        case .sent, .accepted, .shipped:
            let due = supplies.leadTime(device, supply, fleet).latestMilliseconds(
                from: order.terms.handedMilliseconds ?? order.decidedMilliseconds)
            let days = Double(max(0, due &- now)) / 86_400_000
            return visit(order.item, "is ordered and should be there within \(Int(days.rounded(.up))) days", at: max(due, now))
        case .planned, .awaitingApproval, .installed, .cancelled, .failed: return nil
        }
    }
}
