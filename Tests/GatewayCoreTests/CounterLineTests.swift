import TestSupport
import Testing

@testable import GatewayCore

/// False readings, resets, replaced counters and overflows are told apart.
@Suite struct CounterLineTests {
    private static let minute: Int64 = 60_000

    /// What of a row of readings, one a minute, counts: the values that are used, `!` behind one with which the counter begins anew.
    private func used(_ readings: [Double], scale: Double = 1) -> (values: [String], dropped: Int, line: CounterLine) {
        var line = CounterLine()
        var (steepest, dropped, values): (Float, Int, [String]) = (0, 0, [])
        var last: (Double, Int64)?
        for (number, reading) in readings.enumerated() {
            let time = Int64(number) * Self.minute
            switch line.judge(reading, at: time, last: last, steepest: &steepest, scale: scale) {
            case .counts(let value):
                values.append("\(value)")
                last = (value, time)
            case .begins(let value):
                values.append("\(value)!")
                last = (value, time)
            case .waits, .repeats: break
            }
            dropped += line.dropped
        }
        return (values, dropped, line)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var what: String
        var readings: [Double]
        var used: [String]
        var dropped = 0
        var scale = 1.0
        var testDescription: String { what }
    }

    static let cases = [
        Case(what: "a plain counter", readings: [100, 110, 120, 120, 140], used: ["100.0", "110.0", "120.0", "120.0", "140.0"]),
        Case(what: "one false 0", readings: [900, 910, 0, 930, 940], used: ["900.0", "910.0", "930.0", "940.0"], dropped: 1),
        Case(what: "one false small number", readings: [900, 910, 65, 930, 940], used: ["900.0", "910.0", "930.0", "940.0"], dropped: 1),
        Case(
            what: "one false 65535 above the line", readings: [900, 910, 65_535, 930, 940], used: ["900.0", "910.0", "930.0", "940.0"],
            dropped: 1),
        Case(
            what: "one false 65535 below the line", readings: [90_000, 90_010, 65_535, 90_030], used: ["90000.0", "90010.0", "90030.0"],
            dropped: 1),
        Case(what: "a false huge value", readings: [900, 910, 5.37e7, 930, 940], used: ["900.0", "910.0", "930.0", "940.0"], dropped: 1),
        Case(what: "a reset to 0", readings: [900, 910, 0, 10, 20], used: ["900.0", "910.0", "10.0!", "20.0"]),
        Case(what: "a reset to 0 that stays there", readings: [900, 910, 0, 0, 20], used: ["900.0", "910.0", "0.0!", "20.0"]),
        Case(what: "a reset to a small number", readings: [900, 910, 7, 17], used: ["900.0", "910.0", "17.0!"]),
        Case(what: "a board with a lower count", readings: [90_000, 90_010, 41_000, 41_010], used: ["90000.0", "90010.0", "41010.0!"]),
        Case(
            what: "a board with a higher count", readings: [900, 910, 41_000, 41_010, 41_020],
            used: ["900.0", "910.0", "41010.0!", "41020.0"]),
        Case(what: "a real burst that goes on", readings: [900, 901, 2000, 3200], used: ["900.0", "901.0", "3200.0"]),
        Case(what: "a false value before a reset", readings: [900, 910, 5e7, 3, 13], used: ["900.0", "910.0", "13.0!"], dropped: 1),
        Case(what: "a counter that only falls", readings: [900, 899, 898, 897, 896], used: ["900.0", "898.0!", "896.0!"], dropped: 2),
        Case(what: "16 bits", readings: [65_500, 65_520, 4, 24, 44], used: ["65500.0", "65520.0", "65560.0", "65580.0"]),
        Case(
            what: "16 bits, scaled", readings: [6550, 6552, 0.4, 2.4], used: ["6550.0", "6552.0", "6556.0"], scale: 0.1),
        Case(
            what: "32 bits", readings: [4_294_967_250, 4_294_967_270, 4, 24], used: ["4294967250.0", "4294967270.0", "4294967320.0"]),
        Case(what: "16 bits, signed", readings: [32_720, 32_750, -32_760, -32_730], used: ["32720.0", "32750.0", "32806.0"]),
        Case(what: "16 bits, the sign masked", readings: [32_720, 32_750, 10, 40], used: ["32720.0", "32750.0", "32808.0"]),
        Case(
            what: "32 bits, signed", readings: [2_147_483_600, 2_147_483_640, -2_147_483_640, -2_147_483_600],
            used: ["2147483600.0", "2147483640.0", "2147483696.0"]),
        Case(
            what: "a false 0 near the limit", readings: [65_500, 65_510, 0, 65_530], used: ["65500.0", "65510.0", "65530.0"], dropped: 1),
        Case(what: "a reset not far below the limit", readings: [60_000, 60_010, 0, 10], used: ["60000.0", "60010.0", "10.0!"]),
        Case(
            what: "twice over", readings: (0..<14).map { (50_000 + 8000 * Double($0)).truncatingRemainder(dividingBy: 65_536) },
            used: (0..<14).filter { $0 != 2 && $0 != 11 }.map { "\(50_000 + 8000 * Double($0))" }),
    ]

    @Test(arguments: cases) func readings(_ example: Case) {
        let (values, dropped, _) = used(example.readings, scale: example.scale)
        #expect(values == example.used)
        #expect(dropped == example.dropped)
    }

    /// One false reading anywhere in a row of true ones is never used, and everything else is, with at most one reading of delay.
    @Test(arguments: 1...50) func aSingleFalseReadingIsNeverUsed(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var value = Double.random(in: 2000...1e7, using: &random).rounded()
        var readings: [Double] = []
        for _ in 0..<40 {
            readings.append(value)
            value += Double(Int.random(in: 1...20, using: &random))
        }
        let place = Int.random(in: 3..<38, using: &random)
        let wrong: [Double] = [0, 1, 65_535, 4_294_967_295, value * 20, (value / 3).rounded()]
        let told = wrong[Int.random(in: wrong.indices, using: &random)]
        let before = readings[place]
        // What lies on the line is not known to be false.
        guard abs(told - before) > 5000 || told < before - 100 else { return }
        readings[place] = told
        let (values, dropped, line) = used(readings)
        #expect(dropped == 1 && line.isPlain, "seed \(seed)")
        #expect(values == readings.enumerated().filter { $0.offset != place }.map { "\($0.element)" }, "seed \(seed)")
    }

    // MARK: In the core

    private static let meter = """
        { profile: "meter", gapSeconds: 300, messages: [{ topic: "t/{device}/data", time: { pointer: "/ts" } }],
          metrics: { energy: { pointer: "/wh", kind: "counter", unit: "W.h" } },
          faults: {
            much: { severity: "major", raise: { metric: "energy", ratePer: "hour", overSeconds: 600, above: 20000 } },
          } }
        """

    /// A meter at 1 kW, a reading a minute; `change` says what it tells at a minute.
    private func alarms(minutes: Int = 180, restartsAt restart: Int = -1, _ change: (Int, Double) -> Double) throws -> (Driver, [String]) {
        var driver = try Driver([Self.meter])
        for minute in 0..<minutes {
            driver.tell("m1", "\"wh\":\(change(minute, 1_342_370 + Double(minute) * 16))", at: Double(minute) * 60)
            if minute == restart {
                driver = Driver(
                    core: try #require(
                        try StewardCore(
                            configuration: CoreConfiguration(), profiles: [Driver.profile(Self.meter)], snapshot: driver.snapshot())),
                    number: driver.number)
            }
        }
        return (driver, driver.kinds(.alarmRaised).map { String(decoding: $0.line, as: UTF8.self) })
    }

    @Test func noRateComesOfAFalseReadingAResetOrAnotherCounter() throws {
        let changes: [(String, (Int, Double) -> Double)] = [
            ("plain", { $1 }), ("0", { $0 == 60 ? 0 : $1 }), ("65535", { $0 == 60 ? 65_535 : $1 }), ("huge", { $0 == 60 ? 5e9 : $1 }),
            ("reset", { $0 >= 60 ? Double($0 - 60) * 16 : $1 }), ("lower", { $0 >= 60 ? 300_000 + Double($0) * 16 : $1 }),
            ("higher", { $0 >= 60 ? 9_000_000 + Double($0) * 16 : $1 }),
            ("wrap", { (64_000 + Double($0) * 16 + $1 * 0).truncatingRemainder(dividingBy: 65_536) }),
        ]
        for (name, change) in changes {
            for restart in [-1, 60] {
                let (driver, raised) = try alarms(restartsAt: restart, change)
                #expect(raised.isEmpty, "\(name), restart \(restart)")
                let expected: Int64 = ["0", "65535", "huge"].contains(name) ? 1 : 0
                #expect(driver.core.budgets[.falseCounts] == expected, "\(name), restart \(restart)")
            }
        }
    }

    @Test func aRealRateIsStillAnAlarm() throws {
        // 30 kW from the first hour on.
        let (_, raised) = try alarms { $1 + max(0, Double($0 - 60)) * 500 }
        #expect(raised.count == 1)
        // 100 MW, which is more than a hundred times what there was: a reading later.
        let (_, huge) = try alarms { $1 + max(0, Double($0 - 60)) * 1_700_000 }
        #expect(huge.count == 1)
    }

    @Test func whatWrapsGoesOnCountingAndIsShownSo() throws {
        let (driver, _) = try alarms { minute, _ in (64_000 + Double(minute) * 16).truncatingRemainder(dividingBy: 65_536) }
        #expect(try driver.values("m1") == ["energy": "\(64_000.0 + 179 * 16)"])
        #expect(driver.core.digestLines().contains { $0.hasPrefix("counter m1 energy ") && $0.contains(" 65536.0") })
    }

    @Test func theDeviceIsRemovedWithItsLines() throws {
        var (driver, _) = try alarms(minutes: 61) { $0 == 60 ? 0 : $1 }
        #expect(driver.core.fleet.counterLines.count == 1)
        driver.control(.removeDevice(device: "m1", by: "anna"), at: 4000)
        #expect(driver.core.fleet.counterLines.isEmpty)
    }
}
