import Testing

@testable import ConsumableForecast

private let minute: Int64 = 60_000
private let hour: Int64 = 3_600_000
private let day: Int64 = 86_400_000
private let start: Int64 = 1_767_225_600_000

/// Feeds levels at given minutes and gives what each of them changed.
private func changes(_ readings: [(minutes: Int64, level: Double?)], in model: inout SupplyModel) -> [SupplyChange] {
    readings.map { model.observe(timeMilliseconds: start + $0.minutes * minute, levelPercent: $0.level, counter: nil) }
}

@Suite struct SupplyGenerationTests {
    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var readings: [(minutes: Int64, level: Double?)]
        var generation: Int32
        var level: Double?
    }

    static let cases: [Case] = [
        Case(
            testDescription: "nothing but unknown", readings: [(0, nil), (60, -1), (120, -2), (180, -3), (240, .nan)], generation: 1,
            level: nil),
        Case(
            testDescription: "out of range is unknown", readings: [(0, 40), (60, 100.5), (120, .infinity), (180, -0.1)], generation: 1,
            level: 40),
        Case(testDescription: "rise that stays 10 minutes", readings: [(0, 20), (60, 100), (70, 100)], generation: 2, level: 100),
        Case(testDescription: "rise for 9 minutes", readings: [(0, 20), (60, 100), (69, 100)], generation: 1, level: 20),
        Case(testDescription: "rise for three readings", readings: [(0, 20), (60, 100), (61, 99), (62, 100)], generation: 2, level: 100),
        Case(
            testDescription: "the same message three times", readings: [(0, 20), (60, 100), (60, 100), (60, 100)], generation: 1, level: 20),
        Case(testDescription: "flicker", readings: [(0, 20), (10, 22), (20, 20), (30, 22), (40, 20), (50, 22)], generation: 1, level: 20),
        Case(testDescription: "spike", readings: [(0, 20), (10, 90), (20, 20), (30, 90), (40, 20)], generation: 1, level: 20),
        Case(testDescription: "drop and back", readings: [(0, 80), (10, 0), (20, 80), (30, 80), (60, 80)], generation: 1, level: 80),
        Case(testDescription: "drop that stays", readings: [(0, 80), (10, 40), (20, 40)], generation: 1, level: 40),
        Case(testDescription: "unknown, then high", readings: [(0, nil), (10, 50), (60, 50)], generation: 1, level: 50),
        Case(testDescription: "unknown between", readings: [(0, 20), (10, nil), (20, 50)], generation: 1, level: 20),
        Case(
            testDescription: "unknown between, then stays", readings: [(0, 20), (10, nil), (20, 50), (25, nil), (60, 50)], generation: 2,
            level: 50),
        Case(testDescription: "rise of less than 15", readings: [(0, 41), (10, 52), (30, 52), (60, 52)], generation: 1, level: 41),
        Case(
            testDescription: "small rise for a day is a correction", readings: [(0, 41), (10, 52), (30, 52), (1_500, 52)], generation: 1,
            level: 52),
        Case(
            testDescription: "one step of 10 up", readings: [(0, 50), (60, 40), (120, 30), (130, 40), (150, 40), (170, 40)], generation: 1,
            level: 30),
        Case(
            testDescription: "two steps of 10 up", readings: [(0, 50), (60, 40), (120, 30), (130, 50), (150, 50), (170, 50)], generation: 2,
            level: 50),
        Case(testDescription: "late readings", readings: [(0, 40), (60, 39), (30, 100), (31, 100), (59, 100)], generation: 1, level: 39),
    ]

    @Test(arguments: cases) func table(_ testCase: Case) {
        var model = SupplyModel()
        _ = changes(testCase.readings, in: &model)
        #expect(model.generation == testCase.generation)
        #expect(model.levelPercent == testCase.level)
    }

    @Test func saysWhatChanged() {
        var model = SupplyModel()
        let seen = changes([(0, 12), (10, 11), (20, 100), (40, 100), (30, 5), (50, nil), (60, 100), (70, 99)], in: &model)
        let expected: [SupplyChange] = [
            .levelChanged(fromPercent: nil, toPercent: 12), .levelChanged(fromPercent: 12, toPercent: 11), .none,
            .newGeneration(residualPercent: 11), .late, .none, .none, .levelChanged(fromPercent: 100, toPercent: 99),
        ]
        #expect(seen == expected)
    }

    @Test func stateIsSmall() {
        #expect(MemoryLayout<SupplyModel>.size <= 1_000)
        print("SupplyModel: \(MemoryLayout<SupplyModel>.size) bytes")
    }
}

@Suite struct SupplyForecastTests {
    /// A hundred pages a day in ten readings, ten pages a percent: ten percent a day.
    private func steadyModel(days: Int64, stepPercent: Double, resetAtPage: Double = .infinity, hasCounter: Bool = true) -> SupplyModel {
        var model = SupplyModel()
        for index in 0..<(days * 10) {
            let pages = Double(index) * 2
            // Nearly all devices round up: 10 % is said until nothing is left.
            let level = ((100 - pages / 40) / stepPercent).rounded(.up) * stepPercent
            let counter = pages >= resetAtPage ? pages - resetAtPage : pages + 5_000
            _ = model.observe(timeMilliseconds: start + index * day / 10, levelPercent: level, counter: hasCounter ? counter : nil)
        }
        return model
    }

    private func estimate(_ model: SupplyModel, silentDays: Int64 = 0) throws -> SupplyEstimate {
        let newest = try #require(model.newestMilliseconds)
        guard case .estimate(let estimate) = model.forecast(at: newest + silentDays * day) else {
            throw NoEstimate(forecast: "\(model.forecast(at: newest))")
        }
        #expect(0 < estimate.daysLeftP5 && estimate.daysLeftP5 < estimate.daysLeftP50 && estimate.daysLeftP50 < estimate.daysLeftP95)
        return estimate
    }
    private struct NoEstimate: Error { var forecast: String }

    @Test func needsAFewLevels() {
        var model = SupplyModel()
        #expect(model.forecast(at: start) == .notEnoughEvidence(.noLevel))
        for hours in 0..<200 as Range<Int64> {
            _ = model.observe(timeMilliseconds: start + hours * hour, levelPercent: 70, counter: Double(hours))
        }
        #expect(model.forecast(at: start + 200 * hour) == .notEnoughEvidence(.noLevelStep))
        for (index, level) in [69.0, 68, 67, 66, 65, 64].enumerated() {
            _ = model.observe(timeMilliseconds: start + Int64(200 + index) * hour, levelPercent: level, counter: 200 + Double(index) * 10)
        }
        #expect(throws: Never.self) { try estimate(model) }
    }

    @Test(arguments: [1.0, 10.0]) func steadyUse(_ step: Double) throws {
        let estimate = try estimate(steadyModel(days: 100, stepPercent: step))
        // 20 pages a day, 40 pages a percent: half a percent a day, 50 % left.
        #expect(abs(try #require(estimate.pagesPerDay) - 20) < 1)
        #expect(abs(try #require(estimate.percentPerPage) - 0.025) < 0.002)
        #expect(abs(estimate.levelPercent - 50) < 1.5)
        #expect(abs(estimate.daysLeftP50 - 100) < 8)
        #expect(estimate.daysLeftP5 > 50 && estimate.daysLeftP95 < 200)
    }

    /// Counting inside a step would make the first step of 10 % look like 20 % an equal number of pages.
    @Test func aCoarseStepIsNotBiased() throws {
        for days in stride(from: 65 as Int64, through: 190, by: 5) {
            let estimate = try estimate(steadyModel(days: days, stepPercent: 10))
            #expect(abs(try #require(estimate.percentPerPage) - 0.025) < 0.003, "\(days) days")
            #expect(abs(estimate.daysLeftP50 - (200 - Double(days))) < 14, "\(days) days")
        }
    }

    @Test func withoutACounter() throws {
        let estimate = try estimate(steadyModel(days: 100, stepPercent: 1, hasCounter: false))
        #expect(estimate.pagesPerDay == nil && estimate.percentPerPage == nil)
        #expect(abs(estimate.daysLeftP50 - 100) < 8)
    }

    @Test func aCounterResetIsNoUse() throws {
        let plain = try estimate(steadyModel(days: 100, stepPercent: 1))
        let reset = try estimate(steadyModel(days: 100, stepPercent: 1, resetAtPage: 1_000))
        #expect(abs(try #require(reset.pagesPerDay) - (try #require(plain.pagesPerDay))) < 1)
        #expect(abs(reset.daysLeftP50 - plain.daysLeftP50) < 3)
    }

    @Test func aCounterGlitchIsNoUse() throws {
        var model = steadyModel(days: 100, stepPercent: 1)
        let plain = try estimate(model)
        let newest = try #require(model.newestMilliseconds)
        for (index, counter) in [9e15, 7_000, .infinity, .nan, -5, 1e308, 7_000].enumerated() {
            _ = model.observe(timeMilliseconds: newest + Int64(index) * minute, levelPercent: nil, counter: counter)
        }
        _ = model.observe(timeMilliseconds: newest + day, levelPercent: 50, counter: 7_020)
        #expect(abs(try estimate(model).daysLeftP50 - plain.daysLeftP50) < 4)
    }

    @Test func anEarlierGenerationTeaches() throws {
        var model = steadyModel(days: 180, stepPercent: 1)
        let newest = try #require(model.newestMilliseconds)
        for index in 1...3 as ClosedRange<Int64> {
            _ = model.observe(timeMilliseconds: newest + index * hour, levelPercent: 100, counter: 5_000 + 3_598 + Double(index))
        }
        #expect(model.generation == 2)
        let taught = try estimate(model)
        #expect(abs(taught.daysLeftP50 - 200) < 15)
        let seasoned = try estimate(steadyModel(days: 100, stepPercent: 1))
        #expect(taught.daysLeftP95 / taught.daysLeftP5 > seasoned.daysLeftP95 / seasoned.daysLeftP5)
    }

    @Test func nothingUsedNeverEnds() {
        var model = steadyModel(days: 20, stepPercent: 1)
        let pages = 5_398.0
        for index in 20..<1_400 as Range<Int64> {
            _ = model.observe(timeMilliseconds: start + index * day, levelPercent: 90, counter: pages)
        }
        #expect(model.forecast(at: start + 1_400 * day) == .notEnoughEvidence(.noUse))
    }

    @Test func silenceWidensAndThenRefuses() throws {
        let model = steadyModel(days: 100, stepPercent: 1)
        let fresh = try estimate(model)
        let silent = try estimate(model, silentDays: 20)
        #expect(silent.daysLeftP5 < fresh.daysLeftP5 && silent.daysLeftP50 < fresh.daysLeftP50 && silent.daysLeftP95 < fresh.daysLeftP95)
        #expect(model.forecast(at: start + 131 * day) == .notEnoughEvidence(.stale))
        #expect(model.forecast(at: .max) == .notEnoughEvidence(.stale))
        #expect(model.forecast(at: .min) != .notEnoughEvidence(.stale))
    }
}
