import Glibc
import Telemetry
import Testing

@testable import ConsumableForecast

private let hour: Int64 = 3_600_000
private let day: Int64 = 24 * hour
/// A Monday.
private let start: Int64 = 1_767_571_200_000

@Suite struct UseTests {
    /// A printer that reports each hour, with ten pages in each of ten hours of a working day; `extra` more in the last day's morning.
    private static func printer(days: Int, weekdays: Int, lastHours: Int, factor: Double) -> EndDistribution? {
        var model = SupplyModel()
        var fleet = FleetPriors()
        var pages = 0.0
        for hours in 0..<(days * 24 + lastHours) {
            let (number, of) = (hours / 24, hours % 24)
            if (6..<16).contains(of), number % 7 < weekdays { pages += number == days ? 10 * factor : 10 }
            let level = (100 - pages / 60).rounded(.up)
            _ = model.observe(
                timeMilliseconds: start + Int64(hours) * hour, level: .percent(level, resolution: 1), counter: pages.rounded(),
                fleet: &fleet)
        }
        guard let newest = model.newestMilliseconds else { return nil }
        return try? model.endDistribution(atMilliseconds: newest, fleet: fleet).get()
    }

    /// Whoever printed three times as much as usual by noon prints more than usual until the evening, and tomorrow as always.
    @Test func aBusyMorningForetellsABusyAfternoon() throws {
        let usual = try #require(Self.printer(days: 28, weekdays: 5, lastHours: 12, factor: 1))
        let busy = try #require(Self.printer(days: 28, weekdays: 5, lastHours: 12, factor: 3))
        let idle = try #require(Self.printer(days: 28, weekdays: 5, lastHours: 12, factor: 0))
        let (afternoon, busyAfternoon, idleAfternoon) = (usual.use(over: 0.25).mean, busy.use(over: 0.25).mean, idle.use(over: 0.25).mean)
        #expect(busyAfternoon > 1.3 * afternoon)
        #expect(idleAfternoon < 0.8 * afternoon)
        let tomorrow = usual.use(over: 1.5).mean - usual.use(over: 0.5).mean
        #expect(abs(busy.use(over: 1.5).mean - busy.use(over: 0.5).mean - tomorrow) < 0.05 * tomorrow)
    }

    /// Five days of a week even out less than seven.
    @Test func fewerDaysEvenOutLess() throws {
        let five = try #require(Self.printer(days: 56, weekdays: 5, lastHours: 1, factor: 1))
        let seven = try #require(Self.printer(days: 56, weekdays: 7, lastHours: 1, factor: 1))
        #expect(five.unevenness > 1.2 && five.unevenness < 1.5)
        #expect(seven.unevenness < 1.1)
        let drift = (ModelTuning.driftVariance / 3 + ModelTuning.jumpPerDay * ModelTuning.jumpEffect) * 7
        let daily = { (end: EndDistribution) in
            (exp(end.use(over: 7).logVariance - end.rateLogVariance) - 1 - drift) / end.dayVariation
        }
        #expect(daily(five) > 1.15 * daily(seven))
    }
}
