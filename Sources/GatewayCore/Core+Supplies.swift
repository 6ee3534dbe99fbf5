import ConsumableForecast
import Documents
import RemoteSupport
import Replenishment
import Telemetry

/// Supplies: each level reading teaches the model; when the forecast crosses the reorder point, one order is placed for the generation.
extension StewardCore {
    /// Reports come a little early or late; a question is due again after most of an hour.
    private static var questionMilliseconds: Int64 { 45 * 60_000 }

    /// `cartridge` is the same number for the same cartridge, where the device tells one from the next.
    mutating func level(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, _ level: SupplyLevel, cartridge: UInt64?, _ time: Int64,
        _ effects: inout [Effect]
    ) {
        let counter = fleet.value(device, fleet.profiles[profile].layout.supplies[supply].counter).known
        let before = fleet.records[device].supplies[supply].model.generation
        let change = fleet.records[device].supplies[supply].model.observe(
            timeMilliseconds: time, level: level, counter: counter, serial: cartridge,
            fleet: &fleet.profiles[fleet.profiles[profile].base].learned.priors)
        switch change {
        case .newGeneration(let residual): replaced(device, profile, supply, before, residual, time, &effects)
        case .reinserted: putBack(device, profile, supply)
        case .none, .levelChanged, .late: break
        }
        noteThreshold(device, supply, change, time)
        // The forecast moves with levels and with days; asking once an hour and at each step of the level is enough.
        let evaluated = fleet.records[device].supplies[supply].evaluatedMilliseconds
        guard isFresh(time) else {
            // What the past has changed is asked by the first reading of the present.
            if change != .none { fleet.records[device].supplies[supply].evaluatedMilliseconds = .min }
            return
        }
        if case .levelChanged = change {
        } else if evaluated != .min, time &- evaluated < Self.questionMilliseconds {
            return
        }
        // Nothing is ordered because of an unknown, and not beside one either.
        switch level {
        case .unknown, .noLimit: return
        case .percent, .interval: break
        }
        // Two cartridges are possible, and an order for the one that has perhaps gone already would be one too many.
        guard !fleet.records[device].supplies[supply].model.awaitsProof else { return }
        fleet.records[device].supplies[supply].evaluatedMilliseconds = time
        visitIfEnded(device, profile, supply, &effects)
        reconsiderWait(device, profile, supply, time, &effects)
        reorder(device, profile, supply, time, &effects)
    }

    /// The threshold that people use today, beside which a backtest is read.
    static var thresholdPercent: Double { 20 }

    private mutating func noteThreshold(_ device: DeviceIndex, _ supply: Int, _ change: SupplyChange, _ time: Int64) {
        guard case .levelChanged(_, let level) = change, level <= Self.thresholdPercent,
            fleet.records[device].supplies[supply].thresholdMilliseconds == nil
        else { return }
        fleet.records[device].supplies[supply].thresholdMilliseconds = time
    }

    func reorderRule(_ rule: SupplyRule) -> ReorderRule {
        ReorderRule(serviceLevel: rule.serviceLevel ?? configuration.serviceLevel, floorPercent: rule.floorPercent)
    }

    /// Nil without a forecast.
    func reorderQuestion(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, _ time: Int64) -> ReorderQuestion? {
        let rule = fleet.profiles[profile].layout.profile.supplies[fleet.profiles[profile].layout.supplies[supply].rule]
        let known = fleet.profiles[fleet.profiles[profile].base].learned
        guard
            case .success(let end) = fleet.records[device].supplies[supply].model.endDistribution(atMilliseconds: time, fleet: known.priors)
        else { return nil }
        return ReorderQuestion(
            end: end, lead: leadTime(device, profile, supply), calendar: supplierCalendar(device, profile, supply), rule: reorderRule(rule),
            price: known.price,
            timeMilliseconds: time, gapDays: fleet.records[device].supplies[supply].model.expectedGapDays(atMilliseconds: time))
    }

    private mutating func reorder(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, _ time: Int64, _ effects: inout [Effect]) {
        let slot = fleet.profiles[profile].layout.supplies[supply]
        let rule = fleet.profiles[profile].layout.profile.supplies[slot.rule]
        guard rule.isOrdered, fleet.records[device].supplies[supply].order == nil else { return }
        let lead = leadTime(device, profile, supply)
        // Most supplies are far from their end, and a glance tells.
        if let left = fleet.records[device].supplies[supply].model.roughDaysLeft, left > 3 * lead.days + 14 { return }
        var days: [Double]?
        var risk = 1.0
        let reason: String
        let question = reorderQuestion(device, profile, supply, time)
        if let question {
            guard let weighing = question.orderingWeighing else { return }
            risk = weighing.risk
            let range = [question.end.quantile(0.05), question.end.quantile(0.5), question.end.quantile(0.95)]
            days = range
            reason = question.rule.reason(weighing, leadDays: lead.days, daysLeft: range)
        } else if let text = reorderRule(rule).reasonWithoutForecast(
            levelPercent: fleet.records[device].supplies[supply].model.levelPercent)
        {
            reason = text
        } else if fleet.records[device].supplies[supply].model.saidLowPercent != nil {
            reason = ReorderRule.reasonOfLow
        } else {
            return
        }
        let state = fleet.records[device].supplies[supply]
        let order = SupplyOrder(
            device: fleet.records[device].id, supply: slot.name, item: item(device, profile, supply), generation: state.model.generation,
            reason: reason, decidedMilliseconds: time, levelPercent: state.model.levelPercent ?? state.model.estimatedPercent ?? 0,
            daysLeft: days)
        place(order, device: device, supply: supply, at: time, &effects)
        // What stock covers is asked again with every report; it was decided once.
        guard state.orderedMilliseconds == nil else { return }
        fleet.records[device].supplies[supply].orderedMilliseconds = time
        fleet.records[device].supplies[supply].orderRisk = risk
        // As for the lives that are judged: of one that is too short for any order, the price learns nothing.
        guard let days, Self.isLongEnough(lifeDays: Self.days(since: state.installedMilliseconds, until: time) + days[1], lead) else {
            return
        }
        fleet.profiles[fleet.profiles[profile].base].learned.price.ordered(risk: risk, serviceLevel: reorderRule(rule).serviceLevel)
    }

    /// Another cartridge lies in the slot: the order for the one before has done its work, and what was foretold of it is judged.
    private mutating func replaced(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, _ former: Int32, _ residual: Double, _ time: Int64,
        _ effects: inout [Effect]
    ) {
        let slot = fleet.profiles[profile].layout.supplies[supply]
        let generation = fleet.records[device].supplies[supply].model.generation
        judge(device, profile, supply, endedAt: time)
        var decision = Decision(.supplyReplaced, at: time, device: fleet.records[device].id) { writer in
            writer.member("supply", slot.name)
            writer.member("generation", Int64(generation))
            // An estimate: more digits than the device's own would pretend to know.
            writer.member("residualPercent", (residual * 10).rounded() / 10)
        }
        let state = fleet.records[device].supplies[supply]
        let lead = leadTime(device, profile, supply)
        // What nobody orders is not late.
        if fleet.profiles[profile].layout.profile.supplies[slot.rule].isOrdered {
            decision.life = SupplyLife(
                supply: slot.name, installedMilliseconds: state.installedMilliseconds, endedMilliseconds: time,
                orderedMilliseconds: state.orderedMilliseconds, thresholdMilliseconds: state.thresholdMilliseconds, leadDays: lead.days,
                leadSpread: lead.spread, calendar: supplierCalendar(device, profile, supply), residualPercent: residual)
        }
        effects.append(.decision(decision))
        fleet.records[device].supplies[supply].thresholdMilliseconds = nil
        fleet.records[device].supplies[supply].installedMilliseconds = time
        fleet.records[device].supplies[supply].orderedMilliseconds = nil
        installed(device, profile, supply, instead: former, left: residual, at: time, &effects)
    }

    /// Compares the risk that was foretold with the share of lead times that would have come too late, so that the price stays honest.
    private mutating func judge(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, endedAt time: Int64) {
        let state = fleet.records[device].supplies[supply]
        let rule = fleet.profiles[profile].layout.profile.supplies[fleet.profiles[profile].layout.supplies[supply].rule]
        guard rule.isOrdered, let installed = state.installedMilliseconds else { return }
        let lead = leadTime(device, profile, supply)
        guard Self.isLongEnough(lifeDays: Self.days(since: installed, until: time), lead) else { return }
        guard let ordered = state.orderedMilliseconds else {
            fleet.profiles[fleet.profiles[profile].base].learned.price.ended(foretold: 1 - reorderRule(rule).serviceLevel, late: 1)
            return
        }
        let late = lead.outcome(
            orderedAt: ordered, endedAt: time, calendar: supplierCalendar(device, profile, supply)
        ).late
        fleet.profiles[fleet.profiles[profile].base].learned.price.ended(foretold: state.orderRisk, late: late)
    }

    /// A life hardly longer than the lead time is no order's fault; a spare on the shelf is the only cure.
    private static func isLongEnough(lifeDays: Double, _ lead: LeadTime) -> Bool { lifeDays > 2.5 * lead.days }

    /// What was found in the slot has been there for as long as one likes.
    private static func days(since start: Int64?, until end: Int64) -> Double {
        start.map { (Double(end) - Double($0)) / 86_400_000 } ?? .infinity
    }
}
