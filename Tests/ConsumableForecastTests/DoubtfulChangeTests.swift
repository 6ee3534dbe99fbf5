import Telemetry
import Testing

@testable import ConsumableForecast

private let start: Int64 = 1_767_225_600_000

/// Changes of cartridge that are told by halves: serial numbers, silences, words, counters that stand still or begin anew.
@Suite struct DoubtfulChangeTests {
    struct Reading {
        var level: SupplyLevel
        var serial: UInt64 = 0
        /// Pages; nil: no counter.
        var counter: Double?
        /// Hours after the reading before.
        var after = 1.0
    }

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var readings: [Reading]
        var generations: [Int32]
    }

    private static func of(_ level: Double, serial: UInt64 = 0, count: Int = 5) -> [Reading] {
        Array(repeating: Reading(level: .percent(level, resolution: 1), serial: serial), count: count)
    }
    private static func word(_ low: Double, _ high: Double, count: Int) -> [Reading] {
        Array(repeating: Reading(level: .interval(low: low, high: high)), count: count)
    }
    private static func some(_ count: Int) -> [Reading] { word(1, 100, count: count) }
    private static let empty = of(0)

    static let cases: [Case] = [
        Case(
            testDescription: "the old cartridge put back by its serial number, and the new one again",
            readings: of(60, serial: 7) + of(100, serial: 8) + of(60, serial: 7) + of(99, serial: 8) + of(98, serial: 8),
            generations: [1, 2, 1, 2]),
        Case(
            testDescription: "the old one put back at the very same level",
            readings: of(60, serial: 7) + of(60, serial: 8) + of(60, serial: 7), generations: [1, 2, 1]),
        Case(
            testDescription: "a tag that comes back full is a refilled cartridge",
            readings: of(60, serial: 7) + of(5, serial: 7) + of(100, serial: 8) + of(5, serial: 8) + of(100, serial: 7) + of(95, serial: 7),
            generations: [1, 2, 3]),
        Case(
            testDescription: "another serial number in every reading", readings: (1...30).flatMap { of(60, serial: $0, count: 1) },
            generations: [1]),
        Case(
            testDescription: "the level tells of the new cartridge first, its serial number later",
            readings: of(20, serial: 7) + of(100, serial: 7) + of(99, serial: 8), generations: [1, 2]),
        Case(
            testDescription: "100 at each waking of a device that told a number before",
            readings: of(20) + (0..<5).flatMap { _ in some(2) + of(100, count: 1) + some(3) } + of(20), generations: [1]),
        Case(
            testDescription: "low, then some remaining for half a day",
            readings: some(10) + word(1, 10, count: 10) + some(20) + word(1, 10, count: 10) + some(20), generations: [1, 2, 3]),
        Case(
            testDescription: "low that flickers", readings: some(10) + (0..<10).flatMap { _ in word(1, 10, count: 3) + some(3) },
            generations: [1]),
        Case(
            testDescription: "empty, then some remaining, of a device that knows no numbers",
            readings: some(10) + empty + some(20) + empty + some(20), generations: [1, 2, 3]),
        Case(
            testDescription: "a device that counts, asleep over a weekend at 0 %", readings: of(40) + of(20) + of(0) + some(48) + of(0),
            generations: [1]),
    ]

    @Test(arguments: cases) func table(_ testCase: Case) {
        var model = SupplyModel()
        var fleet = FleetPriors()
        var hours = 0.0
        var seen: [Int32] = []
        for reading in testCase.readings {
            hours += reading.after
            _ = model.observe(
                timeMilliseconds: start + Int64(hours * 3_600_000), level: reading.level, counter: reading.counter ?? hours * 10,
                serial: reading.serial, fleet: &fleet)
            if seen.last != model.generation { seen.append(model.generation) }
        }
        #expect(seen == testCase.generations)
    }

    /// `pages` and the level by day, six reports a day.
    private static func feed(_ model: inout SupplyModel, days: Range<Int>, pages: (Double) -> Double?, level: (Double) -> Double) -> [Int32]
    {
        var seen: [Int32] = []
        var fleet = FleetPriors()
        for tick in days.lowerBound * 6..<days.upperBound * 6 {
            let day = Double(tick) / 6
            _ = model.observe(
                timeMilliseconds: start + Int64(day * 86_400_000), level: .percent(level(day).rounded(.up), resolution: 1),
                counter: pages(day), fleet: &fleet)
            if seen.last != model.generation { seen.append(model.generation) }
        }
        return seen
    }

    /// 2.5 % and 100 pages a day, swapped when it is empty.
    private static func level(_ day: Double) -> Double { 100 - 2.5 * day.truncatingRemainder(dividingBy: 40) }

    private func middle(_ model: SupplyModel, day: Double) -> Double? {
        guard case .estimate(let estimate) = model.forecast(at: start + Int64(day * 86_400_000)) else { return nil }
        return estimate.daysLeftP50
    }

    @Test(arguments: [0.0, 7, 2e16]) func aCounterThatNeverMovedIsNone(_ pages: Double) throws {
        var model = SupplyModel()
        #expect(Self.feed(&model, days: 0..<110, pages: { _ in pages }, level: Self.level) == [1, 2, 3])
        let left = try #require(middle(model, day: 110))
        #expect((6...14).contains(left), "\(left) days left of 10")
    }

    /// It breaks in the second life, and is mended in the fourth.
    @Test func aCounterThatStandsStillIsLeftAsideUntilItMoves() throws {
        var model = SupplyModel()
        _ = Self.feed(&model, days: 0..<110, pages: { min($0, 50) * 100 }, level: Self.level)
        #expect(!model.hasCounter)
        let broken = try #require(middle(model, day: 110))
        #expect((6...14).contains(broken), "\(broken) days left of 10")
        _ = Self.feed(&model, days: 110..<150, pages: { 9_000 + $0 * 100 }, level: Self.level)
        #expect(model.hasCounter)
        let mended = try #require(middle(model, day: 150))
        #expect((6...14).contains(mended), "\(mended) days left of 10")
    }

    @Test func millisecondsOfRunningAreACounter() throws {
        var model = SupplyModel()
        _ = Self.feed(&model, days: 0..<30, pages: { ($0 * 28_800_000).rounded() }, level: Self.level)
        #expect(model.hasCounter)
        let left = try #require(middle(model, day: 30))
        #expect((6...14).contains(left), "\(left) days left of 10")
    }

    /// From 50 % at day 60 to 62 % after 35 days of silence, in which the counter used up 87 %.
    @Test func aSwapDuringALongSilenceIsSeenByTheCounter() {
        var model = SupplyModel()
        _ = Self.feed(&model, days: 0..<60, pages: { $0 * 100 }, level: Self.level)
        #expect(Self.feed(&model, days: 95..<97, pages: { $0 * 100 }, level: Self.level) == [2, 3])
        #expect(!model.awaitsProof)
    }

    /// A fuser with hours of its own, changed at 90 %; and a mainboard changed, which is no reason for a new fuser.
    @Test func aCounterThatBeginsAnewIsANewPartWhereTheLevelSaysSo() {
        for isPart in [true, false] {
            var model = SupplyModel()
            _ = Self.feed(&model, days: 0..<40, pages: { $0 * 20 }, level: { 100 - $0 / 4 })
            let seen = Self.feed(
                &model, days: 40..<42, pages: { ($0 - 40) * 20 }, level: { isPart ? 100 - ($0 - 40) / 4 : 100 - $0 / 4 })
            #expect(seen.last == (isPart ? 2 : 1))
        }
    }

    @Test func aDoubtfulChangeWaitsForProof() {
        var model = SupplyModel()
        var fleet = FleetPriors()
        _ = model.observe(timeMilliseconds: start, level: .percent(5, resolution: 1), counter: 10, fleet: &fleet)
        #expect(!model.awaitsProof)
        _ = model.observe(timeMilliseconds: start + 60_000, level: .percent(100, resolution: 1), counter: 10, fleet: &fleet)
        #expect(model.awaitsProof)
        _ = model.observe(timeMilliseconds: start + 120_000, level: .percent(5, resolution: 1), counter: 10, fleet: &fleet)
        #expect(!model.awaitsProof && model.generation == 1)
    }
}
