import CivilCalendar
import ConsumableForecast
import Documents
import FaultDetection
import Hashing
import RemoteSupport
import Replenishment
import Telemetry

/// Purchase orders: how a need becomes one and gets to its supplier, by way of stock, price, approval, company and outbox.
package struct OrderDesk: Sendable {
    static let maximumOrdersPerShipment = 100
    /// The end of the reason of a delivery that failed, where a try may have reached the receiver all the same.
    package static let uncertainWords = "; a try may have been taken"

    /// How long an order may wait for company: as long as sending it then keeps the risk at what the service level allows. The reorder rule takes a
    /// higher risk for supplies where bringing it down is dear; who would only save a parcel may not.
    struct SendWindow: Sendable {
        var end: EndDistribution
        var lead: LeadTime
        var calendar: SupplierCalendar?
        var allowedRisk: Double
        /// Event time of the forecast.
        var timeMilliseconds: Int64

        /// The end of that wait in arrival time, at most `window` from now; nil when it is beyond all time.
        func latestMilliseconds(within window: Int64, from now: Int64) -> Int64? {
            let wait = lead.safeWaitMilliseconds(from: timeMilliseconds, within: window, allowedRisk: allowedRisk, calendar: calendar) {
                end.probability(within: $0)
            }
            let (latest, overflow) = now.addingReportingOverflow(wait)
            return overflow ? nil : latest
        }
    }

    /// Another cartridge lies in a slot.
    struct Replacement: Sendable {
        var supply: String
        /// The generation of the one that was there: not always the number before, because a cartridge may come back.
        var former: Int32
        /// What was left in it.
        var residualPercent: Double
        /// What one would order for the slot now.
        var item: String
        /// What the cartridge in the slot names itself; nil where it names nothing.
        var namedItem: String?
        var lead: LeadTime
        /// The order that the supply had.
        var order: String?
    }

    /// A supply whose level is at its end.
    struct EndedSupply: Sendable {
        var supply: String
        var generation: Int32
        var order: String?
        /// What one would order for it.
        var item: String
        /// How long it was in the slot: about so long after its successor is installed somebody has to come again.
        var lastedMilliseconds: Int64
    }

    let policy: ReplenishmentPolicy
    let maximumFinished: Int
    var orders = BoundedMap<SupplyOrder>()
    package internal(set) var stock = StockLedger()
    /// The orders that travel together, by the id of the shipment.
    private(set) var shipments: [String: [String]] = [:]
    /// When an order has waited for company long enough, or a step of one is overdue: the earliest of all.
    private(set) var nextDue: Int64 = .max

    init(policy: ReplenishmentPolicy, maximumFinished: Int) {
        self.policy = policy
        self.maximumFinished = maximumFinished
    }

    package subscript(id: String) -> SupplyOrder? { orders[id] }
    package var ids: [String] { orders.ids }
    var count: Int { orders.count }
    package var all: [SupplyOrder] { orders.all }

    // MARK: Placing

    /// The seam to the forecast, which says that a supply needs an order and asks nothing else. Stock on hand may cover the need; a person may
    /// have to agree, for the reason that the order brings, by the policy, or for `storeDamage`; sending may wait for company as long as `window` allows.
    mutating func place(
        _ order: SupplyOrder, _ window: SendWindow?, _ device: DeviceIndex, supply: SupplyIndex, at time: Int64, storeDamage: String?,
        _ fleet: FleetState, _ out: inout StepOutput
    ) {
        var order = order
        if let known = known(order) {
            guard let next = afterRefutation(order) else { return out.tell(.orderOfSupply(device, supply: supply, order: known)) }
            order = next
        }
        guard orders[order.id] == nil else {
            // Only damage gives two orders one id; the one that has it must not pass for this one.
            let ticket = Ticket(
                alarm: "\(order.id)/identity", device: order.device, severity: .major, text: "\(order.item) cannot be ordered",
                reason: "the id of its order belongs to another one; order it by hand", onsetMilliseconds: out.now)
            return out.tell(.ticketWanted(device, ticket))
        }
        let isAskedByHand = order.terms.requestedBy != OrderTerms.automatic
        if !isAskedByHand {
            if let coming = spare(for: order) {
                guard let reason = reasonNotToWait(for: coming, out.now) else { return claim(coming, order, device, supply, &out) }
                order.terms.approvalReason = reason
            }
            if isCoveredByStock(order, device, at: time, &out) { return }
        }
        // A need has the id of its first order.
        stock.release(SupplyOrder.id(device: order.device, supply: order.supply, generation: order.generation))
        setTerms(&order, profile: fleet.rules(of: device).name)
        if order.terms.latestSendMilliseconds == nil { order.terms.latestSendMilliseconds = latestSend(order, window, out.now) }
        order.terms.approvalReason = isAskedByHand ? reasonToAsk(order) : order.terms.approvalReason ?? storeDamage ?? reasonToAsk(order)
        out.tell(.orderOfSupply(device, supply: supply, order: order.id))
        enter(order, at: time, fleet, &out)
    }

    /// The order begins its life: it waits for a person where it has a reason to, or is on its way to its supplier.
    mutating func enter(_ order: SupplyOrder, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput) {
        var order = order
        // The life runs on arrival time, as suppliers and people do.
        order.restart(atMilliseconds: out.now)
        if order.terms.approvalReason != nil { _ = order.move(to: .awaitingApproval, atMilliseconds: out.now) }
        orders.insert(order, id: order.id)
        orders.trim(finishedBeyond: maximumFinished, of: \.device) { $0.isOver }
        out.counters.ordersPlaced &+= 1
        out.decide(.order, at: time, device: order.device) { $0.members(of: order) }
        if order.state == .planned { route(order.id, fleet, &out) }
        schedule(order.id)
    }

    /// The order for the same generation and attempt, under the id of today or that of an earlier version.
    private func known(_ order: SupplyOrder) -> String? {
        let former = SupplyOrder.formerID(
            device: order.device, supply: order.supply, generation: order.generation, attempt: order.attempt)
        return [order.id, former].first { orders[$0]?.isSame(as: order) == true }
    }

    private mutating func isCoveredByStock(
        _ order: SupplyOrder, _ device: DeviceIndex, at time: Int64, _ out: inout StepOutput
    ) -> Bool {
        let wasReserved = stock.isReserved(order.id)
        guard stock.cover(order.id, item: order.item) else { return false }
        if !wasReserved {
            let available = stock.unitsAvailable(order.item)
            out.decide(.stockReserved, at: time, device: order.device) { writer in
                writer.member("supply", order.supply)
                writer.member("item", order.item)
                writer.member("generation", Int64(order.generation))
                writer.member("reason", order.reason)
                writer.member("unitsAvailable", available)
            }
            stockFell(order.item, device, &out)
        }
        return true
    }

    func setTerms(_ order: inout SupplyOrder, profile: String) {
        guard !policy.suppliers.isEmpty || policy.isDryRun else { return }
        let site = policy.site(ofDevice: order.device)
        let supplier = policy.supplier(item: order.item, profile: profile, site: site)
        order.terms.site = site
        order.terms.supplier = supplier?.name
        order.terms.amountHundredths = policy.priceHundredths(ofItem: order.item)
        order.terms.currency = order.terms.amountHundredths == nil ? nil : policy.currency
        order.terms.isDryRun = policy.isDryRun || supplier?.isDryRun == true
    }

    /// At the moment of decision. An order by hand waits for nobody: a person wants it now.
    private func latestSend(_ order: SupplyOrder, _ window: SendWindow?, _ now: Int64) -> Int64? {
        consolidation(of: order).flatMap { window?.latestMilliseconds(within: $0, from: now) }
    }

    /// How long its supplier's entry lets an order wait for others, in milliseconds; nil: not at all.
    func consolidation(of order: SupplyOrder) -> Int64? {
        guard order.terms.requestedBy == OrderTerms.automatic, !order.terms.isDryRun, let name = order.terms.supplier,
            let consolidation = policy.supplier(named: name)?.consolidationMilliseconds, consolidation > 0
        else { return nil }
        return consolidation
    }

    func reasonToAsk(_ order: SupplyOrder) -> String? {
        guard order.terms.supplier != nil || order.terms.isDryRun else { return nil }
        return policy.reasonToAsk(amountHundredths: order.terms.amountHundredths, spentHundredths: spentThisMonth(like: order))
    }

    /// What was ordered in the month of this order, for the same device and the same site. What never came about costs nothing.
    private func spentThisMonth(like order: SupplyOrder) -> (device: Int64, site: Int64) {
        let month = UTCText.month(order.decidedMilliseconds)
        var spent: (device: Int64, site: Int64) = (0, 0)
        for id in orders.ids where id != order.id {
            guard let other = orders[id], let amount = other.terms.amountHundredths, other.state != .cancelled, other.state != .failed,
                UTCText.month(other.decidedMilliseconds) == month
            else { continue }
            if other.device == order.device { spent.device &+= amount }
            if other.terms.site == order.terms.site { spent.site &+= amount }
        }
        return spent
    }

    // MARK: Sending

    /// A planned order whose sending nobody has to agree to any more: it waits for company, or goes.
    mutating func route(_ id: String, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let order = orders[id], order.state == .planned, !order.terms.isHandedOver else { return }
        if order.terms.isDryRun {
            _ = orders.update(id) { order in
                order.terms.isHandedOver = true
                order.note("dry run: nothing was sent")
            }
            return
        }
        guard !policy.suppliers.isEmpty else { return hand([order], supplier: "", fleet, &out) }
        guard let name = order.terms.supplier, let supplier = policy.supplier(named: name) else {
            report(
                id, .failed, detail: "no supplier of the configuration takes \(order.item)", at: out.now, fleet, &out)
            return
        }
        let (windowEnd, overflow) = out.now.addingReportingOverflow(supplier.consolidationMilliseconds)
        if supplier.consolidationMilliseconds > 0, let latest = order.terms.latestSendMilliseconds, latest > out.now {
            _ = orders.update(id) { $0.terms.holdUntilMilliseconds = overflow ? latest : min(windowEnd, latest) }
            return
        }
        release(id, fleet, &out)
    }

    /// Sends an order, and with it every other that waits for company of its kind.
    mutating func release(_ id: String, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let order = orders[id], let name = order.terms.supplier else { return }
        let scope = policy.supplier(named: name)?.consolidationScope ?? .site
        let company = orders.ids.compactMap { orders[$0] }.filter { other in
            guard other.state == .planned, !other.terms.isHandedOver, other.terms.supplier == name else { return false }
            guard other.id != id else { return true }
            let isNear = scope == .device ? other.device == order.device : other.terms.site == order.terms.site
            return isNear && other.terms.holdUntilMilliseconds != nil
        }.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        // The order of the lines, and so the key, is the same on a gateway that decided them the other way round.
        for start in stride(from: 0, to: company.count, by: Self.maximumOrdersPerShipment) {
            let some = Array(company[start..<min(start + Self.maximumOrdersPerShipment, company.count)])
            hand(some, supplier: name, fleet, &out)
        }
    }

    /// Into the outbox: one order under its own id, several as a shipment.
    private mutating func hand(_ company: [SupplyOrder], supplier: String, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let first = company.first else { return }
        var shipment: String?
        if company.count > 1 {
            let id = "sh-" + StableID.make(company.map(\.id))
            forgetShipments()
            shipments[id] = company.map(\.id)
            shipment = id
        }
        var body = JSONWriter()
        body.beginObject()
        if let shipment {
            body.member("shipment", shipment)
            body.key("orders")
            body.beginArray()
        }
        for order in company {
            if order.terms.holdUntilMilliseconds != nil, let device = fleet.device(named: order.device) {
                let waited = max(out.now &- order.life.sinceMilliseconds, 0)
                out.tell(.orderWaited(device, order: order.id, milliseconds: waited))
            }
            _ = orders.update(order.id) { order in
                order.terms.isHandedOver = true
                order.terms.handedMilliseconds = out.now
                order.terms.holdUntilMilliseconds = nil
                order.terms.shipment = shipment
            }
            if shipment != nil { body.beginObject() }
            body.member("device", order.device)
            body.members(of: order)
            if shipment != nil { body.endObject() }
        }
        if shipment != nil { body.endArray() }
        body.endObject()
        out.effects.append(
            .deliver(
                Delivery(
                    key: shipment ?? first.id, channel: .order, device: first.device, topic: supplier, body: body.bytes,
                    expiresMilliseconds: nil)))
    }

    /// Shipments whose orders have all come to an end are asked about no more.
    private mutating func forgetShipments() {
        guard shipments.count >= maximumFinished else { return }
        shipments = shipments.filter { $0.value.contains { orders[$0]?.state.isFinal == false } }
    }

    /// The time until which an order that waits, for company or for a person, was promised to be able to wait; nil for any other order.
    func promisedMilliseconds(_ id: String, _ now: Int64) -> Int64? {
        guard let order = orders[id], order.state.isOurs, !order.terms.isHandedOver, let promised = order.terms.latestSendMilliseconds,
            promised > now
        else { return nil }
        return promised
    }

    /// News of the supply: the wait becomes shorter, or is over. It never becomes longer, so that what was promised at the decision holds.
    mutating func shortenWait(_ id: String, to latest: Int64, _ fleet: FleetState, _ out: inout StepOutput) {
        _ = orders.update(id) { order in
            order.terms.latestSendMilliseconds = latest
            if let hold = order.terms.holdUntilMilliseconds { order.terms.holdUntilMilliseconds = min(hold, latest) }
        }
        guard orders[id]?.waitsForCompany == true else { return }
        if latest <= out.now { release(id, fleet, &out) } else { schedule(id) }
    }

    // MARK: Time

    /// An early look at the orders costs little; a late one would let one wait too long.
    mutating func schedule(_ id: String) { nextDue = min(nextDue, dueMilliseconds(id)) }

    mutating func findNextDue() { nextDue = orders.ids.reduce(.max) { min($0, dueMilliseconds($1)) } }

    private func dueMilliseconds(_ id: String) -> Int64 {
        guard let order = orders[id], !order.isOver else { return .max }
        let hold = order.waitsForCompany ? order.terms.holdUntilMilliseconds ?? .max : .max
        let deadline = order.isOverdue ? nil : policy.deadlines.deadlineMilliseconds(order)
        return min(hold, deadline ?? .max)
    }

    mutating func expire(_ fleet: FleetState, _ out: inout StepOutput) {
        guard out.now >= nextDue else { return }
        for id in orders.ids {
            guard let order = orders[id], !order.isOver else { continue }
            if order.waitsForCompany, let hold = order.terms.holdUntilMilliseconds, out.now >= hold { release(id, fleet, &out) }
            let deadline = orders[id].flatMap { policy.deadlines.deadlineMilliseconds($0) }
            if !order.isOverdue, let deadline, out.now >= deadline { overdue(id, fleet, &out) }
        }
        findNextDue()
    }

    private static func overdueCondition(_ order: SupplyOrder) -> String { "order-overdue/\(order.supply)" }

    private mutating func overdue(_ id: String, _ fleet: FleetState, _ out: inout StepOutput) {
        _ = orders.update(id) { $0.isOverdue = true }
        guard let order = orders[id], let device = fleet.device(named: order.device) else { return }
        let cause = AlarmCause(
            condition: Self.overdueCondition(order), source: .order, severity: .minor,
            text: "The order of \(order.item) is \(order.state.rawValue.replacing("-", with: " ")) for too long",
            onsetMilliseconds: out.now)
        out.tell(.conditionBegan(device, cause, at: out.now))
    }

    /// The order moved on, so it is overdue no longer.
    mutating func settleOverdue(_ id: String, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let order = orders[id], order.isOverdue else { return }
        _ = orders.update(id) { $0.isOverdue = false }
        guard let device = fleet.device(named: order.device) else { return }
        out.tell(.conditionEnded(device, condition: Self.overdueCondition(order), source: .order, at: out.now))
    }

    // MARK: Doors

    /// Damage of the store: what is on its way to the outbox may have gone already, alone or with others.
    mutating func askAgain(reason: String, _ fleet: FleetState, _ out: inout StepOutput) {
        for id in orders.ids {
            guard let order = orders[id], order.state == .planned, !order.terms.isHandedOver, !order.terms.isDryRun else { continue }
            _ = orders.update(id) { $0.terms.approvalReason = reason }
            report(id, .awaitingApproval, detail: reason, at: out.now, fleet, &out)
        }
    }

    /// The device goes: its orders are called off.
    mutating func cancelAll(of device: String, by person: String, _ fleet: FleetState, _ out: inout StepOutput) {
        for order in orders.ids
        where orders[order]?.device == device && orders[order]?.state.isFinal == false && orders[order]?.terms.isForStock != true {
            _ = cancel(order, by: person, "the device was removed", fleet, &out)
        }
    }

    /// The gateway's clock was set.
    mutating func shift(byMilliseconds step: Int64) {
        for id in orders.ids where orders[id]?.state.isFinal == false { _ = orders.update(id) { $0.shift(byMilliseconds: step) } }
        findNextDue()
    }

    // MARK: Snapshot

    struct Memory: Codable {
        var trimCount: Int
        var stock = StockLedger()
        var shipments: [String: [String]] = [:]
    }

    var memory: Memory { Memory(trimCount: orders.nextTrimCount, stock: stock, shipments: shipments) }

    mutating func restore(_ order: SupplyOrder) { orders.insert(order, id: order.id) }

    /// After the orders.
    mutating func restore(_ memory: Memory) {
        orders.restore(nextTrimCount: memory.trimCount)
        stock = memory.stock
        shipments = memory.shipments
    }

    func digestLine(_ place: Int) -> String? {
        guard let order = orders[orders.ids[place]] else { return nil }
        // How long it may wait, not until when: that is arrival time, as a deadline is.
        let wait = order.terms.latestSendMilliseconds.map { " may wait \($0 &- order.life.sinceMilliseconds)" } ?? ""
        let attempt = order.attempt > 1 ? " attempt \(order.attempt)" : ""
        return "order \(order.id)\(attempt) \(order.state.rawValue) \(order.decidedMilliseconds)\(wait)"
    }

    var stockLines: [String] { stock.items.map { "stock \($0) \(stock.unitsOnHand($0)) \(stock.unitsReserved($0))" } }

    /// What stock covers was taken aside under the ids of an earlier version; a second unit must not be.
    mutating func renameFormerNeed(device: String, supply: String, generation: Int32) {
        stock.rename(
            SupplyOrder.formerID(device: device, supply: supply, generation: generation),
            to: SupplyOrder.id(device: device, supply: supply, generation: generation))
    }
}
