import TestSupport
import Testing

@testable import Telemetry

@Suite struct SupplyLevelTests {
    typealias Case = (level: Double, capacity: Double?, expected: SupplyLevel)

    @Test(
        arguments: [
            // The codes of RFC 3805.
            (-1, 100, .noLimit), (-1, -2, .noLimit), (-2, 100, .unknown(.deviceDoesNotKnow)), (-2, -2, .unknown(.deviceDoesNotKnow)),
            (-3, -2, .interval(low: 0, high: 100)), (-3, 200, .interval(low: 0.5, high: 100)), (-3, nil, .interval(low: 0, high: 100)),
            (-3, 0.5, .interval(low: 0, high: 100)), (-3, 1, .interval(low: 0, high: 100)),
            // Nothing, or nothing sensible.
            (.nan, 100, .unknown(.notANumber)), (.infinity, 100, .unknown(.notANumber)),
            (-100, 100, .unknown(.vendorCode)), (-4, 100, .unknown(.unlistedCode)), (-0.5, 100, .unknown(.unlistedCode)),
            // A share of the capacity; the resolution is one unit.
            (50, 100, .percent(50, resolution: 1)), (58, 100, .percent(58, resolution: 1)), (55, 100, .percent(55, resolution: 1)),
            (5e307, 1e308, .percent(50, resolution: 100 / 1e308)), (0, 100, .percent(0, resolution: 1)),
            (100, 100, .percent(100, resolution: 1)),
            (5000, 20_000, .percent(25, resolution: 0.005)), (3, 4, .percent(75, resolution: 25)), (1, 0.5, .unknown(.levelAboveCapacity)),
            (-0.0, 100, .percent(0, resolution: 1)), (50, .nan, .percent(50, resolution: 1)),
            // A little too much is full, much too much is something else.
            (105, 100, .percent(100, resolution: 1)), (110, 100, .percent(100, resolution: 1)), (111, 100, .unknown(.levelAboveCapacity)),
            (65_535, 100, .unknown(.levelAboveCapacity)), (1e308, 1e-308, .unknown(.levelAboveCapacity)),
            // Without a capacity a level to 100 is a percentage, a larger one is an amount of nobody knows what.
            (70, -2, .percent(70, resolution: 1)), (70, 0, .percent(70, resolution: 1)), (70, nil, .percent(70, resolution: 1)),
            (12.5, -2, .percent(12.5, resolution: 0.1)), (100, -2, .percent(100, resolution: 1)), (101, -2, .unknown(.capacityUnknown)),
            (2500, -2, .unknown(.capacityUnknown)), (0, 0, .unknown(.capacityUnknown)), (0, -2, .unknown(.capacityUnknown)),
            (0, nil, .unknown(.capacityUnknown)), (70, -3, .percent(70, resolution: 1)), (70, -1, .unknown(.capacityUnlimited)),
        ] as [Case]) func withoutAUnit(_ row: Case)
    {
        #expect(SupplyLevelRule().level(row.level, capacity: row.capacity) == row.expected)
        #expect(SupplyLevelRule(unit: .other).level(row.level, capacity: row.capacity) == row.expected)
    }

    @Test(
        arguments: [
            (0, -2, .percent(0, resolution: 1)), (0, nil, .percent(0, resolution: 1)), (0, 0, .unknown(.capacityUnknown)),
            (70, -1, .percent(70, resolution: 1)), (70, 100, .percent(70, resolution: 1)), (7, 10, .percent(70, resolution: 10)),
            (104, -2, .percent(100, resolution: 1)), (150, -2, .unknown(.levelAboveCapacity)), (96, 12_000, .unknown(.contradiction)),
            (11_501, 12_000, .percent(1_150_100 / 12_000.0, resolution: 100 / 12_000.0)),
            (0, 12_000, .percent(0, resolution: 100 / 12_000.0)),
        ] as [Case]) func inPercent(_ row: Case)
    {
        #expect(SupplyLevelRule(unit: .percent).level(row.level, capacity: row.capacity) == row.expected)
    }

    @Test(arguments: SupplyUnit.allCases.filter { $0.countsSomething }) func anAmountIsNoPercentage(_ unit: SupplyUnit) {
        let rule = SupplyLevelRule(unit: unit)
        #expect(rule.level(50, capacity: -2) == .unknown(.capacityUnknown))
        #expect(rule.level(50, capacity: 0) == .unknown(.capacityUnknown))
        #expect(rule.level(50, capacity: -1) == .unknown(.capacityUnlimited))
        #expect(rule.level(50, capacity: 200) == .percent(25, resolution: 0.5))
        #expect(rule.level(-3, capacity: -2) == .interval(low: 0, high: 100))
    }

    @Test func receptacles() {
        let byStandard = SupplyLevelRule(kind: .spaceLeft)
        #expect(byStandard.level(5, capacity: 100) == .percent(5, resolution: 1))
        #expect(byStandard.level(-3, capacity: -2) == .interval(low: 0, high: 100))
        let filled = SupplyLevelRule(kind: .filledPart)
        #expect(filled.level(5, capacity: 100) == .percent(95, resolution: 1))
        #expect(filled.level(0, capacity: 100) == .percent(100, resolution: 1))
        #expect(filled.level(100, capacity: 100) == .percent(0, resolution: 1))
        #expect(filled.level(-3, capacity: 50) == .interval(low: 0, high: 98))
    }

    @Test func stepsAreTheResolution() {
        #expect(SupplyLevelRule(stepPercent: 10).level(70, capacity: 100) == .percent(70, resolution: 10))
        #expect(SupplyLevelRule(stepPercent: 25).level(50) == .percent(50, resolution: 25))
        // A step finer than the unit adds nothing; one that is no step is not taken.
        #expect(SupplyLevelRule(stepPercent: 1).level(3, capacity: 4) == .percent(75, resolution: 25))
        for step in [0, -1, .nan, .infinity, 101] { #expect(SupplyLevelRule(stepPercent: step).stepPercent == nil) }
    }

    @Test(
        arguments: [
            (.unknown, .unknown(.vendorCode)), (.someRemaining, .interval(low: 1, high: 100)), (.empty, .percent(0, resolution: 1)),
            (.full, .percent(100, resolution: 1)), (.noLimit, .noLimit),
        ] as [(SupplyCodeMeaning, SupplyLevel)]) func codes(_ meaning: SupplyCodeMeaning, _ level: SupplyLevel)
    {
        #expect(SupplyLevelRule().coded(meaning, 100) == level)
        #expect(SupplyLevelRule().level(-100, capacity: 100) == .unknown(.vendorCode))
    }

    @Test func everyUnknownHasItsOwnWords() {
        #expect(Set(SupplyUnknown.allCases.map(\.description)).count == SupplyUnknown.allCases.count)
    }

    @Test func units() {
        let codes: [(Int, SupplyUnit)] = [
            (7, .impressions), (13, .tenthsOfGrams), (15, .tenthsOfMilliliters), (18, .items), (19, .percent), (2, .other),
        ]
        for (code, unit) in codes { #expect(SupplyUnit(code: code) == unit) }
        #expect(SupplyUnit(code: 5) == nil)
        let texts: [(String, SupplyUnit)] = [
            ("percent", .percent), ("%", .percent), ("19", .percent), ("tenthsOfGrams", .tenthsOfGrams),
            ("tenths-of-grams", .tenthsOfGrams),
            ("TENTHS_OF_GRAMS", .tenthsOfGrams), ("pages", .impressions), ("hundrethsOfFluidOunces", .hundredthsOfFluidOunces),
        ]
        for (text, unit) in texts { #expect(SupplyUnit(text) == unit, "\(text)") }
        #expect(SupplyUnit("parsecs") == nil)
    }

    /// Whatever is said, what comes out is within 0 to 100 and finite.
    @Test func anyInputGivesAPercentageAnIntervalOrAnUnknown() {
        let seed = FuzzRun.seed(0x5EED_0C)
        var generator = SeededGenerator(seed: seed)
        let special: [Double] = [
            -100, -3, -2, -1, -0.0, 0, 1, 50, 100, 101, 1e308, -1e308, .nan, .infinity, -.infinity, .leastNonzeroMagnitude,
        ]
        func number() -> Double? {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: nil
            case 1: Double(bitPattern: .random(in: 0 ... .max, using: &generator))
            case 2: Double(Int.random(in: -200...40_000, using: &generator))
            default: special.randomElement(using: &generator)
            }
        }
        for _ in 0..<FuzzRun.rounds(100_000) {
            let rule = SupplyLevelRule(
                unit: (SupplyUnit.allCases + [nil]).randomElement(using: &generator) ?? nil,
                kind: SupplyKind.allCases.randomElement(using: &generator) ?? .consumed, stepPercent: number())
            let (level, capacity) = (number() ?? .nan, number())
            let isSane =
                switch rule.level(level, capacity: capacity) {
                case .percent(let value, let resolution): (0...100).contains(value) && resolution > 0 && resolution <= 100
                case .interval(let low, let high): low >= 0 && low < high && high <= 100
                case .noLimit: level == -1
                case .unknown: true
                }
            guard isSane else {
                Issue.record("seed \(seed): \(rule) \(level) of \(String(describing: capacity))")
                return
            }
        }
    }
}
