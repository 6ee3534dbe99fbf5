import ConsumableForecast
import Replenishment

/// Whether to order one supply now, as seen from one reading of it.
public struct ReorderQuestion {
    public let end: EndDistribution
    public let lead: LeadTime
    public let calendar: SupplierCalendar?
    public let rule: ReorderRule
    public let price: LatenessPrice
    public let timeMilliseconds: Int64
    /// Days to the next report, at which the question comes again.
    public let gapDays: Double

    public init(
        end: EndDistribution, lead: LeadTime, calendar: SupplierCalendar?, rule: ReorderRule, price: LatenessPrice, timeMilliseconds: Int64,
        gapDays: Double
    ) {
        self.end = end
        self.lead = lead
        self.calendar = calendar
        self.rule = rule
        self.price = price
        self.timeMilliseconds = timeMilliseconds
        self.gapDays = gapDays
    }

    /// The chance that the supply ends before an order arrives that is placed so many days from now.
    func risk(afterDays days: Double) -> Double {
        lead.chance(orderedAt: later(days), calendar: calendar) { end.probability(within: $0 + days) }
    }

    /// The answer for an order; nil where bounds of the risk already say no. Most readings are far from any order, and the first bound
    /// costs a fourteenth of the whole answer.
    public var orderingWeighing: ReorderRule.Weighing? {
        let bound = lead.chanceAtMost(orderedAt: later(gapDays), calendar: calendar) { end.probability(within: $0 + gapDays) }
        guard rule.weigh(risk: 0, riskLater: bound, gapDays: gapDays, price: price).orders else { return nil }
        let riskLater = risk(afterDays: gapDays)
        guard rule.weigh(risk: 0, riskLater: riskLater, gapDays: gapDays, price: price).orders else { return nil }
        let weighing = rule.weigh(risk: risk(afterDays: 0), riskLater: riskLater, gapDays: gapDays, price: price)
        return weighing.orders ? weighing : nil
    }

    /// The whole answer.
    public var weighing: ReorderRule.Weighing {
        rule.weigh(risk: risk(afterDays: 0), riskLater: risk(afterDays: gapDays), gapDays: gapDays, price: price)
    }

    /// Days until the rule will order, if everything goes as expected; nil when that is beyond the horizon.
    package func crossingDays(horizonDays: Int) -> Double? {
        var today = risk(afterDays: 0)
        for day in 0..<horizonDays {
            let tomorrow = risk(afterDays: Double(day + 1))
            if rule.weigh(risk: today, riskLater: tomorrow, gapDays: 1, price: price).orders { return Double(day) }
            today = tomorrow
        }
        return nil
    }

    private func later(_ days: Double) -> Int64 { timeMilliseconds &+ Int64(days * 86_400_000) }
}
