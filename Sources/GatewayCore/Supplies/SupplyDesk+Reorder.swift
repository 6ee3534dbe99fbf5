import ConsumableForecast
import Documents
import Replenishment
import Telemetry

/// When a supply needs an order, and what became of what was foretold.
extension SupplyDesk {
    /// Nil without a forecast.
    package func reorderQuestion(_ device: DeviceIndex, _ supply: SupplyIndex, at time: Int64, _ fleet: FleetState) -> ReorderQuestion? {
        let known = learning(of: fleet.base(of: device))
        guard let model = state(device, supply)?.model,
            case .success(let end) = model.endDistribution(atMilliseconds: time, fleet: known.priors)
        else { return nil }
        return ReorderQuestion(
            end: end, lead: leadTime(device, supply, fleet), calendar: supplierCalendar(device, supply, fleet),
            rule: reorderRule(fleet.supplyRule(device, supply)), price: known.price, timeMilliseconds: time,
            gapDays: model.expectedGapDays(atMilliseconds: time))
    }

    /// How long an order may wait for company, as the forecast sees it; nil without a forecast, which allows none.
    func sendWindow(_ device: DeviceIndex, _ supply: SupplyIndex, at time: Int64, _ fleet: FleetState) -> OrderDesk.SendWindow? {
        guard let model = state(device, supply)?.model,
            case .success(let end) = model.endDistribution(
                atMilliseconds: time, fleet: learning(of: fleet.base(of: device)).priors)
        else { return nil }
        return OrderDesk.SendWindow(
            end: end, lead: leadTime(device, supply, fleet), calendar: supplierCalendar(device, supply, fleet),
            allowedRisk: 1 - reorderRule(fleet.supplyRule(device, supply)).serviceLevel, timeMilliseconds: time)
    }

    private func roughDaysLeft(_ device: DeviceIndex, _ supply: SupplyIndex, _ fleet: FleetState) -> Double? {
        state(device, supply)?.model.roughDaysLeft(fleet: learning(of: fleet.base(of: device)).priors)
    }

    /// Asks for an order when the supply needs one.
    /// - Parameter doubt: why a person has to agree; nil where the level is beyond doubt.
    mutating func reorder(
        _ device: DeviceIndex, _ supply: SupplyIndex, at time: Int64, asking doubt: String? = nil, _ fleet: FleetState,
        _ out: inout StepOutput
    ) {
        let rule = fleet.supplyRule(device, supply)
        guard rule.isOrdered, let state = state(device, supply), state.order == nil else { return }
        let lead = leadTime(device, supply, fleet)
        // Most supplies are far from their end, and a glance tells.
        if let left = roughDaysLeft(device, supply, fleet), left > 3 * lead.days + 14 { return }
        var days: [Double]?
        var risk = 1.0
        let reason: String
        if let question = reorderQuestion(device, supply, at: time, fleet) {
            guard let weighing = question.orderingWeighing else { return }
            risk = weighing.risk
            let range = [question.end.quantile(0.05), question.end.quantile(0.5), question.end.quantile(0.95)]
            days = range
            reason = question.rule.reason(weighing, leadDays: lead.days, daysLeft: range)
        } else if let text = reorderRule(rule).reasonWithoutForecast(levelPercent: state.model.levelPercent) {
            reason = text
        } else if state.model.saidLowPercent != nil {
            reason = ReorderRule.reasonOfLow
        } else {
            return
        }
        var order = SupplyOrder(
            device: fleet.records[device].id, supply: fleet.supplySlot(device, supply).name, item: item(device, supply, fleet),
            generation: state.model.generation, reason: reason, decidedMilliseconds: time,
            levelPercent: state.model.levelPercent ?? state.model.estimatedPercent ?? 0, daysLeft: days)
        order.terms.serial = state.facts?.serialHash
        if knownItem(device, supply, fleet) == nil {
            order.terms.approvalReason = "the device does not say what to order for it; order it by hand, or name the item in the profile"
        }
        if let doubt, order.terms.approvalReason == nil {
            order.terms.approvalReason = doubt
            order.terms.restsOnDoubt = true
        }
        out.tell(.orderNeeded(device, supply: supply, order, sendWindow(device, supply, at: time, fleet), at: time))
        // What stock covers is asked again with every report; it was decided once.
        guard state.orderedMilliseconds == nil else { return }
        update(device, supply) {
            $0.orderedMilliseconds = time
            $0.orderRisk = risk
        }
        // As for the lives that are judged: of one that is too short for any order, the price learns nothing.
        guard let days, Self.isLongEnough(lifeDays: Self.days(since: state.installedMilliseconds, until: time) + days[1], lead) else {
            return
        }
        let serviceLevel = reorderRule(rule).serviceLevel
        update(learningOf: fleet.base(of: device)) { $0.price.ordered(risk: risk, serviceLevel: serviceLevel) }
    }

    /// Another cartridge lies in the slot: the order for the one before has done its work, and what was foretold of it is judged.
    /// - Parameter since: the first report of the new one; the old one ended between the last report of it and this one.
    mutating func replaced(
        _ device: DeviceIndex, _ supply: SupplyIndex, _ former: Int32, _ residual: Double, since: Int64, at time: Int64,
        _ fleet: FleetState, _ out: inout StepOutput
    ) {
        guard let state = state(device, supply) else { return }
        // The rule is asked at each report, within an hour, as long as the old one is believed to be there.
        let asked = state.evaluatedMilliseconds == .min ? since : state.evaluatedMilliseconds
        let end = min(max(asked, since &- Self.longestEndMilliseconds), since)...since
        judge(device, supply, ended: end, fleet)
        let slot = fleet.supplySlot(device, supply)
        var decision = Decision(.supplyReplaced, at: time, device: fleet.records[device].id) { writer in
            writer.member("supply", slot.name)
            writer.member("generation", Int64(state.model.generation))
            // An estimate: more digits than the device's own would pretend to know.
            writer.member("residualPercent", (residual * 10).rounded() / 10)
        }
        let lead = leadTime(device, supply, fleet)
        // What nobody orders is not late.
        if fleet.supplyRule(device, supply).isOrdered {
            update(learningOf: fleet.base(of: device)) { $0.priors.learnSwap(of: state.model) }
            decision.life = SupplyLife(
                supply: slot.name, installedMilliseconds: state.installedMilliseconds, endedMilliseconds: end,
                orderedMilliseconds: state.orderedMilliseconds, thresholdMilliseconds: state.thresholdMilliseconds, leadDays: lead.days,
                leadSpread: lead.spread, calendar: supplierCalendar(device, supply, fleet), residualPercent: residual)
        }
        out.effects.append(.decision(decision))
        let replacement = OrderDesk.Replacement(
            supply: slot.name, former: former, residualPercent: residual, item: item(device, supply, fleet),
            namedItem: Self.named(slot, state.facts), lead: lead, order: state.order)
        out.tell(.cartridgeReplaced(device, replacement, at: time))
        update(device, supply) {
            $0.thresholdMilliseconds = nil
            $0.installedMilliseconds = time
            $0.orderedMilliseconds = nil
            $0.order = nil
        }
    }

    /// What was ordered has been poured in by a refill that alone would be no new generation.
    mutating func pouredIn(
        _ device: DeviceIndex, _ supply: SupplyIndex, _ residual: Double, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        let former = generation(device, supply)
        update(device, supply) { $0.model.beginGeneration() }
        replaced(device, supply, former, residual, since: time, at: time, fleet, &out)
    }

    /// Compares the risk that was foretold with the share of lead times that would have come too late, so that the price stays honest.
    private mutating func judge(_ device: DeviceIndex, _ supply: SupplyIndex, ended end: ClosedRange<Int64>, _ fleet: FleetState) {
        let rule = fleet.supplyRule(device, supply)
        guard rule.isOrdered, let state = state(device, supply), let installed = state.installedMilliseconds else { return }
        let lead = leadTime(device, supply, fleet)
        guard Self.isLongEnough(lifeDays: Self.days(since: installed, until: end.upperBound), lead) else { return }
        var (foretold, late) = (1 - reorderRule(rule).serviceLevel, 1.0)
        if let ordered = state.orderedMilliseconds {
            let calendar = supplierCalendar(device, supply, fleet)
            (foretold, late) = (state.orderRisk, lead.outcome(orderedAt: ordered, ended: end, calendar: calendar).late)
        }
        update(learningOf: fleet.base(of: device)) { $0.price.ended(foretold: foretold, late: late) }
    }

    /// Of a device that was silent for longer nothing is known but that it ended.
    private static let longestEndMilliseconds: Int64 = 14 * 86_400_000

    /// A life hardly longer than the lead time is no order's fault; a spare on the shelf is the only cure.
    private static func isLongEnough(lifeDays: Double, _ lead: LeadTime) -> Bool { lifeDays > 2.5 * lead.days }

    /// Unknown install time counts as infinite age.
    private static func days(since start: Int64?, until end: Int64) -> Double {
        start.map { (Double(end) - Double($0)) / 86_400_000 } ?? .infinity
    }

    /// How long the successor of one lasts that was found in the slot.
    private static var usualLifeMilliseconds: Int64 { 30 * 86_400_000 }

    /// A supply that has ended, for whoever knows where its successor lies; nil while it has not.
    func ended(_ device: DeviceIndex, _ supply: SupplyIndex, _ fleet: FleetState) -> OrderDesk.EndedSupply? {
        guard let state = state(device, supply), let level = state.model.levelPercent, level <= policy.endedPercent else { return nil }
        let lasted = state.installedMilliseconds.map { max(fleet.devices[device].newestMilliseconds &- $0, 86_400_000) }
        return OrderDesk.EndedSupply(
            supply: fleet.supplySlot(device, supply).name, generation: state.model.generation, order: state.order,
            item: item(device, supply, fleet), lastedMilliseconds: lasted ?? Self.usualLifeMilliseconds)
    }
}
