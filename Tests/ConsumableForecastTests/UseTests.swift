import CivilCalendar
import Foundation
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

    /// The clock is set over a midnight at ten in the evening: what was printed on that day is not printed in the first hour of the next one.
    @Test(arguments: [3, -23, 27, 24 * 40 + 5] as [Int64]) func aClockSetOverMidnightMakesNoBusyDay(_ step: Int64) throws {
        func risk(setBy step: Int64?) throws -> (use: Double, units: Double?) {
            var model = SupplyModel()
            var fleet = FleetPriors()
            var (pages, shift) = (0.0, Int64(0))
            for hours in 0..<(28 * 24 + 26) {
                if hours == 27 * 24 + 22, let step {
                    model.shift(byMilliseconds: step * hour)
                    shift = step * hour
                }
                if (6..<16).contains(hours % 24) { pages += 10 }
                let level = (100 - pages / 60).rounded(.up)
                _ = model.observe(
                    timeMilliseconds: start + Int64(hours) * hour + shift, level: .percent(level, resolution: 1), counter: pages,
                    fleet: &fleet)
            }
            let distribution = try model.endDistribution(atMilliseconds: #require(model.newestMilliseconds), fleet: fleet).get()
            return (distribution.use(over: 7).mean, model.use.unitsToday)
        }
        let (usual, _) = try risk(setBy: nil)
        let (use, units) = try risk(setBy: step)
        #expect(abs(use - usual) < 0.25 * usual, "\(use) and not \(usual)")
        #expect(units ?? 0 < 60, "the day's use so far")
    }

    /// People live by local time: the same habits by the clock on the wall give the same forecast at every offset, and by UTC another one.
    @Test(arguments: [-11, 5, 11, 14] as [Int64]) func daysAreThoseOfTheSite(offsetHours: Int64) throws {
        func forecast(shiftedBy shift: Int64, utcOffsetSeconds: Int) throws -> (weekdays: [Double], weekend: Double) {
            var model = SupplyModel()
            var fleet = FleetPriors()
            var pages = 0.0
            // Until Friday evening of the fifth week, by the clock on the wall.
            for hours in 0..<(28 * 24 + 4 * 24 + 20) {
                if (8..<18).contains(hours % 24), hours / 24 % 7 < 5 { pages += 10 }
                _ = model.observe(
                    timeMilliseconds: start + (Int64(hours) - shift) * hour,
                    level: .percent((100 - pages / 60).rounded(.up), resolution: 1), counter: pages, utcOffsetSeconds: utcOffsetSeconds,
                    fleet: &fleet)
            }
            let newest = try #require(model.newestMilliseconds)
            let end = try model.endDistribution(atMilliseconds: newest, fleet: fleet).get()
            let again = try SupplyModel(bytes: model.bytes())
            #expect(again == model)
            return (model.evidence(atMilliseconds: newest, fleet: FleetPriors()).weekdayWeights, end.use(over: 2).mean)
        }
        let here = try forecast(shiftedBy: 0, utcOffsetSeconds: 0)
        let there = try forecast(shiftedBy: offsetHours, utcOffsetSeconds: Int(offsetHours) * 3600)
        #expect(there.weekdays == here.weekdays && there.weekend == here.weekend)
        #expect(there.weekend < 30, "a weekend on which nobody works: \(there.weekend) pages")
        guard abs(offsetHours) > 8 else { return }
        let byUTC = try forecast(shiftedBy: offsetHours, utcOffsetSeconds: 0)
        #expect(byUTC.weekend > 1.2 * there.weekend, "\(byUTC.weekend) and \(there.weekend)")
    }

    /// The hour that summer time skips, and the one that it shows twice, make no busy and no idle day.
    @Test func summerTimeChangesNoDay() throws {
        var model = SupplyModel()
        var fleet = FleetPriors()
        var pages = 0.0
        for hours in 0..<(56 * 24) {
            let isSummer = (14 * 24 + 1..<42 * 24 + 1).contains(hours)
            let wall = hours + (isSummer ? 2 : 1)
            if (8..<18).contains(wall % 24) { pages += 10 }
            _ = model.observe(
                timeMilliseconds: start + Int64(hours) * hour, level: .percent((100 - pages / 80).rounded(.up), resolution: 1),
                counter: pages, utcOffsetSeconds: isSummer ? 7200 : 3600, fleet: &fleet)
        }
        let newest = try #require(model.newestMilliseconds)
        let end = try model.endDistribution(atMilliseconds: newest, fleet: fleet).get()
        #expect(abs(end.use(over: 7).mean - 700) < 35, "\(end.use(over: 7).mean)")
        #expect(end.unevenness < 1.1)
    }

    /// There and back before anything is read, as if nothing had happened.
    @Test func aClockSetThereAndBackChangesNothing() {
        var use = UseModel()
        var fleet = FleetPriors()
        for hours in 0..<100 { use.observe(timeMilliseconds: start + Int64(hours) * hour, odometer: Double(hours), fleet: &fleet) }
        let before = use
        use.shift(byMilliseconds: 30 * hour)
        use.shift(byMilliseconds: -30 * hour)
        #expect(use == before)
    }

    /// 2026-11-28 is a Saturday. After eight days hardly anything is known of this printer's week, so the forecast takes the built-in one.
    @Test func theBuiltInWeekendIsSaturdayAndSunday() throws {
        let monday: Int64 = 1_794_787_200_000
        var model = SupplyModel()
        var fleet = FleetPriors()
        func observe(_ days: Range<Int>) {
            for hours in days.lowerBound * 24..<days.upperBound * 24 {
                _ = model.observe(
                    timeMilliseconds: monday + Int64(hours) * hour, level: .percent(90 - Double(hours / 24), resolution: 1),
                    counter: Double(hours * 4), fleet: &fleet)
            }
        }
        observe(0..<8)
        // Monday first.
        let weights = model.evidence(atMilliseconds: monday + 8 * day, fleet: FleetPriors()).weekdayWeights
        #expect(weights[..<5].allSatisfy { $0 > 1.5 * max(weights[5], weights[6]) }, "\(weights)")
        // Until the evening of Friday, 2026-11-27: less is used on the two days that follow than on the two days after them.
        observe(8..<12)
        let friday = try #require(model.newestMilliseconds)
        #expect(friday == 1_795_820_400_000)
        let end = try model.endDistribution(atMilliseconds: friday, fleet: fleet).get()
        #expect(end.use(over: 2).mean < 0.8 * (end.use(over: 4).mean - end.use(over: 2).mean))
    }

    /// What earlier versions stored begins with the wrong weekend and holds what was learned since: that stays, and the weekend is put right.
    @Test func storedPriorsGetTheRightWeekend() throws {
        let ends = "[22,0.575,0.575,0.575,0.575,0.55,0.15,0]"
        func stored(_ sums: String, _ counts: String) throws -> FleetPriors {
            let text = #"{"weekdaySums":\#(sums),"weekdayCounts":\#(counts),"ends":\#(ends)}"#
            return try JSONDecoder().decode(FleetPriors.self, from: Data(text.utf8))
        }
        let fresh = try stored("[3.75,3.75,3.75,3.75,3.75,1.2,0.75,0]", "[3,3,3,3,3,3,3,3]")
        let weights = FleetPriors().weekdayWeights
        for day in Weekday.allCases { #expect(abs(fresh.weekdayWeights[day] - weights[day]) < 1e-12) }
        // Ten Tuesdays of twice an average day: the sum of the sixth lane is Tuesday's.
        let learned = try stored("[3.75,3.75,3.75,3.75,3.75,21.2,0.75,0]", "[3,3,3,3,3,13,3,3]")
        var expected = FleetPriors()
        for _ in 0..<10 { expected.learnWeekday(.tuesday, ratio: 2) }
        for day in Weekday.allCases { #expect(abs(learned.weekdayWeights[day] - expected.weekdayWeights[day]) < 1e-12) }
        let again = try JSONDecoder().decode(FleetPriors.self, from: JSONEncoder().encode(learned))
        #expect(again == learned)
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
