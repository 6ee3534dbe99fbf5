import Telemetry
import Testing

@testable import FaultDetection

@Suite struct FaultStateTests {
    private static let profile = """
        { profile: "p", messages: [{ topic: "d/{device}" }],
          metrics: {
            temp: { pointer: "/temp" },
            speed: { pointer: "/speed" },
            mode: { pointer: "/mode", kind: "state", states: ["on", "off", "error"] },
          },
          faults: {
            hot: { raise: { metric: "temp", above: 80, forSeconds: 30 }, clear: { metric: "temp", below: 70, forSeconds: 10 } },
            plain: { raise: { metric: "temp", atLeast: 90 } },
            cold: { raise: { metric: "temp", atMost: 0, forSeconds: 5 } },
            cross: { raise: { metric: "temp", below: 10 }, clear: { metric: "speed", atLeast: 1 } },
            bad: { raise: { metric: "mode", in: ["error", "off"] } },
            notOn: { raise: { metric: "mode", notEquals: "on" } },
            senseless: { raise: { metric: "mode", above: 0 } },
            senseless2: { raise: { metric: "temp", equals: "on" } },
            later: { raise: { metric: "mode", equals: "learned" } },
          },
        }
        """
    private let layout: ProfileLayout
    private let conditions: FaultConditions
    private static let gap: Int64 = 60_000

    init() throws {
        layout = ProfileLayout(try ProfileReader.read(Array(Self.profile.utf8), file: "p"))
        conditions = FaultConditions(layout: layout)
    }

    private func rule(_ id: String) throws -> FaultConditions.Rule {
        conditions.rules[try #require(layout.profile.faults.firstIndex { $0.id == id })]
    }

    private func run(_ id: String, _ readings: [(Int64, Double)], slot: String = "temp", unit: Int64 = 1000) throws -> [String] {
        var state = FaultState()
        let rule = try rule(id)
        let slot = try #require(layout.slot(named: slot))
        return readings.compactMap { time, value in
            switch state.observe(slot: slot, value: value, rule: rule, timeMilliseconds: time &* unit, gapMilliseconds: Self.gap) {
            case .raised(let onset): "\(time) raised \(onset / unit)"
            case .cleared(let since): "\(time) cleared \(since / unit)"
            case nil: nil
            }
        }
    }

    @Test(
        arguments: [
            // The duration is one of event time, and the onset is where the condition began.
            ([(0, 81), (10, 82), (29, 90), (30, 81)], ["30 raised 0"]),
            ([(0, 80), (40, 80), (80, 80)], []),
            // One reading that does not hold starts the duration anew.
            ([(0, 81), (29, 79), (30, 81), (59, 81), (60, 81)], ["60 raised 30"]),
            // A gap neither satisfies …
            ([(0, 81), (100, 81), (110, 81), (129, 81), (130, 81)], ["130 raised 0"]),
            // … nor ends a duration that was running.
            ([(0, 81), (20, 81), (300, 81), (310, 81)], ["310 raised 0"]),
            // A gap of exactly the limit counts.
            ([(0, 81), (60, 81)], ["60 raised 0"]),
            ([(0, 81), (61, 81)], []),
            // Equal times and repeated readings add nothing.
            ([(0, 81), (0, 81), (0, 99), (29, 81), (29, 81)], []),
            // Hysteresis: between 70 and 80 nothing changes.
            ([(0, 81), (30, 81), (40, 75), (80, 72), (90, 69), (99, 69), (100, 60)], ["30 raised 0", "100 cleared 90"]),
            // Flapping around the clear limit does not clear.
            ([(0, 81), (30, 81), (40, 69), (49, 71), (50, 69), (59, 71), (60, 69), (70, 69)], ["30 raised 0", "70 cleared 60"]),
            ([(0, 81), (30, 81), (40, 60), (200, 60), (209, 60), (210, 60)], ["30 raised 0", "210 cleared 40"]),
            // Active once, raised once.
            ([(0, 81), (30, 81), (60, 81), (90, 81), (120, 81)], ["30 raised 0"]),
        ] as [([(Int64, Double)], [String])])
    func durations(_ readings: [(Int64, Double)], _ expected: [String]) throws {
        #expect(try run("hot", readings) == expected)
    }

    @Test func withoutAClearConditionItClearsAtOnce() throws {
        #expect(try run("plain", [(0, 90), (1, 91), (2, 89.9), (3, 90)]) == ["0 raised 0", "2 cleared 2", "3 raised 3"])
        #expect(try run("cold", [(0, 0), (5, -1), (6, 0.1)]) == ["5 raised 0", "6 cleared 6"])
    }

    @Test func hugeTimesNeverTrap() throws {
        let times: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max, .min, .max]
        #expect(try run("hot", times.map { ($0, 81) }, unit: 1).isEmpty)
        #expect(try run("plain", [(.max, 90), (.min, 0)], unit: 1).count == 2)
    }

    @Test func clearingMayLookAtAnotherMetric() throws {
        var state = FaultState()
        let rule = try rule("cross")
        func observe(_ name: String, _ value: Double, _ time: Int64) throws -> FaultTransition? {
            state.observe(
                slot: try #require(layout.slot(named: name)), value: value, rule: rule, timeMilliseconds: time, gapMilliseconds: Self.gap)
        }
        #expect(try observe("speed", 5, 0) == nil)
        #expect(try observe("temp", 5, 1) == .raised(onsetMilliseconds: 1))
        #expect(try observe("temp", 50, 2) == nil)
        #expect(try observe("speed", 0, 3) == nil)
        #expect(try observe("speed", 1, 4) == .cleared(sinceMilliseconds: 4))
    }

    @Test func statesAreComparedByName() throws {
        #expect(try run("bad", [(0, 0), (1, 2), (2, 1), (3, 0)], slot: "mode") == ["1 raised 1", "3 cleared 3"])
        #expect(try run("notOn", [(0, 0), (1, 1), (2, 0)], slot: "mode") == ["1 raised 1", "2 cleared 2"])
        #expect(try run("senseless", [(0, 2), (1, 1)], slot: "mode").isEmpty)
        #expect(try run("senseless2", [(0, 0), (1, 1)]).isEmpty)
        // Indices that no state has.
        #expect(try run("bad", [(0, -1), (1, 64), (2, 1e300)], slot: "mode").isEmpty)
    }

    @Test func aStateThatIsLearnedLaterIsComparedOnceItIsKnown() throws {
        var learned = layout
        let mode = try #require(learned.slot(named: "mode"))
        let before = learned.revision
        let decoder = try #require(MessageDecoder(maximumBytes: 1000))
        var decoded = DecodedMessage()
        let payload = Array(#"{"mode":"learned"}"#.utf8) + Array(repeating: 0, count: MessageDecoder.padding)
        try payload.withUnsafeBytes {
            try decoder.decode(UnsafeRawBufferPointer(rebasing: $0[..<18]), message: 0, layout: &learned, into: &decoded)
        }
        #expect(learned.revision != before)
        let number = try #require(learned.profile.faults.firstIndex { $0.id == "later" })
        let rule = FaultConditions(layout: learned).rules[number]
        var state = FaultState()
        #expect(
            state.observe(
                slot: mode, value: try #require(decoded.readings.first).value, rule: rule, timeMilliseconds: 1, gapMilliseconds: 1)
                == .raised(onsetMilliseconds: 1))
    }

    @Test func rulesAreFoundByTheirSlot() throws {
        let temp = try #require(layout.slot(named: "temp"))
        let speed = try #require(layout.slot(named: "speed"))
        #expect(Array(conditions.rules(watching: temp)) == [0, 1, 2, 3, 7])
        #expect(Array(conditions.rules(watching: speed)) == [3])
        #expect(!conditions.isUnwatched(temp))
        for slot in [Int32(3), 99] {
            #expect(conditions.rules(watching: slot).isEmpty)
            #expect(conditions.isUnwatched(slot))
        }
    }
}
