import ConsumableForecast
import RemoteSupport
import Replenishment
import Telemetry

/// Supplies: each level reading teaches the model; when the forecast crosses the reorder point, one order is placed for the generation.
extension StewardCore {
    /// `cartridge` is the same number for the same cartridge, where the device tells one from the next.
    mutating func level(
        _ device: Int, _ profile: Int, _ supply: Int, _ level: SupplyLevel, cartridge: UInt64?, _ time: Int64, _ effects: inout [Effect]
    ) {
        let counterSlot = layouts[profile].supplies[supply].counter
        var counter: Double?
        if counterSlot >= 0 {
            let metric = metrics[Int(hot[device].firstMetric + counterSlot)]
            counter = metric.isUnknown ? nil : metric.value
        }
        let change = records[device].supplies[supply].model.observe(
            timeMilliseconds: time, levelPercent: level.percent, counter: counter)
        switch change {
        case .newGeneration(let residual): replaced(device, profile, supply, residual, time, &effects)
        case .none, .levelChanged, .late: break
        }
        // The forecast moves with levels and with days; asking once an hour and at each step of the level is enough.
        let evaluated = records[device].supplies[supply].evaluatedMilliseconds
        guard isFresh(time) else {
            // What the past has changed is asked by the first reading of the present.
            if change != .none { records[device].supplies[supply].evaluatedMilliseconds = .min }
            return
        }
        // Nothing is ordered because of an unknown.
        guard level.percent != nil else { return }
        if case .levelChanged = change {
        } else if evaluated != .min, time &- evaluated < 3_600_000 {
            return
        }
        records[device].supplies[supply].evaluatedMilliseconds = time
        reorder(device, profile, supply, time, &effects)
    }

    private mutating func reorder(_ device: Int, _ profile: Int, _ supply: Int, _ time: Int64, _ effects: inout [Effect]) {
        let slot = layouts[profile].supplies[supply]
        let rule = layouts[profile].profile.supplies[slot.rule]
        let model = records[device].supplies[supply].model
        guard rule.isOrdered, records[device].supplies[supply].order == nil else { return }
        var days: [Double]?
        if case .estimate(let estimate) = model.forecast(atMilliseconds: time) {
            days = [estimate.daysLeftP5, estimate.daysLeftP50, estimate.daysLeftP95]
        }
        let reason = ReorderRule.reason(
            levelPercent: model.levelPercent, daysLeft5Percent: days?[0], leadTimeMilliseconds: rule.leadTimeMilliseconds,
            floorPercent: rule.floorPercent)
        guard let reason, let level = model.levelPercent else { return }
        let order = SupplyOrder(
            device: records[device].id, supply: slot.name, item: item(device, profile, supply), generation: model.generation,
            reason: reason,
            decidedMilliseconds: time,
            levelPercent: level, daysLeft: days)
        records[device].supplies[supply].order = order.id
        guard orders[order.id] == nil else { return }
        orders.insert(order, id: order.id)
        orders.trim(finishedBeyond: configuration.maximumFinished) { $0.state.isFinal }
        counters.ordersPlaced &+= 1
        effects.decide(.order, at: time, device: order.device) { $0.members(of: order) }
        var body = JSONWriter()
        body.beginObject()
        body.member("device", order.device)
        body.members(of: order)
        body.endObject()
        effects.append(
            .deliver(Delivery(key: order.id, channel: .order, device: order.device, topic: "", body: body.bytes, expiresMilliseconds: nil)))
    }

    /// Another cartridge lies in the slot: the order for the one before has done its work.
    private mutating func replaced(
        _ device: Int, _ profile: Int, _ supply: Int, _ residual: Double, _ time: Int64, _ effects: inout [Effect]
    ) {
        let name = layouts[profile].supplies[supply].name
        effects.decide(.supplyReplaced, at: time, device: records[device].id) { writer in
            writer.member("supply", name)
            writer.member("generation", Int64(records[device].supplies[supply].model.generation))
            writer.member("residualPercent", residual)
        }
        guard let order = records[device].supplies[supply].order else { return }
        records[device].supplies[supply].order = nil
        moved(order, to: .installed, reference: nil, detail: nil, at: time, &effects)
    }

    /// An order that failed is not placed again by itself: whatever refused it would refuse it again. A person is told.
    private mutating func orderFailed(_ id: String, _ detail: String?, _ effects: inout [Effect]) {
        guard let order = orders[id], let device = deviceIndex[order.device] else { return }
        openTicket(
            Int(device),
            Ticket(
                alarm: id, device: order.device, severity: .minor, text: "The order of \(order.item) failed",
                reason: detail ?? "the supplier gave no reason",
                onsetMilliseconds: order.decidedMilliseconds), &effects)
    }

    /// A report on an order. False when there is no such order or it refuses the report; the reason goes to the journal.
    @discardableResult
    mutating func moved(
        _ id: String, to state: SupplyOrder.State, reference: String?, detail: String?, at time: Int64, _ effects: inout [Effect]
    ) -> Bool {
        guard let device = orders[id]?.device else { return false }
        let change = orders.update(id) { $0.report(state, reference: reference, detail: detail) }
        switch change {
        case .moved:
            if state == .failed { orderFailed(id, detail, &effects) }
            effects.decide(.orderUpdated, at: time, device: device) { writer in
                writer.member("order", id)
                writer.member("state", state.rawValue)
                writer.member("reference", reference)
                writer.member("detail", detail)
            }
            return true
        case .repeated: return true
        case .refused, nil: return false
        }
    }
}

extension JSONWriter {
    mutating func members(of order: SupplyOrder) {
        member("order", order.id)
        member("supply", order.supply)
        member("item", order.item)
        member("generation", Int64(order.generation))
        member("reason", order.reason)
        member("levelPercent", order.levelPercent)
        if let days = order.daysLeft {
            key("daysLeft")
            beginArray()
            for day in days { number(day) }
            endArray()
        }
        member("state", order.state.rawValue)
    }
}
