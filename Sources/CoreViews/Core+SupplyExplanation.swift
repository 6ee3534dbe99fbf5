import ConsumableForecast
import Documents
import GatewayCore
import Replenishment
import Telemetry

/// Why a supply was ordered, or why not yet.
extension StewardCore {
    /// How far ahead the day is sought at which the rule will order.
    private static var horizonDays: Int { 400 }

    /// Level, counter, yield, use by weekday, lead time, the risk today and the day it will cross, as one JSON object.
    /// False when there is no such device or supply.
    public func writeSupplyExplanation(device id: String, supply name: String, _ writer: inout JSONWriter) -> Bool {
        guard let device = fleet.device(named: id) else { return false }
        let profile = fleet.devices[device].profile
        guard let supply = fleet.supply(named: name, of: device), let state = supplies.state(device, supply) else { return false }
        let slot = fleet.profiles[profile].layout[supply]
        let rule = fleet.profiles[profile].layout.profile.supplies[slot.rule]
        let time = fleet.devices[device].newestMilliseconds
        writer.beginObject()
        writer.member("device", id)
        writer.member("supply", name)
        writer.member("time", time)
        writer.member("generation", Int64(state.model.generation))
        let priors = supplies.learning(of: fleet.base(of: device)).priors
        let evidence = state.model.evidence(atMilliseconds: time, fleet: priors)
        write(evidence, counter: rule.counter, reading: counter(device, slot), &writer)
        if let habit = evidence.habit { write(habit, &writer) }
        switch state.model.forecast(atMilliseconds: time, fleet: priors) {
        case .estimate(let estimate):
            writer.key("daysLeft")
            writer.beginArray()
            for days in [estimate.daysLeftP5, estimate.daysLeftP50, estimate.daysLeftP95] { writer.number(days) }
            writer.endArray()
        case .notEnoughEvidence(let missing): writer.member("missingEvidence", missing.rawValue)
        }
        let lead = supplies.leadTime(device, supply, fleet)
        writer.key("leadTime")
        writer.beginObject()
        writer.member("days", lead.days)
        writer.member("spread", lead.spread)
        writer.endObject()
        let item = supplies.item(device, supply, fleet)
        writer.member("item", item)
        writer.member("isOrdered", rule.isOrdered)
        writer.member("isRefillable", rule.isRefillable)
        writer.member("unitsAvailable", orders.stock.unitsAvailable(item))
        writer.member("order", state.order)
        writeDecision(device, profile, supply, time, &writer)
        writer.endObject()
        return true
    }

    /// What the usage counter says now; nil where there is none, or it is not known.
    private func counter(_ device: DeviceIndex, _ slot: SupplySlot) -> Double? {
        fleet.value(device, slot.counter).known
    }

    private func write(_ evidence: SupplyEvidence, counter: String?, reading: Double?, _ writer: inout JSONWriter) {
        writer.key("level")
        writer.beginObject()
        writer.member("reportedPercent", evidence.reportedPercent)
        writer.member("isSomeRemaining", evidence.isSomeRemaining)
        writer.member("saidLowPercent", evidence.saidLowPercent)
        writer.member("stepPercent", evidence.stepPercent)
        writer.member("jitterPercent", evidence.jitterPercent)
        writer.member("estimatedPercent", evidence.estimatedPercent)
        writer.member("estimatedPercentError", evidence.estimatedPercentError)
        writer.endObject()
        writer.key("use")
        writer.beginObject()
        writer.member("counter", evidence.hasCounter ? counter : nil)
        writer.member("counterReading", reading)
        if !evidence.hasCounter, reading != nil { writer.member("idleCounter", counter) }
        writer.member("percentPerUnit", evidence.percentPerUnit)
        writer.member("percentPerUnitRelativeError", evidence.percentPerUnitRelativeError)
        writer.member("unitsPerDay", evidence.unitsPerDay)
        writer.member("unitsPerDayRelativeError", evidence.unitsPerDayRelativeError)
        writer.member("dayRelativeDeviation", evidence.dayRelativeDeviation)
        writer.member("completedDays", evidence.completedDays)
        writer.key("weekdayWeights")
        writer.beginArray()
        for weight in evidence.weekdayWeights { writer.number(weight) }
        writer.endArray()
        writer.endObject()
    }

    private func write(_ habit: SupplyEvidence.ChangeHabit, _ writer: inout JSONWriter) {
        writer.key("habit")
        writer.beginObject()
        writer.member("percent", habit.percent)
        writer.member("percentError", habit.percentError)
        writer.member("changes", Int64(habit.changes))
        writer.member("earlyChanges", Int64(habit.earlyChanges))
        writer.member("isOwn", habit.isOwn)
        writer.endObject()
    }

    private func writeDecision(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ supply: SupplyIndex, _ time: Int64, _ writer: inout JSONWriter
    ) {
        let rule = fleet.profiles[profile].layout.profile.supplies[fleet.profiles[profile].layout[supply].rule]
        let decision = supplies.reorderRule(rule)
        let price = supplies.learning(of: fleet.base(of: device)).price
        writer.key("decision")
        writer.beginObject()
        writer.member("serviceLevel", decision.serviceLevel)
        writer.member("latenessPriceDays", price.days)
        if let question = supplies.reorderQuestion(device, supply, at: time, fleet) {
            let weighing = question.weighing
            writer.member("risk", weighing.risk)
            writer.member("riskAtNextReport", weighing.riskLater)
            writer.member("nextReportDays", weighing.gapDays)
            writer.member("ordersNow", weighing.orders)
            writer.member("crossesInDays", question.crossingDays(horizonDays: Self.horizonDays))
        } else {
            writer.member("floorPercent", decision.floorPercent)
        }
        writer.endObject()
    }
}
