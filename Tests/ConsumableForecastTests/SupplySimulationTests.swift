import CivilCalendar
import Glibc
import TestSupport
import Testing

@testable import ConsumableForecast

/// A printer of an office over 200 days: quiet weekends, jobs of a few pages, pages of different coverage,
/// cartridges that differ by 10 % and are changed the morning after they ran dry.
struct SimulatedPrinter {
    var generator: SeededGenerator
    let stepPercent: Double
    let hasCounter: Bool
    var rounding = FloatingPointRoundingRule.toNearestOrAwayFromZero

    struct Outcome {
        var inside = 0
        var total = 0
        var logErrors: [Double] = []
        var generations: Int32 = 0
        var cartridges: Int32 = 1
    }

    mutating func run() -> Outcome {
        var outcome = Outcome()
        var model = SupplyModel()
        let pagesPerDay = Double.random(in: 40...300, using: &generator)
        let pagesPerPercent = Double.random(in: 20...60, using: &generator)
        var cartridge = pagesPerPercent
        var level = Double.random(in: 40...100, using: &generator)
        var pages = 10_000.0
        var open: [(day: Double, estimate: SupplyEstimate)] = []
        for slot in 0..<(200 * 24) {
            let day = Double(slot) / 24
            let hour = slot % 24
            let isWorking = hour >= 8 && hour < 18
            let time = 1_767_225_600_000 + Int64(slot) * 3_600_000
            let isWeekend = UseCalendar.weekday(UseCalendar.day(time).number).isWeekend
            if isWorking, level > 0 {
                let mean = pagesPerDay / 10 * (isWeekend ? 0.1 : 1.2)
                let printed = (mean * exp(0.8 * generator.normal() - 0.32)).rounded()
                pages += printed
                level -= printed / cartridge * exp(0.4 * generator.normal() - 0.08)
                if level <= 0 {
                    for forecast in open {
                        let left = day - forecast.day
                        outcome.total += 1
                        if left >= forecast.estimate.daysLeftP5 && left <= forecast.estimate.daysLeftP95 { outcome.inside += 1 }
                        if left > 2 { outcome.logErrors.append(abs(log(forecast.estimate.daysLeftP50 / left))) }
                    }
                    open = []
                }
            } else if hour == 7, level <= 0 {
                level = 100
                cartridge = pagesPerPercent * exp(0.1 * generator.normal())
                outcome.cartridges += 1
            }
            let shown = max(0, (level / stepPercent).rounded(rounding) * stepPercent)
            _ = model.observe(timeMilliseconds: time, levelPercent: shown, counter: hasCounter ? pages : nil)
            if hour == 12, level > 0, case .estimate(let estimate) = model.forecast(at: time) {
                open.append((day, estimate))
            }
        }
        outcome.generations = model.generation
        return outcome
    }
}

@Suite struct SupplySimulationTests {
    @Test(arguments: [1.0, 10.0], [true, false])
    func intervalHoldsTheEnd(_ stepPercent: Double, _ hasCounter: Bool) throws {
        try check("step \(stepPercent) %, counter \(hasCounter)") {
            SimulatedPrinter(generator: SeededGenerator(seed: $0), stepPercent: stepPercent, hasCounter: hasCounter)
        }
    }

    /// A device that says 10 % down to the last page, and one that says 0 % for the last tenth.
    @Test(arguments: [FloatingPointRoundingRule.up, .down])
    func intervalHoldsTheEndHoweverTheDeviceRounds(_ rounding: FloatingPointRoundingRule) throws {
        try check("step 10 %, rounded \(rounding)") {
            SimulatedPrinter(generator: SeededGenerator(seed: $0), stepPercent: 10, hasCounter: true, rounding: rounding)
        }
    }

    private func check(_ name: String, _ printer: (UInt64) -> SimulatedPrinter) throws {
        var inside = 0
        var total = 0
        var logErrors: [Double] = []
        for seed in UInt64(1)...40 {
            var printer = printer(seed)
            let outcome = printer.run()
            inside += outcome.inside
            total += outcome.total
            logErrors += outcome.logErrors
            // Every change of cartridge is met, and nothing else is taken for one.
            #expect(outcome.generations == outcome.cartridges, "seed \(seed)")
        }
        try #require(total > 1_000)
        let share = Double(inside) / Double(total)
        logErrors.sort()
        let median = logErrors[logErrors.count / 2]
        print("\(name): p5…p95 holds \(share) of \(total) ends, median error factor \(exp(median))")
        #expect(share > 0.7)
        #expect(median < 0.3)
    }

    @Test func theSameReadingsGiveTheSameState() {
        func run(_ seed: UInt64) -> SupplyModel {
            var generator = SeededGenerator(seed: seed)
            var model = SupplyModel()
            for _ in 0..<2_000 {
                let time = Int64.random(in: 0...1_000_000_000, using: &generator)
                let level = Double.random(in: -10...110, using: &generator)
                _ = model.observe(timeMilliseconds: time, levelPercent: level, counter: Double.random(in: 0...1e6, using: &generator))
            }
            return model
        }
        #expect(run(1) == run(1))
        #expect(run(1) != run(2))
    }

    /// Whatever comes in: no trap, finite numbers, and rising quantiles.
    @Test func hostileNumbers() {
        let levels: [Double?] = [nil, .nan, .infinity, -1, 0, 1e-300, 0.05, 10, 50, 100, 100.0000001, 1e300]
        let counters: [Double?] = [nil, .nan, .infinity, -1, 0, 1e-300, 1, 1e6, 1e15, 1e300, .greatestFiniteMagnitude]
        let times: [Int64] = [.min, .min + 1, -1, 0, 1, 86_400_000, 1_767_225_600_000, .max - 1, .max]
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            var model = SupplyModel()
            var time: Int64 = .min
            for _ in 0..<60 {
                if Bool.random(using: &generator) { time = time &+ Int64.random(in: 0...10_000_000_000, using: &generator) }
                if Int.random(in: 0..<20, using: &generator) == 0 { time = times.randomElement(using: &generator) ?? 0 }
                let level = levels.randomElement(using: &generator) ?? nil
                _ = model.observe(timeMilliseconds: time, levelPercent: level, counter: counters.randomElement(using: &generator) ?? nil)
                guard case .estimate(let e) = model.forecast(at: times.randomElement(using: &generator) ?? 0) else { continue }
                #expect(e.daysLeftP5 > 0 && e.daysLeftP5 < e.daysLeftP50 && e.daysLeftP50 < e.daysLeftP95, "seed \(seed)")
                #expect(e.daysLeftP95.isFinite && e.levelPercent >= 0 && e.levelPercent <= 100, "seed \(seed)")
                #expect(e.percentPerPage?.isFinite ?? true && e.pagesPerDay?.isFinite ?? true, "seed \(seed)")
            }
        }
    }
}
