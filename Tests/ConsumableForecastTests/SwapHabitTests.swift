import Telemetry
import TestSupport
import Testing

@testable import ConsumableForecast

private let start: Int64 = 1_767_225_600_000
private let day: Int64 = 86_400_000

/// At which level people change a supply, as far as it is earlier than its end.
@Suite struct SwapHabitTests {
    struct Case: CustomTestStringConvertible {
        var testDescription: String
        /// Oldest first.
        var left: [Double?]
        var habit: Double?
    }

    static let cases: [Case] = [
        Case(testDescription: "nothing yet", left: [], habit: nil),
        Case(testDescription: "one early change is none", left: [30], habit: nil),
        Case(testDescription: "nor are two", left: [30, 30], habit: nil),
        Case(testDescription: "nor are three", left: [36, 3, 36, 37], habit: nil),
        Case(testDescription: "four in a row are", left: [24, 30, 27, 27], habit: 27),
        Case(testDescription: "one faulty among them does not move it", left: [24, 26, 90, 25], habit: 25.5),
        Case(testDescription: "one that ran dry does not end it", left: [25, 26, 24, 25, 0], habit: 25),
        Case(testDescription: "two that ran dry do", left: [25, 26, 24, 25, 0, 1], habit: nil),
        Case(testDescription: "three in a row after five that ran dry", left: [0, 0, 1, 0, 0, 38, 43, 19], habit: nil),
        Case(testDescription: "one faulty of four", left: [1, 0, 40, 2], habit: nil),
        Case(testDescription: "every other one", left: [30, 0, 30, 1, 30, 0, 30, 2], habit: nil),
        Case(testDescription: "ordinary early ones are the fleet's business", left: [12, 11, 12, 10], habit: nil),
        Case(testDescription: "unknown ones do not count", left: [25, nil, nil, 24, nil, 26, 25], habit: 25),
        Case(testDescription: "what is long ago is forgotten", left: [50, 50, 50, 50, 20, 20, 20, 20, 20, 20, 20, 20], habit: 20),
    ]

    @Test(arguments: cases) func table(_ testCase: Case) {
        var swaps = SwapHabit()
        for left in testCase.left { swaps.note(left) }
        let level = swaps.level(early: SupplyModel.earlyChanges.least, ofNewest: SupplyModel.earlyChanges.ofNewest)
        #expect(level?.percent == testCase.habit)
    }

    @Test func aChangeThatWasNoneIsTakenBack() {
        var swaps = SwapHabit()
        for left in [25.0, 26, 24] { swaps.note(left) }
        let before = swaps
        swaps.note(80)
        swaps.takeBack()
        #expect(swaps == before)
    }

    @Test func theFleetsLevelsAreUntouchedWithoutAHabit() {
        let fleet = FleetPriors()
        let plain = EndLevels(fleet: fleet, habit: nil)
        #expect(plain.percent == FleetPriors.endLevels && plain.shares == fleet.endShares && plain.count == FleetPriors.endBins)
    }

    /// The shares are those of a distribution around the habit's level, whatever the habit.
    @Test func sharesAreADistribution() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let habit = SwapHabit.Level(
                percent: Double.random(in: 14...100, using: &generator), spread: Double.random(in: 2.5...40, using: &generator),
                share: Double.random(in: 0.5...0.95, using: &generator), changes: 8, earlyChanges: 8)
            let ends = EndLevels(fleet: FleetPriors(), habit: habit)
            #expect(abs(ends.shares.sum() - 1) < 1e-9)
            #expect(abs(ends.shares[4] + ends.shares[5] + ends.shares[6] + ends.shares[7] - habit.share) < 1e-9)
            for place in ends.percent.indices { #expect((0...100).contains(ends.percent[place])) }
            if habit.percent - 2.4 * habit.spread > 0, habit.percent + 2.4 * habit.spread < 100 {
                var mean = 0.0
                for place in 4..<8 { mean += ends.shares[place] * ends.percent[place] }
                #expect(abs(mean / habit.share - habit.percent) < 1e-6)
            }
        }
    }

    // MARK: Learned from a supply

    /// 2.5 % and 100 pages a day; each life ends at the given level. Six reports a day, and after the last change so many days more.
    static func live(_ model: inout SupplyModel, _ fleet: inout FleetPriors, ends: [Double], step: Double = 1, then days: Double = 0)
        -> Int64
    {
        var (time, pages) = (start, 5000.0)
        for (index, end) in (ends + [100 - 2.5 * days]).enumerated() {
            var left = 100.0
            while left > end {
                let level = SupplyLevel.percent((left / step).rounded(.up) * step, resolution: step)
                let change = model.observe(timeMilliseconds: time, level: level, counter: pages, fleet: &fleet)
                if case .newGeneration = change { fleet.learnSwap(of: model) }
                if index == ends.count, 100 - 2.5 * days >= left - 0.42 { return time }
                time += day / 6
                pages += 100 / 6.0
                left -= 2.5 / 6
            }
        }
        return time
    }

    private func middle(_ model: SupplyModel, _ fleet: FleetPriors, at time: Int64) throws -> Double {
        guard case .estimate(let estimate) = model.forecast(atMilliseconds: time, fleet: fleet) else {
            throw NoEstimate(forecast: "\(model.forecast(atMilliseconds: time, fleet: fleet))")
        }
        return estimate.daysLeftP50
    }
    private struct NoEstimate: Error { var forecast: String }

    /// Twenty days into a life, of which 75 % last thirty days and 100 % forty.
    @Test(arguments: [1.0, 5, 10]) func theForecastIsTheChange(_ step: Double) throws {
        var (model, fleet) = (SupplyModel(), FleetPriors())
        let time = Self.live(&model, &fleet, ends: [25, 25, 25, 25], step: step, then: 20)
        #expect(model.generation == 5)
        let left = try middle(model, fleet, at: time)
        #expect(abs(left - 10) < 2.5, "\(left) days of 10")
        let habit = try #require(model.evidence(atMilliseconds: time, fleet: fleet).habit)
        #expect(habit.isOwn && habit.changes == 4 && habit.earlyChanges == 4 && abs(habit.percent - 25) <= 3)
        // What comes after the glance must not be hidden by it.
        let rough = try #require(model.roughDaysLeft(fleet: fleet))
        #expect(rough < left)
        // A yield is learned from such lives, too: a new cartridge has one at once.
        #expect(model.yieldLogVariance >= 0)
    }

    @Test(arguments: [[2.0, 40, 2], [2, 2, 60, 45], [1, 30, 1, 30, 1]]) func aFewEarlyChangesMoveNothing(_ ends: [Double]) throws {
        var (model, fleet) = (SupplyModel(), FleetPriors())
        let time = Self.live(&model, &fleet, ends: ends, then: 20)
        let left = try middle(model, fleet, at: time)
        #expect(abs(left - 20) < 3, "\(left) days of 20")
        #expect(model.evidence(atMilliseconds: time, fleet: fleet).habit == nil)
    }

    @Test func peopleWhoEmptyItAgainAreBelieved() throws {
        var (model, fleet) = (SupplyModel(), FleetPriors())
        let time = Self.live(&model, &fleet, ends: [25, 25, 25, 25, 1, 1], then: 20)
        #expect(abs(try middle(model, fleet, at: time) - 20) < 4)
    }

    /// Taken out at 60 %, put back an hour later, three times.
    @Test func aCartridgeThatComesBackIsNoChange() {
        var (model, fleet) = (SupplyModel(), FleetPriors())
        var time = Self.live(&model, &fleet, ends: [2], then: 16)
        let before = model.swaps
        for _ in 0..<3 {
            for level in [100.0, 100, 100, 60, 60, 60] {
                time += 1_800_000
                _ = model.observe(timeMilliseconds: time, level: .percent(level, resolution: 1), counter: 9_000, fleet: &fleet)
            }
        }
        #expect(model.generation == 2 && model.generations == 5)
        #expect(model.swaps == before)
    }

    // MARK: Learned from a profile

    @Test func aNewSlotHasTheHabitOfTheFleet() throws {
        var fleet = FleetPriors()
        for _ in 0..<3 {
            var model = SupplyModel()
            _ = Self.live(&model, &fleet, ends: [25, 25], then: 1)
        }
        var fresh = SupplyModel()
        let time = Self.live(&fresh, &fleet, ends: [], then: 20)
        #expect(abs(try middle(fresh, fleet, at: time) - 10) < 3)
        let habit = try #require(fresh.evidence(atMilliseconds: time, fleet: fleet).habit)
        #expect(!habit.isOwn && habit.changes == 6)
        // One that is emptied speaks for itself.
        var other = SupplyModel()
        let later = Self.live(&other, &fleet, ends: [1], then: 20)
        #expect(abs(try middle(other, fleet, at: later) - 20) < 3)
    }

    /// Twelve changes of one printer that all others are not like, and a set of four that was changed at once.
    @Test func oneSlotDoesNotSpeakForAll() {
        var fleet = FleetPriors()
        var model = SupplyModel()
        _ = Self.live(&model, &fleet, ends: Array(repeating: 30, count: 12), then: 1)
        #expect(model.ownHabit != nil)
        #expect(SupplyModel().habit(fleet) == nil)
        fleet = FleetPriors()
        for _ in 0..<4 {
            var model = SupplyModel()
            _ = Self.live(&model, &fleet, ends: [60], then: 1)
        }
        #expect(SupplyModel().habit(fleet) == nil)
    }
}
