import CivilCalendar
import ConsumableForecast
import Documents
import Hashing
import RemoteSupport
import Replenishment
import Telemetry

/// How an order comes to be and gets to its supplier: stock, supplier, price, approval, company, outbox.
extension StewardCore {
    static var maximumOrdersPerShipment: Int { 100 }

    /// The seam to the forecast, which says that a supply needs an order and asks nothing else. Stock on hand may cover the need; a person
    /// may have to agree; sending may wait for company until `latestSendMilliseconds`.
    /// - Returns: whether there is an order for this generation now.
    @discardableResult
    mutating func place(_ order: SupplyOrder, device: DeviceIndex, supply: Int, at time: Int64, _ effects: inout [Effect]) -> Bool {
        if let known = known(order) {
            fleet.records[device].supplies[supply].order = known
            return true
        }
        guard orders[order.id] == nil else {
            // Only damage gives two orders one id; the one that has it must not pass for this one.
            openTicket(
                device,
                Ticket(
                    alarm: "\(order.id)/identity", device: order.device, severity: .major, text: "\(order.item) cannot be ordered",
                    reason: "the id of its order belongs to another one; order it by hand", onsetMilliseconds: now), &effects)
            return false
        }
        let isAskedByHand = order.terms.requestedBy != OrderTerms.automatic
        if !isAskedByHand, isCoveredByStock(order, at: time, &effects) { return false }
        // A need has the id of its first order.
        stock.release(SupplyOrder.id(device: order.device, supply: order.supply, generation: order.generation))
        var order = order
        setTerms(&order, profile: fleet.profiles[fleet.devices[device].profile].layout.profile.name)
        if order.terms.latestSendMilliseconds == nil {
            order.terms.latestSendMilliseconds = latestSendMilliseconds(order, device: device, supply: supply, at: time)
        }
        // The life runs on arrival time, as suppliers and people do.
        order.restart(atMilliseconds: now)
        if let reason = reasonToAsk(order, isAskedByHand) {
            order.terms.approvalReason = reason
            _ = order.take(.requireApproval, atMilliseconds: now)
        }
        fleet.records[device].supplies[supply].order = order.id
        orders.insert(order, id: order.id)
        orders.trim(finishedBeyond: configuration.maximumFinished, of: \.device) { $0.state.isFinal }
        counters.ordersPlaced &+= 1
        effects.decide(.order, at: time, device: order.device) { $0.members(of: order) }
        if order.state == .planned { route(order.id, &effects) }
        scheduleOrder(order.id)
        return true
    }

    /// The order for the same generation and attempt, under the id of today or that of an earlier version.
    private func known(_ order: SupplyOrder) -> String? {
        let former = SupplyOrder.formerID(
            device: order.device, supply: order.supply, generation: order.generation, attempt: order.attempt)
        return [order.id, former].first { orders[$0]?.isSame(as: order) == true }
    }

    /// What stock covers was taken aside under the ids of an earlier version; a second unit must not be.
    mutating func renameFormerNeeds() {
        guard !stock.needs.isEmpty else { return }
        for device in fleet.devices.indices {
            let layout = fleet.profiles[fleet.devices[device].profile].layout
            for (index, supply) in fleet.records[device].supplies.enumerated() where index < layout.supplies.count {
                let (name, slot, generation) = (fleet.records[device].id, layout.supplies[index].name, supply.model.generation)
                stock.rename(
                    SupplyOrder.formerID(device: name, supply: slot, generation: generation),
                    to: SupplyOrder.id(device: name, supply: slot, generation: generation))
            }
        }
    }

    /// Units that are on hand and not meant for another need.
    func unitsAvailable(_ item: String) -> Int { stock.unitsAvailable(item) }

    private mutating func isCoveredByStock(_ order: SupplyOrder, at time: Int64, _ effects: inout [Effect]) -> Bool {
        let wasReserved = stock.isReserved(order.id)
        guard stock.cover(order.id, item: order.item) else { return false }
        if !wasReserved {
            effects.decide(.stockReserved, at: time, device: order.device) { writer in
                writer.member("supply", order.supply)
                writer.member("item", order.item)
                writer.member("generation", Int64(order.generation))
                writer.member("reason", order.reason)
                writer.member("unitsAvailable", stock.unitsAvailable(order.item))
            }
        }
        return true
    }

    private func setTerms(_ order: inout SupplyOrder, profile: String) {
        let policy = configuration.replenishment
        guard !policy.suppliers.isEmpty || policy.isDryRun else { return }
        let site = policy.site(ofDevice: order.device)
        let supplier = policy.supplier(item: order.item, profile: profile, site: site)
        order.terms.site = site
        order.terms.supplier = supplier?.name
        order.terms.amountHundredths = policy.priceHundredths(ofItem: order.item)
        order.terms.currency = order.terms.amountHundredths == nil ? nil : policy.currency
        order.terms.isDryRun = policy.isDryRun || supplier?.isDryRun == true
    }

    private func reasonToAsk(_ order: SupplyOrder, _ isAskedByHand: Bool) -> String? {
        if !isAskedByHand, let reason = reasonToAskAboutDamage { return reason }
        guard order.terms.supplier != nil || order.terms.isDryRun else { return nil }
        return configuration.replenishment.reasonToAsk(
            amountHundredths: order.terms.amountHundredths, spentHundredths: spentThisMonth(like: order))
    }

    /// What was ordered in the month of this order, for the same device and the same site. What never came about costs nothing.
    func spentThisMonth(like order: SupplyOrder) -> (device: Int64, site: Int64) {
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

    /// A planned order whose sending nobody has to agree to any more: it waits for company, or goes.
    mutating func route(_ id: String, _ effects: inout [Effect]) {
        guard let order = orders[id], order.state == .planned, !order.terms.isHandedOver else { return }
        if order.terms.isDryRun {
            _ = orders.update(id) { order in
                order.terms.isHandedOver = true
                order.note("dry run: nothing was sent")
            }
            return
        }
        guard !configuration.replenishment.suppliers.isEmpty else { return hand([order], supplier: "", &effects) }
        guard let name = order.terms.supplier, let supplier = configuration.replenishment.supplier(named: name) else {
            moved(id, to: .failed, reference: nil, detail: "no supplier of the configuration takes \(order.item)", at: now, &effects)
            return
        }
        let (windowEnd, overflow) = now.addingReportingOverflow(supplier.consolidationMilliseconds)
        if supplier.consolidationMilliseconds > 0, let latest = order.terms.latestSendMilliseconds, latest > now {
            _ = orders.update(id) { $0.terms.holdUntilMilliseconds = overflow ? latest : min(windowEnd, latest) }
            return
        }
        release(id, &effects)
    }

    /// Sends an order, and with it every other that waits for company of its kind.
    mutating func release(_ id: String, _ effects: inout [Effect]) {
        guard let order = orders[id], let name = order.terms.supplier else { return }
        let scope = configuration.replenishment.supplier(named: name)?.consolidationScope ?? .site
        let company = orders.ids.compactMap { orders[$0] }.filter { other in
            guard other.state == .planned, !other.terms.isHandedOver, other.terms.supplier == name else { return false }
            guard other.id != id else { return true }
            let isNear = scope == .device ? other.device == order.device : other.terms.site == order.terms.site
            return isNear && other.terms.holdUntilMilliseconds != nil
        }.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        // The order of the lines, and so the key, is the same on a gateway that decided them the other way round.
        for start in stride(from: 0, to: company.count, by: Self.maximumOrdersPerShipment) {
            hand(Array(company[start..<min(start + Self.maximumOrdersPerShipment, company.count)]), supplier: name, &effects)
        }
    }

    /// Into the outbox: one order under its own id, several as a shipment.
    private mutating func hand(_ company: [SupplyOrder], supplier: String, _ effects: inout [Effect]) {
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
            countWait(of: order)
            _ = orders.update(order.id) { order in
                order.terms.isHandedOver = true
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
        effects.append(
            .deliver(
                Delivery(
                    key: shipment ?? first.id, channel: .order, device: first.device, topic: supplier, body: body.bytes,
                    expiresMilliseconds: nil)))
    }

    /// Shipments whose orders have all come to an end are asked about no more.
    private mutating func forgetShipments() {
        guard shipments.count >= configuration.maximumFinished else { return }
        shipments = shipments.filter { $0.value.contains { orders[$0]?.state.isFinal == false } }
    }

    // MARK: People

    /// Why this person cannot agree to this order; nil when that is well.
    public func problem(approving id: String, by person: String) -> String? {
        guard let order = orders[id] else { return "there is no such order" }
        guard order.state == .awaitingApproval else { return "the order is \(order.state.rawValue) and waits for no approval" }
        let name = Self.folded(person)
        if name.isEmpty { return "the name of who approves is empty" }
        if name == Self.folded(order.terms.requestedBy) { return "\(person) asked for it; a second person has to approve" }
        return nil
    }

    /// `Ann` and ` ann` are one person.
    private static func folded(_ name: String) -> String { name.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ") }

    mutating func take(_ event: OrderEvent, _ effects: inout [Effect]) {
        let isTaken: Bool
        switch event {
        case .approve(let order, let by): isTaken = approve(order, by, &effects)
        case .reject(let order, let by, let reason):
            let detail = "rejected by \(by)" + (reason.map { ": " + $0 } ?? "")
            isTaken =
                orders[order]?.state == .awaitingApproval
                && moved(order, to: .cancelled, reference: nil, detail: detail, at: now, &effects)
        case .cancel(let order, let by, let reason): isTaken = cancel(order, by, reason, &effects)
        case .request(let device, let supply, let by): isTaken = request(device, supply, by, &effects)
        case .duplicate(let key, let detail): isTaken = duplicated(key, detail, &effects)
        case .line(let key, let line, let state, let reference, let detail):
            let lines = ordersOf(key)
            isTaken =
                lines.indices.contains(line - 1)
                && moved(lines[line - 1], to: state, reference: reference, detail: detail, at: now, &effects)
        case .stockCounted(let item, let units, let by): isTaken = stockChanged(item, by, &effects) { $0.set(item, units: units) }
        case .stockAdded(let item, let units, let by): isTaken = stockChanged(item, by, &effects) { $0.add(item, units: units) }
        }
        if !isTaken { counters.refusedControls &+= 1 }
    }

    private mutating func approve(_ id: String, _ person: String, _ effects: inout [Effect]) -> Bool {
        guard problem(approving: id, by: person) == nil, let device = orders[id]?.device else { return false }
        let now = now
        _ = orders.update(id) { order in
            _ = order.take(.approve, atMilliseconds: now)
            order.terms.approvedBy = person
        }
        settleOverdue(id, &effects)
        effects.decide(.orderUpdated, at: now, device: device) { writer in
            writer.member("order", id)
            writer.member("state", SupplyOrder.State.planned.rawValue)
            writer.member("approvedBy", person)
        }
        route(id, &effects)
        scheduleOrder(id)
        return true
    }

    /// Calls an order off, and tells the supplier where it may have heard of it.
    mutating func cancel(_ id: String, _ person: String, _ reason: String?, _ effects: inout [Effect]) -> Bool {
        guard let before = orders[id] else { return false }
        let detail = "cancelled by \(person)" + (reason.map { ": " + $0 } ?? "")
        guard moved(id, to: .cancelled, reference: nil, detail: detail, at: now, &effects) else { return false }
        if before.state != .cancelled { callOff(before, detail, &effects) }
        return true
    }

    /// Takes a cancelled order back from the outbox, and from the supplier, whom a try may have reached.
    mutating func callOff(_ before: SupplyOrder, _ detail: String, _ effects: inout [Effect]) {
        let id = before.id
        guard before.terms.isHandedOver, !before.terms.isDryRun, !before.terms.isDuplicate else { return }
        // What is still in the outbox stays there; with company in the shipment only the line is called off.
        if before.terms.shipment == nil { effects.append(.withdraw(key: id)) }
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
        effects.append(
            .deliver(
                Delivery(
                    key: SupplyOrder.cancellationKey(id), channel: .order, device: before.device, topic: before.terms.supplier ?? "",
                    body: body.bytes, expiresMilliseconds: nil)))
    }

    /// Another gateway that sees the same device was first: its order is the one that comes.
    private mutating func duplicated(_ key: String, _ detail: String?, _ effects: inout [Effect]) -> Bool {
        let mine = ordersOf(key)
        // Of a shipment that has just gone a supplier may say so for a line; what it has accepted since is an echo of our own.
        for id in mine where orders[id]?.state.isOurs == true || orders[id]?.state == .sent {
            _ = orders.update(id) { $0.terms.isDuplicate = true }
            moved(
                id, to: .cancelled, reference: nil, detail: "duplicate: " + (detail ?? "the supplier has this order from another gateway"),
                at: now, &effects)
        }
        return !mine.isEmpty
    }
}
