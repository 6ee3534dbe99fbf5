import FaultDetection
import TestSupport
import Testing

@testable import GatewayCore

/// Messages in another order than that of their times: a backfill, and messages that overtake one another.
@Suite struct LateTests {
    private static let faults = """
        hot: { raise: { metric: "temp", above: 80, forSeconds: 60 }, clear: { metric: "temp", below: 70, forSeconds: 60 }, playbook: "mend" },
        weak: { severity: "minor", raise: { metric: "power", below: 5 } },
        "comes-and-goes": { severity: "warning", raise: { count: { metric: "status", enters: "down" }, atLeast: 3, withinSeconds: 900 } },
        climbing: { severity: "minor", raise: { metric: "temp", ratePer: "minute", overSeconds: 300, above: 4 } },
        both: { severity: "minor", raise: { all: [{ metric: "temp", above: 60 }, { metric: "status", equals: "down" }] } }
        """

    private static func profile(lateness: Int = 0) -> String {
        AlarmLifeTests.profile(faults, more: "allowedLatenessSeconds: \(lateness),").replacing("gapSeconds: 6000", with: "gapSeconds: 120")
    }

    private struct Message {
        var second: Int
        var members: String
    }

    /// A morning that does a bit of everything, a message each half minute.
    private static func morning(_ seed: UInt64, messages: Int, jams: Bool = true) -> [Message] {
        var generator = SeededGenerator(seed: seed)
        var temp = 50
        return (0..<messages).map { index in
            temp = min(110, max(20, temp + Int.random(in: -12...13, using: &generator)))
            var members = "\"temp\":\(temp)"
            if Int.random(in: 0..<3, using: &generator) == 0 { members += ",\"power\":\(Int.random(in: 1...20, using: &generator))" }
            if Int.random(in: 0..<2, using: &generator) == 0 {
                members += ",\"status\":\"\(["idle", "busy", "down"][Int.random(in: 0..<3, using: &generator)])\""
            }
            if !jams {
                if index % 60 == 20 { members += ",\"errors\":[\"jam\"]" }
                if index % 60 == 33 { members += ",\"errors\":[]" }
            } else if Int.random(in: 0..<4, using: &generator) == 0 {
                members += ",\"errors\":[\(Int.random(in: 0..<2, using: &generator) == 0 ? "" : "\"jam\"")]"
            }
            return Message(second: index * 30, members: members)
        }
    }

    private func intervals(_ driver: Driver) -> [String] {
        driver.core.alarms.all.map { "\($0.condition) \($0.onsetMilliseconds) \($0.clearedMilliseconds ?? -1) \($0.repeats)" }.sorted()
    }

    /// Two hours that come at once afterwards are judged as they would have been, say so, and send nothing.
    @Test(arguments: Array(UInt64(1)...8)) func aBackfillYieldsTheAlarmsThatLiveDataWould(_ seed: UInt64) throws {
        print("backfill seed \(seed)")
        let messages = Self.morning(seed, messages: 240, jams: false)
        // All is well at the end, so that nothing is cut off.
        let calm = (0..<30).map { Message(second: 7200 + $0 * 30, members: "\"temp\":40,\"power\":20,\"status\":\"idle\",\"errors\":[]") }
        // Flapping keeps an alarm open for as long as it is quiet by the clock on the wall, which a backfill has none of.
        let profile = Self.profile().replacing("raise:", with: "flapping: { changes: 64, withinSeconds: 60 }, raise:")
        var live = try Driver([profile])
        for message in messages + calm { live.tell("p1", message.members, at: Double(message.second)) }
        live.wait(until: 20_000)
        var late = try Driver([profile])
        late.tell("p1", "\"temp\":40,\"power\":20,\"status\":\"idle\",\"errors\":[]", at: 9000)
        for message in messages + calm { late.tell("p1", message.members, at: 9010, time: Double(message.second)) }
        late.wait(until: 20_000)
        #expect(intervals(late).filter { !$0.hasPrefix("silent") } == intervals(live).filter { !$0.hasPrefix("silent") }, "seed \(seed)")
        #expect(late.core.alarms.all.filter { $0.condition != "silent" }.allSatisfy { $0.isLate && !$0.isActive })
        #expect(late.deliveries.isEmpty && !live.deliveries.isEmpty)
        #expect(intervals(live).count > 4, "seed \(seed) shows nothing")
    }

    @Test func aStragglerWithinAnAlarmTellsNothingNew() throws {
        var driver = try Driver([Self.profile()])
        driver.tell("p1", "\"power\":1", at: 0)
        driver.tell("p1", "\"power\":1", at: 20)
        driver.tell("p1", "\"power\":1", at: 21, time: 10)
        #expect(driver.core.alarms.count == 1)
        driver.tell("p1", "\"power\":9", at: 30)
        driver.tell("p1", "\"power\":2", at: 31, time: 25)
        #expect(driver.core.alarms.count == 1)
        // Out of the lane's order: kept, counted, not judged.
        driver.tell("p1", "\"power\":2", at: 32, time: 24)
        #expect(driver.core.counters.lateUnjudged == 1)
    }

    @Test func theEndOfABackfillEndsWhatItLeftOpen() throws {
        var driver = try Driver([Self.profile()])
        driver.tell("p1", "\"power\":9", at: 5000)
        driver.tell("p1", "\"power\":1", at: 5001, time: 100)
        driver.tell("p1", "\"power\":1", at: 5001, time: 160)
        let id = try #require(driver.core.alarms.ids.first)
        #expect(driver.core.alarms[id]?.isActive == true)
        driver.wait(until: 5000 + 400)
        #expect(driver.core.alarms[id]?.clearedMilliseconds == Driver.start + 160_000)
        #expect(driver.core.alarms.laneDevices.isEmpty && driver.core.alarms.state(of: 0).lane == nil)
    }

    private func digest(_ driver: Driver) -> [String] { driver.core.digestLines() }

    /// Messages that overtake one another within the allowed lateness change nothing at all: not an alarm, not an order of downtime.
    @Test(arguments: Array(UInt64(1)...8)) func shufflingWithinTheAllowedLatenessChangesNothing(_ seed: UInt64) throws {
        print("shuffling seed \(seed)")
        let lateness = 95
        var generator = SeededGenerator(seed: seed &* 77)
        let messages = Self.morning(seed, messages: 200)
        func run(_ order: [Message]) throws -> Driver {
            var driver = try Driver([Self.profile(lateness: lateness)])
            for (index, message) in order.enumerated() {
                driver.tell("p1", message.members, at: Double(index * 30 + 200), time: Double(message.second))
            }
            driver.wait(until: 200 * 30 + 2000)
            return driver
        }
        let reference = try run(messages)
        // Each is delayed by less than the lateness, and then they come as they may.
        let shuffled = messages.map { ($0, $0.second + Int.random(in: 0..<lateness, using: &generator)) }.enumerated()
            .sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }.map(\.element.0)
        let other = try run(shuffled)
        #expect(zip(messages, shuffled).contains { $0.second != $1.second })
        #expect(intervals(other) == intervals(reference), "seed \(seed)")
        #expect(digest(other) == digest(reference), "seed \(seed)")
        #expect(other.core.counters.late == 0)
        #expect(reference.core.alarms.count > 3)
        // Without the allowance the order does change something, or nothing is shown.
        if seed == 1 {
            var strict = try Driver([Self.profile()])
            for (index, message) in shuffled.enumerated() {
                strict.tell("p1", message.members, at: Double(index * 30 + 200), time: Double(message.second))
            }
            #expect(strict.core.counters.late > 0)
        }
    }

    @Test func whatWaitsGoesWhenTheDeviceIsQuiet() throws {
        var driver = try Driver([Self.profile(lateness: 60)])
        driver.tell("p1", "\"power\":1", at: 0)
        #expect(driver.core.alarms.count == 0)
        driver.wait(until: 59)
        #expect(driver.core.alarms.count == 0)
        driver.wait(until: 100)
        #expect(driver.core.alarms.count == 1)
    }

    @Test func theWaitingIsBoundedAndSurvivesASnapshot() throws {
        let profile = Self.profile(lateness: 300)
        var driver = try Driver([profile])
        for index in 0..<400 { driver.tell("p1", "\"power\":1", at: Double(index) / 10) }
        #expect(driver.core.sequencer.waiting(of: 0).count == 256 && driver.core.counters.earlyMessages == 144)
        let restored = try #require(
            try StewardCore(configuration: CoreConfiguration(), profiles: [try Driver.profile(profile)], snapshot: driver.snapshot()))
        #expect(restored.sequencer.waiting(of: 0) == driver.core.sequencer.waiting(of: 0))
    }

    /// With an allowed lateness a message is judged when others have been decoded since: what it reported counts, not what they did.
    @Test(arguments: [0, 60]) func aCodeOfThePastThatIsStillReportedOpensItsTicket(_ lateness: Int) throws {
        var driver = try Driver([Self.profile(lateness: lateness)])
        // Reported for the first time while nothing got through, and not at once.
        driver.tell("p1", #""errors":["jam"]"#, at: 7200, time: 60)
        driver.wait(until: 7300)
        #expect(driver.core.alarms.all.map(\.isLate) == [true] && driver.kinds(.ticket).isEmpty)
        driver.tell("p1", #""temp":20"#, at: 7400)
        driver.tell("p1", #""errors":["jam"]"#, at: 7500)
        driver.tell("p1", #""temp":21"#, at: 7530)
        driver.wait(until: 7700)
        #expect(driver.kinds(.ticket).count == 1)
    }
}
