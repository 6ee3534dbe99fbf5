import ConsumableForecast
import GatewayCore
import Replenishment
import Telemetry

/// What the forecast of supplies costs alone, with the reorder rule asked as often as the core asks it.
public struct ForecastBenchmark {
    public struct Result: Sendable {
        public var supplies = 0
        /// Reports an hour apart over eighty days, each of which asks the rule while the end is near.
        public var nanosecondsPerHourlyReading = 0.0
        /// Reports a minute apart over a day and a half; the rule is asked by every 45th.
        public var nanosecondsPerMinutelyReading = 0.0
        /// Of the hourly readings, those that were near enough to the end for the whole distribution.
        public var weighedShare = 0.0
        public var bytesPerSupply = 0
    }

    /// One supply as the core keeps it, and the printer that wears it.
    private struct Slot {
        var model = SupplyModel()
        var evaluatedMilliseconds = Int64.min
        var isOrdered = false
        var pages = 10_000.0
        var left: Double
        let pagesPerHour: Double
    }

    public static func run(supplies: Int) -> Result {
        var result = Result(supplies: supplies, bytesPerSupply: MemoryLayout<SupplyModel>.stride)
        var (slots, fleet) = (slots(supplies), FleetPriors())
        var weighed = 0
        let hours = 24 * 80
        result.nanosecondsPerHourlyReading = measure(&slots, &fleet, readings: hours, seconds: 3600, &weighed)
        result.weighedShare = Double(weighed) / Double(hours * supplies)
        (slots, fleet) = (self.slots(supplies), FleetPriors())
        result.nanosecondsPerMinutelyReading = measure(&slots, &fleet, readings: 60 * 36, seconds: 60, &weighed)
        return result
    }

    private static func slots(_ count: Int) -> [Slot] {
        (0..<count).map { Slot(left: Double(100 - $0 % 60), pagesPerHour: 2 + Double($0 % 17)) }
    }

    private static func measure(
        _ slots: inout [Slot], _ fleet: inout FleetPriors, readings: Int, seconds: Int64, _ weighed: inout Int
    ) -> Double {
        let price = LatenessPrice()
        let begin = BenchmarkClock.now
        for reading in 0..<readings {
            let time = 1_767_225_600_000 + Int64(reading) * seconds * 1000
            let hour = Int64(reading) * seconds / 3600 % 24
            // People print by day; a multiplier makes the hours differ.
            let busy = (8..<18).contains(hour) ? Double((reading &* 31) % 5) / 2 * Double(seconds) / 3600 : 0
            for index in slots.indices where take(&slots[index], &fleet, time, busy: busy, price) { weighed += 1 }
        }
        return (BenchmarkClock.now - begin) * 1e9 / Double(readings * slots.count)
    }

    /// A reading, as `StewardCore.level` takes it. True when the whole distribution was needed.
    private static func take(_ slot: inout Slot, _ fleet: inout FleetPriors, _ time: Int64, busy: Double, _ price: LatenessPrice) -> Bool {
        slot.pages += slot.pagesPerHour * busy
        slot.left -= slot.pagesPerHour * busy / 30
        if slot.left < 0 { slot.left = 100 }
        let change = slot.model.observe(
            timeMilliseconds: time, level: .percent(slot.left.rounded(.up), resolution: 1), counter: slot.pages.rounded(.down),
            fleet: &fleet)
        if case .newGeneration = change { slot.isOrdered = false }
        if case .levelChanged = change {
        } else if slot.evaluatedMilliseconds != .min, time - slot.evaluatedMilliseconds < 45 * 60_000 {
            return false
        }
        slot.evaluatedMilliseconds = time
        let lead = LeadTime(days: 3)
        if slot.isOrdered { return false }
        if let left = slot.model.roughDaysLeft(fleet: fleet), left > 3 * lead.days + 14 { return false }
        guard case .success(let end) = slot.model.endDistribution(atMilliseconds: time, fleet: fleet) else { return false }
        let question = ReorderQuestion(
            end: end, lead: lead, calendar: nil, rule: ReorderRule(), price: price, timeMilliseconds: time,
            gapDays: slot.model.expectedGapDays(atMilliseconds: time))
        slot.isOrdered = question.orderingWeighing != nil
        return true
    }
}
