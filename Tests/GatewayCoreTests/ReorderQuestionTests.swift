import ConsumableForecast
import Replenishment
import Telemetry
import Testing

@testable import GatewayCore

@Suite struct ReorderQuestionTests {
    /// The bounds that save most of the work never change the answer.
    @Test(arguments: [(3.0, false), (10, true), (0.2, false)]) func boundsChangeNoAnswer(_ leadDays: Double, _ hasCalendar: Bool) throws {
        let hour: Int64 = 3_600_000
        let start: Int64 = 1_767_571_200_000
        var model = SupplyModel()
        var fleet = FleetPriors()
        var price = LatenessPrice()
        var (pages, asked, ordered) = (0.0, 0, 0)
        for hours in 0..<(24 * 90) {
            if (7..<17).contains(hours % 24) { pages += Double((hours &* 37) % 11) }
            let level = (100 - pages.truncatingRemainder(dividingBy: 1_500) / 15).rounded(.up)
            let time = start + Int64(hours) * hour
            _ = model.observe(timeMilliseconds: time, level: .percent(level, resolution: 1), counter: pages, fleet: &fleet)
            guard hours % 3 == 0, case .success(let end) = model.endDistribution(atMilliseconds: time, fleet: fleet) else { continue }
            let question = ReorderQuestion(
                end: end, lead: LeadTime(days: leadDays), calendar: hasCalendar ? SupplierCalendar(cutoffHour: 15) : nil,
                rule: ReorderRule(),
                price: price, timeMilliseconds: time, gapDays: model.expectedGapDays(atMilliseconds: time))
            let whole = question.weighing
            #expect(question.orderingWeighing == (whole.orders ? whole : nil), "hour \(hours)")
            asked += 1
            ordered += whole.orders ? 1 : 0
            if whole.orders { price.ordered(risk: whole.risk, serviceLevel: 0.95) }
        }
        // Both answers have to occur, or the comparison says nothing.
        #expect(asked > 300 && ordered > 5 && ordered < asked)
    }
}
