import ConsumableForecast
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
        visitIfEnded(device, profile, supply, &effects)
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
        place(order, device: device, supply: supply, at: time, &effects)
    }

    /// Another cartridge lies in the slot.
    private mutating func replaced(
        _ device: Int, _ profile: Int, _ supply: Int, _ residual: Double, _ time: Int64, _ effects: inout [Effect]
    ) {
        let name = layouts[profile].supplies[supply].name
        effects.decide(.supplyReplaced, at: time, device: records[device].id) { writer in
            writer.member("supply", name)
            writer.member("generation", Int64(records[device].supplies[supply].model.generation))
            writer.member("residualPercent", residual)
        }
        installed(device, profile, supply, at: time, &effects)
    }
}
