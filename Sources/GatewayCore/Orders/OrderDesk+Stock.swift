import CivilCalendar
import Documents
import Replenishment
import Telemetry

/// The cupboard of the site: counted by people, drawn down when a new cartridge is seen in a slot, and replenished at its reorder point.
extension OrderDesk {
    /// - Parameter device: whose need or installation took the unit; nil when a person changed the count.
    func stockFell(_ item: String, _ device: DeviceIndex?, _ out: inout StepOutput) {
        if unitsToOrder(item) > 0 { out.tell(.stockShort(item: item, device)) }
    }

    /// What the stock lacks. Nothing is ordered for what nobody has counted: unknown is not none.
    func unitsToOrder(_ item: String) -> Int {
        guard let rule = policy.stockRules[item], stock.isCounted(item) else { return 0 }
        return rule.unitsToOrder(available: stock.unitsAvailable(item), onOrder: unitsOnOrder(item))
    }

    /// Units on their way to the shelf: ordered for it, or for a cartridge in whose place a spare was installed.
    package func unitsOnOrder(_ item: String) -> Int {
        orders.ids.reduce(0) { count, id in
            guard let order = orders[id], order.item == item, !order.isOver, order.terms.isSpare == true else { return count }
            return count + 1
        }
    }

    /// Orders one unit for the shelf. It waits for others to travel with as long as its supplier's entry says, because nothing stands still
    /// without it.
    mutating func placeForStock(
        _ item: String, _ rule: StockRule, device: String, supply: String, profile: String, storeDamage: String?, _ fleet: FleetState,
        _ out: inout StepOutput
    ) {
        let reason =
            "the stock has \(stock.unitsAvailable(item)) free and \(unitsOnOrder(item)) on order; it is ordered at \(rule.reorderPoint), "
            + "up to \(rule.orderUpTo)"
        var order = SupplyOrder(
            forStock: item, number: stock.nextOrderNumber(item), device: device, supply: supply, reason: reason,
            decidedMilliseconds: out.now)
        guard orders[order.id] == nil else { return }
        setTerms(&order, profile: profile)
        order.terms.latestSendMilliseconds = consolidation(of: order).map { out.now.shifted(byMilliseconds: $0) }
        order.terms.approvalReason = storeDamage ?? reasonToAsk(order)
        enter(order, at: out.now, fleet, &out)
    }

    /// A person counted, or put units on the shelf. What was put there is what was ordered for it, as far as nobody has reported it.
    mutating func changeStock(
        _ change: StockChange, by person: String, _ fleet: FleetState, _ out: inout StepOutput
    ) -> Bool {
        let item = change.item
        switch change {
        case .counted(_, let units): guard stock.set(item, units: units) else { return false }
        case .added(_, let units):
            guard stock.add(item, units: units) else { return false }
            if units > 0 { arrived(units, item, by: person, fleet, &out) }
        }
        decideStock(item, device: "", &out) { $0.member("by", person) }
        stockFell(item, nil, &out)
        return true
    }

    enum StockChange {
        case counted(item: String, units: Int)
        case added(item: String, units: Int)

        var item: String {
            switch self {
            case .counted(let item, _), .added(let item, _): item
            }
        }
    }

    private mutating func arrived(_ units: Int, _ item: String, by person: String, _ fleet: FleetState, _ out: inout StepOutput) {
        let coming = orders.ids.filter { id in
            guard let order = orders[id], order.item == item, !order.isOver, order.terms.isForStock == true else { return false }
            return order.terms.isHandedOver && !order.terms.isDryRun
        }
        for id in coming.prefix(units) {
            // The person has counted it already.
            _ = orders.update(id) { $0.terms.isShelved = true }
            report(id, .delivered, detail: "\(person) put it on the shelf", at: out.now, fleet, &out)
        }
    }

    /// A cartridge was installed that no order brought.
    mutating func draw(_ item: String, for order: String, _ device: String, _ fleet: FleetState, _ out: inout StepOutput) {
        guard stock.install(item, for: order) else { return }
        decideStock(item, device: device, &out) { $0.member("installed", 1) }
        stockFell(item, fleet.device(named: device), &out)
        // What lay there longest is in use now.
        guard let shelved = orders.ids.first(where: { orders[$0]?.terms.isShelved == true && orders[$0]?.item == item }) else { return }
        _ = orders.update(shelved) {
            $0.terms.isShelved = nil
            _ = $0.move(to: .installed, atMilliseconds: out.now, detail: "it lay on the shelf, and is installed in \(device)")
        }
    }

    func decideStock(_ item: String, device: String, _ out: inout StepOutput, _ more: (inout JSONWriter) -> Void) {
        out.decide(.stock, at: out.now, device: device) { writer in
            writer.member("item", item)
            writer.member("units", stock.unitsOnHand(item))
            more(&writer)
        }
    }
}
