import Telemetry
import Testing

@testable import FaultDetection

/// Every kind of condition with readings that are live, missing, unknown and repeated.
@Suite struct ConditionTests {
    static let hot = "{ raise: { metric: 'temp', above: 80, forSeconds: 30 }, clear: { metric: 'temp', below: 70, forSeconds: 10 } }"

    @Test(
        arguments: [
            // The duration is one of event time, and the onset is where the condition began.
            ("temp=81@0 temp=82@10 temp=90@29 temp=81@30", ["30 raised 0"]),
            ("temp=80@0 temp=80@40 temp=80@80", []),
            // One reading that does not hold starts the duration anew.
            ("temp=81@0 temp=79@29 temp=81@30 temp=81@59 temp=81@60", ["60 raised 30"]),
            // A gap neither satisfies …
            ("temp=81@0 temp=81@100 temp=81@110 temp=81@129 temp=81@130", ["130 raised 0"]),
            // … nor ends a duration that was running.
            ("temp=81@0 temp=81@20 temp=81@300 temp=81@310", ["310 raised 0"]),
            // A gap of exactly the limit counts.
            ("temp=81@0 temp=81@60", ["60 raised 0"]),
            ("temp=81@0 temp=81@61", []),
            // Equal times and repeated readings add nothing, an unknown moves nothing.
            ("temp=81@0 temp=81@0 temp=99@0 temp=81@29 temp=81@29", []),
            ("temp=81@0 temp=?@10 temp=81@20 temp=81@30", ["30 raised 0"]),
            // Hysteresis by two conditions: between 70 and 80 nothing changes.
            (
                "temp=81@0 temp=81@30 temp=75@40 temp=72@80 temp=69@90 temp=69@99 temp=60@100", ["30 raised 0", "100 cleared 90"]
            ),
            ("temp=81@0 temp=81@30 temp=69@40 temp=71@49 temp=69@50 temp=71@59 temp=69@60 temp=69@70", ["30 raised 0", "70 cleared 60"]),
            ("temp=81@0 temp=81@30 temp=60@40 temp=60@200 temp=60@209 temp=60@210", ["30 raised 0", "210 cleared 40"]),
            // Active once, raised once.
            ("temp=81@0 temp=81@30 temp=81@60 temp=81@90 temp=81@120", ["30 raised 0"]),
        ]) func durations(_ readings: String, _ expected: [String]) throws
    {
        #expect(try ConditionBench.run(Self.hot, readings) == expected)
    }

    @Test(
        arguments: [
            ("above: 80", "temp=80@0 temp=81@1 temp=80@2", ["1 raised 1", "2 cleared 2"]),
            ("atLeast: 80", "temp=79@0 temp=80@1 temp=79.9@2", ["1 raised 1", "2 cleared 2"]),
            ("below: 5", "temp=5@0 temp=4@1 temp=5@2", ["1 raised 1", "2 cleared 2"]),
            ("atMost: 5", "temp=6@0 temp=5@1 temp=6@2", ["1 raised 1", "2 cleared 2"]),
            // Once it holds, it has to come back by the hysteresis.
            (
                "above: 80, hysteresis: 5", "temp=81@0 temp=76@1 temp=75.1@2 temp=75@3 temp=79@4 temp=81@5",
                ["0 raised 0", "3 cleared 3", "5 raised 5"]
            ),
            ("atMost: 5, hysteresis: 1", "temp=5@0 temp=6@1 temp=6.1@2 temp=5.5@3", ["0 raised 0", "2 cleared 2"]),
            // Against another metric: until both are known nothing is.
            (
                "above: { metric: 'setpoint', plus: 5 }",
                "temp=90@0 setpoint=90@1 setpoint=80@2 temp=85@3 setpoint=?@4 temp=99@5 setpoint=80@6",
                ["2 raised 2", "3 cleared 3", "6 raised 6"]
            ),
            (
                "below: { metric: 'setpoint', times: 0.5 }", "setpoint=80@0 temp=40@1 temp=39@2 setpoint=70@3",
                ["2 raised 2", "3 cleared 3"]
            ),
        ]) func comparisons(_ comparison: String, _ readings: String, _ expected: [String]) throws
    {
        #expect(try ConditionBench.run("{ raise: { metric: 'temp', \(comparison) } }", readings) == expected)
    }

    @Test(
        arguments: [
            ("equals: 'error'", "mode=on@0 mode=error@1 mode=error@2 mode=off@3", ["1 raised 1", "3 cleared 3"]),
            ("notEquals: 'on'", "mode=on@0 mode=off@1 mode=on@2", ["1 raised 1", "2 cleared 2"]),
            ("in: ['error', 'off']", "mode=on@0 mode=error@1 mode=off@2 mode=on@3 mode=?@4", ["1 raised 1", "3 cleared 3"]),
            // Numbers that no state has.
            ("in: ['error', 'off']", "mode=-1@0 mode=64@1 mode=1e300@2", []),
        ]) func states(_ test: String, _ readings: String, _ expected: [String]) throws
    {
        #expect(try ConditionBench.run("{ raise: { metric: 'mode', \(test) } }", readings) == expected)
    }

    @Test(
        arguments: [
            // The first reading enters nothing, a repeat neither.
            ("enters: 'error'", "mode=error@0 mode=error@1 mode=on@2 mode=error@3 mode=error@4", ["3 raised 3"]),
            ("leaves: 'on'", "mode=on@0 mode=on@1 mode=?@2 mode=off@3 mode=error@4", ["3 raised 3"]),
            ("enters: ['error', 'off']", "mode=on@0 mode=off@1 mode=error@2", ["1 raised 1"]),
        ]) func edges(_ test: String, _ readings: String, _ expected: [String]) throws
    {
        let fault = "{ raise: { metric: 'mode', \(test) }, clear: { metric: 'temp', below: 0 } }"
        #expect(try ConditionBench.run(fault, readings) == expected)
    }

    @Test func bits() throws {
        let readings = "flags=0@0 flags=4@1 flags=7@2 flags=3@3 flags=-4@4 flags=2.5@5"
        #expect(try ConditionBench.run("{ raise: { metric: 'flags', bitSet: 2 } }", readings) == ["1 raised 1", "3 cleared 3"])
        #expect(
            try ConditionBench.run("{ raise: { metric: 'flags', bitClear: 2 } }", readings) == ["0 raised 0", "1 cleared 1", "3 raised 3"])
    }

    static let both = "all: [{ metric: 'mode', equals: 'on' }, { metric: 'temp', above: 80 }]"
    static let either = "any: [{ metric: 'mode', equals: 'error' }, { metric: 'temp', above: 80 }]"
    @Test(
        arguments: [
            (both, "temp=90@0 mode=off@1 mode=on@2 temp=70@3", ["2 raised 2", "3 cleared 3"]),
            // One that is known to be false decides, whatever the other is.
            (both, "mode=on@0 temp=90@1 mode=?@2 temp=91@3 temp=60@4", ["1 raised 1", "4 cleared 4"]),
            (either, "temp=90@0 mode=on@1 temp=70@2 mode=error@3 mode=on@4", ["0 raised 0", "2 cleared 2", "3 raised 3", "4 cleared 4"]),
            // What is not known clears nothing.
            (either, "mode=on@0 temp=90@1 mode=?@2 temp=70@3 mode=off@4", ["1 raised 1", "4 cleared 4"]),
            ("not: { metric: 'mode', equals: 'on' }", "mode=on@0 mode=off@1 mode=on@2", ["1 raised 1", "2 cleared 2"]),
            // A part with a duration of its own.
            (
                "all: [{ metric: 'temp', above: 80, forSeconds: 20 }, { metric: 'mode', equals: 'on' }]",
                "mode=on@0 temp=81@5 mode=on@15 temp=81@20 mode=on@25 temp=70@26", ["25 raised 25", "26 cleared 26"]
            ),
        ]) func combinations(_ test: String, _ readings: String, _ expected: [String]) throws
    {
        #expect(try ConditionBench.run("{ raise: { \(test) } }", readings) == expected)
    }

    @Test func aDurationOfACombinationIsNotCountedWhileAPartIsUnknown() throws {
        let fault = "{ raise: { \(Self.both), forSeconds: 30 } }"
        #expect(try ConditionBench.run(fault, "mode=on@0 temp=81@0 temp=81@30") == ["30 raised 0"])
        #expect(
            try ConditionBench.run(fault, "mode=on@0 temp=81@0 mode=?@5 temp=81@10 mode=on@20 temp=81@30 temp=81@49 temp=81@50") == [
                "50 raised 0"
            ])
    }

    static let jams = "count: { metric: 'mode', enters: 'error' }, atLeast: 3, withinSeconds: 100"
    @Test(
        arguments: [
            (jams, "mode=on@0 mode=error@10 mode=on@20 mode=error@30 mode=on@40 mode=error@50", ["50 raised 50"]),
            // Repeats of one are one.
            (jams, "mode=on@0 mode=error@10 mode=error@20 mode=error@30 mode=error@40", []),
            // The first has left the window.
            (jams, "mode=on@0 mode=error@10 mode=on@20 mode=error@60 mode=on@70 mode=error@111", []),
            (jams, "mode=on@0 mode=error@10 mode=on@20 mode=error@60 mode=on@70 mode=error@110", ["110 raised 110"]),
            // It is over when the window holds fewer.
            (
                jams, "mode=on@0 mode=error@10 mode=on@20 mode=error@30 mode=on@40 mode=error@50 mode=on@110 mode=on@111",
                ["50 raised 50", "111 cleared 111"]
            ),
            (
                "count: { metric: 'temp', above: 80 }, atLeast: 2, withinSeconds: 50", "temp=90@0 temp=91@5 temp=70@10 temp=90@20",
                ["20 raised 20"]
            ),
        ]) func counts(_ test: String, _ readings: String, _ expected: [String]) throws
    {
        #expect(try ConditionBench.run("{ raise: { \(test) } }", readings) == expected)
    }

    /// What led to an alarm that a condition of its own has cleared does not lead to the next one.
    @Test func aCountBeginsAnewAfterItWasCleared() throws {
        let fault = "{ raise: { \(Self.jams) }, clear: { metric: 'temp', below: 20 } }"
        let jams = "mode=on@0 mode=error@10 mode=on@20 mode=error@30 mode=on@40 mode=error@50 "
        #expect(
            try ConditionBench.run(fault, jams + "temp=10@51 mode=on@52 mode=error@53 mode=on@54 mode=error@55") == [
                "50 raised 50", "51 cleared 51",
            ])
    }

    /// A part that not all devices have: never told is not the same as not known.
    @Test(
        arguments: [
            ("temp=90@1 temp=20@10", ["1 raised 1", "10 cleared 10"]),
            ("setpoint=90@1 temp=20@10 setpoint=20@20", ["1 raised 1", "20 cleared 20"]),
            // It was told, and is not known any more: nothing is cleared because of that.
            ("setpoint=90@1 setpoint=?@10 temp=20@20", ["1 raised 1"]),
        ]) func neverTold(_ readings: String, _ expected: [String]) throws
    {
        let fault = """
            { raise: { any: [{ metric: 'temp', above: 80, untold: false }, { metric: 'setpoint', above: 80, untold: false }] },
              clear: { all: [{ metric: 'temp', below: 50, untold: true }, { metric: 'setpoint', below: 50, untold: true }] } }
            """
        #expect(try ConditionBench.run(fault, readings) == expected)
    }

    static let rising = "metric: 'temp', ratePer: 'minute', overSeconds: 60, above: 6"
    @Test(
        arguments: [
            // 7 K a minute; half of the window has to be known.
            (rising, "temp=20@0 temp=22.3@20 temp=23.5@30 temp=24@60", ["30 raised 30", "60 cleared 60"]),
            (rising, "temp=20@0 temp=30@29", []),
            // A gap says nothing.
            (rising, "temp=20@0 temp=21@20 temp=90@100", []),
            (rising, "temp=20@0 temp=20@0 temp=24@40 temp=24@40", []),
            ("metric: 'temp', ratePer: 'hour', overSeconds: 60, below: -100", "temp=20@0 temp=17@60", ["60 raised 60"]),
            (
                "metric: 'pages', ratePer: 'second', overSeconds: 10, atLeast: 1", "pages=90@0 pages=99@5 pages=5@10 pages=7@15 pages=8@20",
                [
                    "5 raised 5", "15 cleared 15",
                ]
            ),
        ]) func rates(_ test: String, _ readings: String, _ expected: [String]) throws
    {
        #expect(try ConditionBench.run("{ raise: { \(test) } }", readings) == expected)
    }

    @Test func aRateOfManyReadingsIsThatOfTheWindow() throws {
        var bench = try ConditionBench("{ raise: { metric: 'temp', ratePer: 'minute', overSeconds: 600, above: 1 } }")
        var words: [String] = []
        // Ten an hour for an hour, then two a minute: 600 s later the rate of the window is above one a minute.
        for second in stride(from: Int64(0), to: 7200, by: 1) {
            let value = second < 3600 ? Double(second) / 360 : 10 + Double(second - 3600) / 30
            words += bench.take("temp", value, at: second * 1000).map { ConditionBench.word($0, second) }
        }
        #expect(words.count == 1)
        let second = try #require(words.first?.split(separator: " ").first.flatMap { Int($0) })
        #expect((3840...3930).contains(second), "\(words)")
    }

    static let stuck = "metric: 'temp', unchangedForSeconds: 100, tolerance: 0.5"
    static let idle = "metric: 'pages', notRisingForSeconds: 100, while: { metric: 'mode', equals: 'on' }"
    @Test(
        arguments: [
            (stuck, "temp=20@0 temp=20.4@50 temp=19.6@99 temp=20@100 temp=21@101", ["100 raised 0", "101 cleared 101"]),
            // Slow drift is a change, readings far apart say nothing, and silence is not the same value.
            (stuck, "temp=20@0 temp=20.4@40 temp=20.6@80 temp=20.6@120", []),
            (stuck, "temp=20@0 temp=20@50 temp=20@200 temp=20@210", []),
            (idle, "mode=on@0 pages=5@1 pages=5@50 pages=5@100 pages=5@101 pages=6@102", ["101 raised 1", "102 cleared 102"]),
            // It need not rise while it stands still, and the wait begins where it is to work again.
            (idle, "mode=off@0 pages=5@1 pages=5@50 pages=5@101 mode=on@110 pages=5@150 pages=5@209 pages=5@210", ["210 raised 110"]),
            (idle, "pages=5@0 pages=5@50 pages=5@100", []),
            // A counter that was set back began anew.
            (idle, "mode=on@0 pages=5@1 pages=0@60 pages=0@102 pages=0@160", ["160 raised 60"]),
        ]) func standstill(_ test: String, _ readings: String, _ expected: [String]) throws
    {
        #expect(try ConditionBench.run("{ raise: { \(test) } }", readings) == expected)
    }

    @Test func noDataIsAMatterOfArrival() throws {
        var bench = try ConditionBench("{ raise: { metric: 'temp', noDataForSeconds: 60 } }")
        // Never told: nothing is missing.
        #expect(bench.look(at: 0, arrival: 500_000) == nil)
        #expect(bench.take("temp", 20, at: 10_000, arrival: 500_000).isEmpty)
        #expect(bench.look(at: 60_000, arrival: 559_999) == nil)
        // Time in which the gateway did not listen counts nothing.
        #expect(bench.look(at: 60_000, arrival: 570_000, listening: 565_000) == nil)
        #expect(bench.look(at: 70_000, arrival: 560_000) == .raised(onsetMilliseconds: 10_000, .major))
        // A backfill and a dead letter say nothing of now.
        #expect(bench.take("temp", 20, at: 80_000, arrival: 0).isEmpty)
        #expect(bench.take("temp", 20, at: 90_000, arrival: 600_000) == [.cleared(sinceMilliseconds: 90_000)])
    }

    @Test func severitiesByTime() throws {
        let fault = """
            { severity: 'warning', raise: { metric: 'temp', above: 80 }, escalate: [{ afterSeconds: 60, severity: 'critical' }],
              clear: { metric: 'temp', below: 75, forSeconds: 300 }, relax: [{ afterSeconds: 120, severity: 'warning' }] }
            """
        func at(_ value: Int, _ seconds: [Int]) -> String { seconds.map { "temp=\(value)@\($0)" }.joined(separator: " ") + " " }
        #expect(
            try ConditionBench.run(
                fault, at(81, [0, 30, 59, 60, 61]) + at(74, [70, 130, 189, 190, 250, 310, 369, 370]) + at(81, [380]))
                == ["0 raised 0 warning", "60 critical", "190 warning", "370 cleared 70", "380 raised 380 warning"])
        // Between the two it waits for neither; hot again it begins anew.
        #expect(
            try ConditionBench.run(fault, at(81, [0, 30]) + at(77, [40]) + at(81, [50, 100, 109, 110]))
                == ["0 raised 0 warning", "110 critical"])
        #expect(
            try ConditionBench.run(fault, at(81, [0, 60]) + at(74, [70, 130, 190]) + at(81, [200, 259, 260]))
                == ["0 raised 0 warning", "60 critical", "190 warning", "260 critical"])
    }

    @Test func clearingMayLookAtAnotherMetric() throws {
        let fault = "{ raise: { metric: 'temp', below: 10 }, clear: { metric: 'setpoint', atLeast: 1 } }"
        #expect(
            try ConditionBench.run(fault, "setpoint=5@0 temp=5@1 temp=50@2 setpoint=0@3 setpoint=1@4") == ["1 raised 1", "4 cleared 4"])
    }

    @Test func hugeTimesAndValuesNeverTrap() throws {
        let faults = [
            Self.hot, "{ raise: { \(Self.rising) } }", "{ raise: { \(Self.stuck) } }", "{ raise: { \(Self.jams) } }",
            "{ raise: { metric: 'flags', bitSet: 52 } }", "{ raise: { metric: 'pages', notRisingForSeconds: 1 } }",
            "{ raise: { metric: 'temp', noDataForSeconds: 1 } }",
        ]
        for fault in faults {
            var bench = try ConditionBench(fault)
            for time in [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max, .min, .max] {
                for value in [0, -1, 81, 1e308, -1e308, 5e-300] {
                    for metric in ["temp", "pages", "flags", "mode"] {
                        _ = bench.take(metric, value, at: time, arrival: time, listening: ~time)
                    }
                }
                _ = bench.look(at: time, arrival: time)
            }
        }
    }

    @Test func anUnwatchedSlotCostsNothing() throws {
        let bench = try ConditionBench(Self.hot)
        let temp = try #require(bench.layout.slot(named: "temp"))
        #expect(bench.conditions.rules(watching: temp).map(\.rule) == [0])
        let mode = try #require(bench.layout.slot(named: "mode"))
        for slot in [mode, SlotIndex(99)] {
            #expect(bench.conditions.isUnwatched(slot))
            #expect(bench.conditions.rules(watching: slot).isEmpty)
        }
        // What a device remembers for a plain rule: a header, the value and its time, and one duration.
        #expect(bench.conditions.cellCount == 6)
    }
}
