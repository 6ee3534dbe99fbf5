import Telemetry
import Testing

@testable import ConsumableForecast

private let minute: Int64 = 60_000
private let hour: Int64 = 3_600_000
private let day: Int64 = 86_400_000
private let start: Int64 = 1_767_225_600_000

/// What is a new cartridge, and what only looks like one.
@Suite struct CartridgeChangeTests {
    struct Reading {
        var hours: Double
        var level: Double?
        var serial: UInt64 = 0
        var counter: Double?
    }

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var readings: [Reading]
        var generations: [Int32]
    }

    private static func run(_ readings: [Reading]) -> (model: SupplyModel, generations: [Int32]) {
        var model = SupplyModel()
        var seen: [Int32] = []
        for reading in readings {
            _ = model.observe(
                timeMilliseconds: start + Int64(reading.hours * 3_600_000), levelPercent: reading.level,
                counter: reading.counter ?? reading.hours * 10, serial: reading.serial)
            if seen.last != model.generation { seen.append(model.generation) }
        }
        return (model, seen)
    }

    /// 20 %, falling a percent an hour from the given one on.
    private static func falling(from level: Double, hours: ClosedRange<Int>, serial: UInt64 = 0) -> [Reading] {
        hours.map { Reading(hours: Double($0), level: level - Double($0 - hours.lowerBound), serial: serial) }
    }

    static let cases: [Case] = [
        Case(
            testDescription: "a serial number that was never seen, at the same level",
            readings: falling(from: 40, hours: 0...9, serial: 7) + falling(from: 30, hours: 10...20, serial: 8), generations: [1, 2]),
        Case(
            testDescription: "a serial number seen once is a glitch",
            readings: falling(from: 40, hours: 0...9, serial: 7) + [Reading(hours: 10, level: 30, serial: 9)]
                + falling(from: 30, hours: 11...20, serial: 7), generations: [1]),
        Case(
            testDescription: "a serial number told late",
            readings: falling(from: 40, hours: 0...9) + falling(from: 30, hours: 10...19, serial: 7),
            generations: [1]),
        Case(
            testDescription: "a tag used again on the same cartridge",
            readings: falling(from: 40, hours: 0...5, serial: 7) + falling(from: 100, hours: 6...12, serial: 8)
                + falling(from: 92, hours: 13...20, serial: 7), generations: [1, 2]),
        Case(
            testDescription: "the old cartridge put back, by its level",
            readings: falling(from: 60, hours: 0...20) + falling(from: 100, hours: 21...25) + falling(from: 40, hours: 26...40),
            generations: [1, 2, 1]),
        Case(
            testDescription: "the old cartridge put back, and the new one again: numbers are not used twice",
            readings: falling(from: 60, hours: 0...20) + falling(from: 100, hours: 21...40) + falling(from: 40, hours: 41...46)
                + falling(from: 100, hours: 50...60), generations: [1, 2, 1, 3]),
        Case(
            testDescription: "100 while waking between two \"some remaining\"",
            readings: (0...30).map { Reading(hours: Double($0), level: $0 == 12 ? 100 : -3) }, generations: [1]),
        Case(
            testDescription: "some remaining while waking between numbers",
            readings: falling(from: 60, hours: 0...20) + [Reading(hours: 20.1, level: -3)] + falling(from: 40, hours: 21...30),
            generations: [1]),
        Case(
            testDescription: "some remaining that stays, at a device that counts below 20 % only",
            readings: (0...30).map { Reading(hours: Double($0), level: -3) } + falling(from: 20, hours: 31...49)
                + (50...80).map { Reading(hours: Double($0), level: -3) }, generations: [1, 2]),
        Case(
            testDescription: "a counter that begins anew is no new cartridge",
            readings: falling(from: 60, hours: 0...10)
                + (11...20).map { Reading(hours: Double($0), level: 60 - Double($0), counter: Double($0)) }, generations: [1]),
        Case(
            testDescription: "no limit, then 50",
            readings: (0...5).map { Reading(hours: Double($0), level: -1) } + falling(from: 50, hours: 6...12),
            generations: [1]),
        Case(
            testDescription: "trembling by two percent",
            readings: (0...200).map { Reading(hours: Double($0), level: 60 - Double($0 / 10) + [0.0, 2, -2, 1, -1][$0 % 5]) },
            generations: [1]),
    ]

    @Test(arguments: cases) func table(_ testCase: Case) {
        #expect(Self.run(testCase.readings).generations == testCase.generations)
    }

    @Test func unknownsMoveNothing() {
        var (model, _) = Self.run(Self.falling(from: 60, hours: 0...20))
        let before = (model.levelPercent, model.estimatedPercent, model.generation)
        for (index, level) in [nil, -1, -2, -100, .nan, 101].enumerated() as EnumeratedSequence<[Double?]> {
            let change = model.observe(timeMilliseconds: start + 21 * hour + Int64(index) * minute, levelPercent: level, counter: nil)
            #expect(change == .none)
        }
        #expect(before == (model.levelPercent, model.estimatedPercent, model.generation))
    }

    @Test func aSwapTellsWhatWasThrownAway() {
        var model = SupplyModel()
        var residuals: [Double] = []
        var time = start
        var pages = 0.0
        for left in [1.0, 1, 9, 1] {
            for level in stride(from: 100.0, through: left, by: -1) {
                for _ in 0..<3 {
                    time += hour
                    pages += 5
                    let change = model.observe(timeMilliseconds: time, levelPercent: level, counter: pages)
                    if case .newGeneration(let residual) = change { residuals.append(residual) }
                }
            }
        }
        #expect(model.generation == 4)
        #expect(residuals.count == 3)
        #expect(residuals[0] < 2.5 && residuals[1] < 2.5)
        #expect(abs(residuals[2] - 8.5) < 1.5)
    }

    /// What was printed between the last reading of the old cartridge and the first of the new one is the old one's only once,
    /// also while the level is unknown for a while.
    @Test(arguments: [0, 3]) func useAroundASwapCountsOnce(_ unknowns: Int) {
        var model = SupplyModel()
        var residuals: [Double] = []
        var time = start
        var pages = 0.0
        for (life, last) in [2.0, 2, 10].enumerated() {
            for level in stride(from: life == 0 ? 100.0 : 98, through: last, by: -4) {
                for reading in 0...unknowns {
                    time += 12 * hour
                    pages += 40 / Double(unknowns + 1)
                    let told = reading < unknowns ? nil : level
                    let change = model.observe(timeMilliseconds: time, levelPercent: told, counter: pages.rounded())
                    if case .newGeneration(let residual) = change { residuals.append(residual) }
                }
            }
        }
        for _ in 0..<3 {
            time += hour
            let change = model.observe(timeMilliseconds: time, levelPercent: 98, counter: pages.rounded() + 20)
            if case .newGeneration(let residual) = change { residuals.append(residual) }
        }
        // Ten percent were left, and at most a report's two of them were used before the swap; counted twice, they would be gone.
        #expect(residuals.count == 3)
        #expect(residuals.last.map { $0 > 7 && $0 < 10.5 } == true, "\(residuals)")
    }

    @Test func anotherCartridgeHasToProveItself() {
        var model = SupplyModel()
        for (index, level) in [30.0, 20, 100, 100].enumerated() {
            _ = model.observe(timeMilliseconds: start + Int64(index) * hour, levelPercent: level, counter: 100)
            #expect(model.awaitsProof == (index == 2))
        }
        #expect(model.generation == 2)
    }
}
