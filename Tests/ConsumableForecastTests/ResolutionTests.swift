import FoundationEssentials
import Glibc
import Telemetry
import TestSupport
import Testing

@testable import ConsumableForecast

private let hour: Int64 = 3_600_000
private let start: Int64 = 1_767_225_600_000

/// Every way in which devices tell a level, over the same three cartridges of 2000 units each.
@Suite struct ResolutionTests {
    enum Habit: String, CaseIterable {
        case percent1, percent10, percent25, trembling, someRemaining, asleep, lowOnly

        func level(_ left: Double, _ index: Int) -> SupplyLevel {
            switch self {
            case .percent1: .percent(left.rounded(.up), resolution: 1)
            case .percent10: .percent((left / 10).rounded(.up) * 10, resolution: 1)
            case .percent25: .percent((left / 25).rounded(.up) * 25, resolution: 25)
            case .trembling: .percent(min(max(left.rounded(.up) + [0, 2, -2, 1, -1][index * 7 % 5], 0), 100), resolution: 1)
            case .someRemaining: left > 20 ? .interval(low: 0, high: 100) : .percent(left.rounded(.up), resolution: 1)
            case .asleep: index % 3 == 0 ? .percent(left.rounded(.up), resolution: 1) : .unknown(.deviceDoesNotKnow)
            case .lowOnly: left > 10 ? .unknown(.absent) : .interval(low: 0, high: 10)
            }
        }
    }

    /// Two units an hour, day and night, until so many units were used in the third cartridge.
    private func model(_ habit: Habit, until end: Double, unitsPerHour: Double = 2, hasCounter: Bool = true) -> SupplyModel {
        var model = SupplyModel()
        var fleet = FleetPriors()
        var used = 0.0
        var index = 0
        while used < 4_000 + end {
            let left = 100 - used.truncatingRemainder(dividingBy: 2_000) / 20
            _ = model.observe(
                timeMilliseconds: start + Int64(index) * hour, level: habit.level(left, index), counter: hasCounter ? used : nil,
                fleet: &fleet)
            index += 1
            used += unitsPerHour
        }
        return model
    }

    @Test(arguments: Habit.allCases.filter { $0 != .lowOnly }) func theEndIsFound(_ habit: Habit) throws {
        // A quarter of the third cartridge is left: 500 units, and that is 250 hours.
        let model = model(habit, until: 1_500)
        #expect(model.generation == 3)
        guard case .estimate(let estimate) = model.forecast(at: try #require(model.newestMilliseconds)) else {
            Issue.record("no forecast")
            return
        }
        #expect(abs(estimate.levelPercent - 25) < 4, "\(estimate)")
        #expect(abs(estimate.daysLeftP50 - 250 / 24) < 2.5, "\(estimate)")
        #expect(estimate.daysLeftP5 > 4 && estimate.daysLeftP95 < 22)
    }

    /// Waste boxes, fusers, filters: what counts hours, and what counts nothing but time.
    @Test(arguments: [0.05, 2, 400], [true, false]) func anyCounterWillDo(_ unitsPerHour: Double, _ hasCounter: Bool) throws {
        let model = model(.percent1, until: 1_500, unitsPerHour: unitsPerHour == 400 ? 8 : max(unitsPerHour, 0.5), hasCounter: hasCounter)
        guard case .estimate(let estimate) = model.forecast(at: try #require(model.newestMilliseconds)) else {
            Issue.record("no forecast")
            return
        }
        let days = 500 / (unitsPerHour == 400 ? 8 : max(unitsPerHour, 0.5)) / 24
        #expect(estimate.daysLeftP50 > days * 0.7 && estimate.daysLeftP50 < days * 1.35, "\(estimate) of \(days)")
    }

    @Test func onlyLowIsAnInterval() {
        var fleet = FleetPriors()
        var model = SupplyModel()
        for index in 0..<50 {
            let time = start + Int64(index) * hour
            _ = model.observe(timeMilliseconds: time, level: .unknown(.absent), counter: Double(index), fleet: &fleet)
        }
        #expect(model.forecast(at: start + 50 * hour) == .notEnoughEvidence(.noLevel))
        _ = model.observe(timeMilliseconds: start + 51 * hour, level: .interval(low: 0, high: 10), counter: 51, fleet: &fleet)
        #expect((model.cartridge?.left ?? 99) <= 10)
        #expect(model.generation == 1)
    }

    /// Less in the cartridge never means more days, all else being equal.
    @Test func lessLastsNoLonger() throws {
        var last = Double.infinity
        for used in stride(from: 400.0, through: 1_900, by: 50) {
            let model = model(.percent1, until: used)
            guard case .estimate(let estimate) = model.forecast(at: try #require(model.newestMilliseconds)) else { continue }
            #expect(estimate.daysLeftP50 < last + 0.3, "\(used) units")
            last = estimate.daysLeftP50
        }
        #expect(last < 10)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5]) func aSnapshotIsTheModel(_ seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var model = SupplyModel()
        var other = SupplyModel()
        var fleet = FleetPriors()
        var otherFleet = FleetPriors()
        var left = 100.0
        var pages = 0.0
        for index in 0..<3_000 {
            let units = Double(Int.random(in: 0...20, using: &generator))
            pages += units
            left -= units * 0.03
            if left <= 0 { left = 100 }
            let habit = Habit.allCases[Int(seed) % Habit.allCases.count]
            let level = habit.level(left, index)
            let time = start + Int64(index) * hour
            let change = model.observe(timeMilliseconds: time, level: level, counter: pages, fleet: &fleet)
            #expect(change == other.observe(timeMilliseconds: time, level: level, counter: pages, fleet: &otherFleet))
            if index % 500 == 77 {
                other = try SupplyModel(bytes: other.bytes())
                otherFleet = try JSONDecoder().decode(FleetPriors.self, from: JSONEncoder().encode(otherFleet))
            }
        }
        #expect(model == other && fleet == otherFleet)
        #expect(model.forecast(at: start + 3_000 * hour) == other.forecast(at: start + 3_000 * hour))
    }

    /// Orders are named by the numbers of cartridges, so these outlive a format that this program does not know.
    @Test func bytesOfAnotherVersionKeepTheNumbersOnly() throws {
        var model = SupplyModel()
        for (index, level) in [30.0, 20, 100, 100, 99].enumerated() {
            _ = model.observe(timeMilliseconds: start + Int64(index) * hour, levelPercent: level, counter: Double(index))
        }
        var bytes = try model.bytes()
        #expect(try SupplyModel(bytes: bytes) == model)
        for cut in [0, 5, bytes.count / 2, bytes.count - 1] {
            #expect(throws: (any Error).self) { try SupplyModel(bytes: Array(bytes[..<cut])) }
        }
        #expect(throws: (any Error).self) { try SupplyModel(bytes: bytes + [0]) }
        bytes[0] &+= 1
        let other = try SupplyModel(bytes: bytes)
        #expect(other.generation == 2 && other.levelPercent == nil)
    }
}
