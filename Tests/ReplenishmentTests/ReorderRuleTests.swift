import CivilCalendar
import Testing

@testable import Replenishment

private let day: Int64 = 86_400_000

@Suite struct ReorderRuleTests {
    @Test(arguments: [(nil, false), (5.1, false), (5, true), (0, true)] as [(Double?, Bool)])
    func withoutAForecastTheFloorDecides(_ level: Double?, _ orders: Bool) {
        #expect((ReorderRule().reasonWithoutForecast(levelPercent: level) != nil) == orders)
    }

    @Test func waitingIsWeighedAgainstLateness() {
        let rule = ReorderRule()
        let price = LatenessPrice()
        // A day of waiting that adds a tenth of a percent of lateness is worth waiting.
        #expect(!rule.weigh(risk: 0.02, riskLater: 0.021, gapDays: 1, price: price).orders)
        // One that adds ten percent is not.
        #expect(rule.weigh(risk: 0.02, riskLater: 0.12, gapDays: 1, price: price).orders)
        // Over a short gap less is worth it.
        #expect(rule.weigh(risk: 0.02, riskLater: 0.03, gapDays: 0.05, price: price).orders)
        // The ceiling holds however little waiting adds.
        #expect(rule.weigh(risk: 0.2, riskLater: 0.2, gapDays: 1, price: price).orders)
        #expect(ReorderRule(serviceLevel: 0.8).weigh(risk: 0.2, riskLater: 0.2, gapDays: 1, price: price).orders == false)
    }

    @Test func thePriceFollowsTheServiceLevel() {
        var tooSafe = LatenessPrice()
        var tooRisky = LatenessPrice()
        let start = tooSafe.days
        for _ in 0..<100 {
            tooSafe.ordered(risk: 0.01, serviceLevel: 0.95)
            tooRisky.ordered(risk: 0.15, serviceLevel: 0.95)
        }
        #expect(tooSafe.days < start)
        #expect(tooRisky.days > start)
        #expect(tooSafe.days > 1 && tooRisky.days < 1_000)
        for _ in 0..<500 { tooRisky.ended(foretold: 0.02, late: 0.06) }
        #expect(tooRisky.calibration > 2.5 && tooRisky.calibration <= 3)
    }

    @Test func thePriceTakesNoNonsense() {
        var price = LatenessPrice()
        let before = price
        for number in [Double.nan, .infinity, -1, 2] {
            price.ordered(risk: number, serviceLevel: 0.95)
            price.ended(foretold: number, late: 0)
            price.ended(foretold: 0, late: number)
        }
        #expect(price == before)
    }

    /// What the bound rules out, the whole distribution rules out as well.
    @Test(arguments: [0.3, 1, 3, 8, 40]) func theBoundIsNeverBelowTheChance(_ days: Double) {
        let lead = LeadTime(days: days)
        let calendar = SupplierCalendar(cutoffHour: 15)
        for scale in stride(from: 0.1, through: 80, by: 0.7) {
            let happens = { (h: Double) in h / (h + scale) * min(h / scale, 1) }
            for calendar in [nil, calendar] {
                let chance = lead.chance(orderedAt: 40 * day, calendar: calendar, before: happens)
                let bound = lead.chanceAtMost(orderedAt: 40 * day, calendar: calendar, before: happens)
                #expect(bound >= chance - 1e-12 && bound <= 1)
            }
        }
    }

    @Test func aLeadTimeIsADistribution() {
        let lead = LeadTime(days: 4)
        // What surely happens within 4 days is late half the time, and the mean of a lognormal is above its median.
        #expect(abs(lead.chanceOfBeingLonger(thanDays: 4) - 0.5) < 1e-9)
        #expect(abs(lead.chanceOfBeingLonger(thanDays: 4 * 1.508) - 0.05) < 0.001)
        #expect(lead.chanceOfBeingLonger(thanDays: 0) == 1)
        let mean = lead.chance(orderedAt: 0, calendar: nil) { $0 }
        #expect(abs(mean - 4 * 1.03174) < 0.001)
        #expect(LeadTime(days: 0).chanceOfBeingLonger(thanDays: 0.1) == 0)
        #expect(LeadTime(days: .nan).days == 3)
    }

    /// 2026-01-05 is a Monday.
    @Test(
        arguments: [
            (0, 9.0, 2.0, 2.0), (4, 9, 1, 3), (4, 15, 1, 3.375), (5, 9, 1, 2.625), (4, 9, 0.25, 0.25), (6, 0, 0, 1), (0, 9, 5, 7),
        ] as [(Int64, Double, Double, Double)])
    func workingDays(_ weekday: Int64, _ hour: Double, _ leadDays: Double, _ expected: Double) {
        let calendar = SupplierCalendar(cutoffHour: 14)
        let monday: Int64 = 20_458
        let time = (monday + weekday) * day + Int64(hour * 3_600_000)
        #expect(calendar.works(onDay: monday) && !calendar.works(onDay: monday - 1))
        #expect(abs(calendar.daysUntilArrival(orderedAt: time, leadDays: leadDays) - expected) < 1e-6)
    }

    @Test func holidaysAndNonsense() {
        let monday: Int64 = 20_458
        let calendar = SupplierCalendar(holidays: [monday + 1, monday + 2])
        #expect(calendar.daysUntilArrival(orderedAt: monday * day, leadDays: 1.5) == 3.5)
        #expect(SupplierCalendar(workingDays: []).workingDays == [.monday, .tuesday, .wednesday, .thursday, .friday])
        for time in [Int64.min, .max, 0] { #expect(calendar.daysUntilArrival(orderedAt: time, leadDays: 400).isFinite) }
    }
}
