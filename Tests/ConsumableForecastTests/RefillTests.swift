import Telemetry
import TestSupport
import Testing

@testable import ConsumableForecast

private let start: Int64 = 1_767_225_600_000
private let minute: Int64 = 60_000
private let day: Int64 = 86_400_000

/// Supplies that are topped up in place.
@Suite struct RefillTests {
    /// A tank from 100 % on: 2.5 % and 100 pages a day, a report every four hours.
    struct Tank {
        var model = SupplyModel()
        var fleet = FleetPriors()
        var time = start
        var pages = 5000.0
        var left = 100.0
        var step = 1.0
        var isRefillable = true
        var hasCounter = true
        var changes: [SupplyChange] = []

        mutating func say(_ level: Double, after passed: Int64 = day / 6) {
            time += passed
            let change = model.observe(
                timeMilliseconds: time, level: .percent(level, resolution: step), counter: hasCounter ? pages : nil,
                isRefillable: isRefillable, fleet: &fleet)
            if change != .none { changes.append(change) }
        }

        mutating func use(_ passed: Int64) {
            pages += 100 * Double(passed) / Double(day)
            left -= 2.5 * Double(passed) / Double(day)
        }

        mutating func run(days: Double) {
            for _ in 0..<Int((days * 6).rounded()) {
                use(day / 6)
                say((left / step).rounded(.up) * step)
            }
        }

        mutating func pour(_ percent: Double) { left = min(left + percent, 100) }

        var daysLeft: Double? {
            guard case .estimate(let estimate) = model.forecast(atMilliseconds: time, fleet: fleet) else { return nil }
            return estimate.daysLeftP50
        }

        /// Days that a full one lasts, as is believed.
        var lifeDays: Double? { model.cartridge.flatMap { $0.hasYield ? 100 / $0.perUnit / (hasCounter ? 100 : 1) : nil } }

        /// At 40 %, after twenty-four days.
        static func atForty(step: Double = 1, isRefillable: Bool = true, hasCounter: Bool = true) -> Tank {
            var tank = Tank(step: step, isRefillable: isRefillable, hasCounter: hasCounter)
            tank.run(days: 24)
            tank.changes = []
            return tank
        }
    }

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var levels: [Double]
        var everyMinutes: Int64 = 60
        var step = 1.0
        var isRefillable = true
        /// What is accepted in the end, and the generation.
        var level: Double
        var generation: Int32 = 1
        var refills = 0
    }

    /// After a tank, or a cartridge, has come to 40 %.
    static let cases: [Case] = [
        Case(testDescription: "a top-up of 8 that stays", levels: [40, 48, 47, 46], level: 46, refills: 1),
        Case(testDescription: "one of a cartridge waits for half a day", levels: [40, 48, 47, 46], isRefillable: false, level: 40),
        Case(
            testDescription: "and is a correction then", levels: [40] + Array(repeating: 48, count: 13), isRefillable: false, level: 48),
        Case(testDescription: "trembling", levels: [40, 41, 40, 41, 40, 41, 40], level: 40),
        Case(testDescription: "trembling around a lower level", levels: [40, 41, 39, 41, 40, 39, 41, 40, 38], everyMinutes: 20, level: 38),
        Case(testDescription: "one false reading", levels: [40, 48, 40, 40], level: 40),
        Case(testDescription: "the same for nine minutes", levels: [40, 48, 48, 40], everyMinutes: 4, level: 40),
        Case(
            testDescription: "several small ones, one after another", levels: [40, 46, 46, 52, 52, 60, 60, 60], level: 60, refills: 3),
        Case(
            testDescription: "all of them within minutes are a bottle", levels: [40, 46, 52, 60], everyMinutes: 3, level: 60, generation: 2),
        Case(testDescription: "to 100", levels: [40, 100, 100], level: 100, generation: 2),
        Case(testDescription: "to 100 for one reading", levels: [40, 100, 40], level: 40),
        Case(testDescription: "of a cartridge to 100", levels: [40, 100, 100], isRefillable: false, level: 100, generation: 2),
        Case(testDescription: "one step of ten up is the edge of a step", levels: [40, 50, 50, 50, 40], step: 10, level: 40),
        Case(
            testDescription: "unless it stays for half a day", levels: [40] + Array(repeating: 50, count: 14), step: 10, level: 50,
            refills: 1),
        Case(testDescription: "two steps of ten up", levels: [40, 60, 60], step: 10, level: 60, generation: 2),
    ]

    @Test(arguments: cases) func table(_ testCase: Case) throws {
        var tank = Tank.atForty(step: testCase.step, isRefillable: testCase.isRefillable)
        let before = try #require(tank.lifeDays)
        for level in testCase.levels { tank.say(level, after: testCase.everyMinutes * minute) }
        #expect(tank.model.levelPercent == testCase.level)
        #expect(tank.model.generation == testCase.generation)
        let refills = tank.changes.count { if case .refilled = $0 { true } else { false } }
        #expect(refills == testCase.refills)
        guard testCase.isRefillable else { return }
        // What is known of the use is known as before.
        #expect(abs(try #require(tank.lifeDays) - before) < 0.1 * before)
        #expect(abs(tank.model.estimatedPercent.map { $0 - testCase.level } ?? 99) < max(2, testCase.step))
    }

    /// A full one lasts forty days, whatever is poured in.
    @Test(arguments: [1.0, 10], [true, false]) func theForecastMovesLaterAndTheUseStays(_ step: Double, _ hasCounter: Bool) throws {
        var tank = Tank.atForty(step: step, hasCounter: hasCounter)
        #expect(abs(try #require(tank.daysLeft) - 16) < 4)
        tank.pour(30)
        tank.run(days: 1)
        #expect(abs(try #require(tank.daysLeft) - 27) < 5)
        #expect(abs(try #require(tank.lifeDays) - 40) < 5)
    }

    /// From 60 % to 100 %: the believed use is that of before, to the day.
    @Test func aRefillTo100From60() throws {
        var tank = Tank()
        tank.run(days: 16)
        let life = try #require(tank.lifeDays)
        tank.pour(40)
        tank.run(days: 1)
        #expect(tank.changes.contains { if case .newGeneration(let residual) = $0 { abs(residual - 60) < 1.5 } else { false } })
        #expect(abs(try #require(tank.lifeDays) - life) < 0.05 * life)
        #expect(abs(try #require(tank.daysLeft) - 39) < 3)
    }

    /// What is poured in while the device is off is seen by the use that the counter tells.
    @Test(arguments: [(5.0, 2.0, Int32(1)), (10, 12, 1), (10, 25, 1), (10, 40, 2), (10, 70, 2)])
    func aRefillWhileTheDeviceWasOff(_ days: Double, _ poured: Double, _ generation: Int32) throws {
        var tank = Tank.atForty()
        let life = try #require(tank.lifeDays)
        tank.use(Int64(days * Double(day)))
        tank.pour(poured)
        tank.say(tank.left.rounded(.up), after: Int64(days * Double(day)))
        tank.run(days: 1)
        #expect(tank.model.generation == generation)
        #expect(abs(try #require(tank.model.estimatedPercent) - tank.left) < 2)
        #expect(abs(try #require(tank.lifeDays) - life) < 0.08 * life)
    }

    /// A little every day, for two months: nothing is held as doubt, and the use is that of the tank.
    @Test(arguments: [1.0, 10]) func aLittleEveryDay(_ step: Double) throws {
        var tank = Tank.atForty(step: step)
        for pour in 0..<60 {
            tank.pour(pour % 4 == 0 ? 10 : 0)
            tank.run(days: 1)
        }
        // Steps of ten hide that something is poured in, and a fifth of the use is the most that they can hide.
        #expect(abs(try #require(tank.lifeDays) - 40) < (step == 1 ? 4 : 12.5))
        #expect(abs(try #require(tank.model.estimatedPercent) - tank.left) < max(2, step))
        #expect(tank.model.steps.jitterVariance == nil)
    }

    /// Whatever is poured in, and whenever: after three more reports the level is the device's, and the yield is that of the tank.
    @Test(arguments: 1...40 as ClosedRange<UInt64>) func theLevelFollows(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var tank = Tank()
        tank.run(days: 10)
        for _ in 0..<40 {
            tank.run(days: Double.random(in: 0.2...4, using: &generator))
            if tank.left < 20 || Bool.random(using: &generator) { tank.pour(Double.random(in: 3...60, using: &generator)) }
            tank.run(days: 0.5)
            let level = try #require(tank.model.levelPercent)
            #expect(abs(level - tank.left.rounded(.up)) < 3.5, "seed \(seed)")
        }
        #expect(abs(try #require(tank.lifeDays) - 40) < 4, "seed \(seed)")
    }

    /// A tank that trembles by a percent or two is told from one that was filled.
    @Test func tremblingIsNoRefill() throws {
        var generator = SeededGenerator(seed: 5)
        var tank = Tank()
        for _ in 0..<100 {
            tank.use(day / 6)
            tank.say((tank.left + Double(Int.random(in: -2...2, using: &generator))).rounded())
            if tank.left < 45 { tank.left = 45 }
        }
        #expect(tank.model.generation == 1)
        #expect(tank.model.steps.jitterVariance != nil)
        #expect(tank.changes.count { if case .refilled = $0 { true } else { false } } <= 1)
        tank.changes = []
        tank.pour(14)
        for _ in 0..<4 { tank.say(tank.left.rounded()) }
        #expect(tank.changes.contains { if case .refilled = $0 { true } else { false } })
    }

    /// People who always refill at about 30 % need the bottle before that.
    @Test func theLevelOfRefillsIsAHabit() throws {
        var tank = Tank()
        for _ in 0..<4 {
            tank.run(days: 28)
            tank.pour(70)
        }
        tank.run(days: 18)
        let habit = try #require(tank.model.evidence(atMilliseconds: tank.time, fleet: tank.fleet).habit)
        #expect(abs(habit.percent - 30) < 2)
        #expect(abs(try #require(tank.daysLeft) - 10) < 2.5)
    }
}
