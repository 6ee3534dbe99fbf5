import CoreViews
import Documents
import FaultDetection
import FoundationEssentials
import Testing

@testable import GatewayCore

/// Why and why not.
@Suite struct ExplainTests {
    private static let faults = """
        hot: { text: "Too hot", raise: { metric: "temp", above: 80, forSeconds: 30 }, clear: { metric: "temp", below: 70, forSeconds: 60 } },
        stuck: { raise: { all: [{ metric: "status", equals: "busy" }, { metric: "power", below: { metric: "temp", times: 2 } }] } },
        jams: { raise: { count: { metric: "status", enters: "down" }, atLeast: 3, withinSeconds: 600 } }
        """

    private func explain(_ driver: Driver, _ condition: String? = nil, at second: Int64) -> String? {
        var writer = JSONWriter()
        let time = Driver.start + second * 1000
        return driver.core.writeExplanation("p1", condition: condition, atMilliseconds: time, &writer)
            ? String(decoding: writer.bytes, as: UTF8.self) : nil
    }

    @Test func theClauseThatFailsIsNamedWithItsValueAndAge() throws {
        var driver = try Driver([AlarmLifeTests.profile(Self.faults)])
        driver.tell("p1", "\"temp\":66.5", at: 0)
        let hot = try #require(explain(driver, "hot", at: 20))
        #expect(hot.contains("\"why\":\"it does not hold: temp is 66.5 Cel, read 20 s ago, which is not above 80 Cel\""), "\(hot)")
        #expect(hot.contains("\"active\":false") && hot.contains("\"holds\":false") && hot.contains("\"ageMilliseconds\":20000"))
        let stuck = try #require(explain(driver, "stuck", at: 20))
        #expect(stuck.contains("status was never told, so nothing is known of status busy") && stuck.contains("\"holds\":null"), "\(stuck)")
        driver.tell("p1", "\"status\":\"busy\",\"power\":200", at: 10)
        let power = try #require(explain(driver, "stuck", at: 20))
        #expect(power.contains("power is 200, read 10 s ago; temp is 66.5 Cel, read 20 s ago, which is not below 2 × temp"), "\(power)")
        driver.tell("p1", "\"status\":\"down\"", at: 15)
        #expect(try #require(explain(driver, "jams", at: 20)).contains("status entering down began 1 of 3 times within 10 min"))
        driver.tell("p1", "\"temp\":90", at: 20)
        driver.tell("p1", "\"temp\":90", at: 30)
        #expect(try #require(explain(driver, "hot", at: 30)).contains("temp above 80 Cel holds for 10 s of 30 s"))
    }

    @Test func whatStandsSaysWhyAndWhatInhibitsIt() throws {
        var driver = try Driver([AlarmLifeTests.profile(Self.faults)])
        driver.tell("p1", "\"temp\":90", at: 0)
        driver.tell("p1", "\"temp\":90,\"errors\":[\"jam\"]", at: 30)
        let id = try #require(driver.core.alarms.all.first { $0.condition == "hot" }?.id)
        driver.control(.shelve(alarm: id, by: "anna", untilMilliseconds: Driver.start + 900_000, reason: "fan ordered"), at: 40)
        driver.control(
            .addMaintenance(
                MaintenanceWindow(
                    id: "w", scope: .all, schedule: .once(fromMilliseconds: Driver.start, untilMilliseconds: Driver.start + 900_000),
                    by: "", reason: "")),
            at: 50)
        driver.tell("p1", "\"temp\":60", at: 60)
        driver.tell("p1", "\"temp\":60", at: 80)
        let all = try #require(explain(driver, at: 90))
        #expect(all.contains("it ends when temp below 70 Cel for 60 s, but temp below 70 Cel holds for 20 s of 60 s"), "\(all)")
        #expect(all.contains("\"kind\":\"shelved\",\"text\":\"anna has shelved it: fan ordered\",\"until\":1767226500000"))
        #expect(all.contains("\"kind\":\"maintenance\"") && all.contains("\"maintenance\":\"w\""))
        #expect(all.contains("\"condition\":\"jam\"") && all.contains("the device itself reports this code, and has done so for 60 s"))
        #expect(all.contains("\"condition\":\"silent\"") && all.contains("it was heard 10 s ago"))
    }

    /// Each watched metric has its score and what would be unusual; a detector that knows too little says so.
    @Test func theWatchesAreTold() throws {
        var driver = try Driver([AnomalyTests.profile()])
        for reading in AnomalyTests.shifted(seed: 1, days: 5) { driver.tell("p1", reading.members, at: reading.second) }
        driver.tell("p1", "\"made\":1", at: 5 * 86_400)
        driver.tell("p1", "\"made\":2", at: 5 * 86_400 + 300)
        struct Answer: Decodable {
            struct Watch: Decodable {
                var metric: String
                var unit: String?
                var rate: Bool
                var score: Double
                var learning: Bool
                var unusualBelow: Double?
                var unusualAbove: Double?
            }
            var watches: [Watch]
        }
        let text = try #require(explain(driver, at: 6 * 86_400))
        let watches = try JSONDecoder().decode(Answer.self, from: Data(text.utf8)).watches
        #expect(watches.map(\.metric) == ["temp", "made"])
        #expect(watches.map(\.unit) == ["Cel", "{parts}/h"] && watches.map(\.rate) == [false, true])
        #expect(watches.map(\.learning) == [false, true])
        let temp = try #require(watches.first)
        #expect(temp.score >= 0 && temp.score < 1)
        let (below, above) = (try #require(temp.unusualBelow), try #require(temp.unusualAbove))
        #expect(below > 150 && below < 199 && above > 201 && above < 250, "\(below) to \(above)")
        #expect(watches.last?.unusualAbove == nil)
    }

    @Test func askingChangesNothing() throws {
        var driver = try Driver([AlarmLifeTests.profile(Self.faults)])
        driver.tell("p1", "\"temp\":90,\"status\":\"busy\"", at: 0)
        let before = try driver.snapshot()
        for condition in [nil, "hot", "stuck", "jams", "silent", "jam"] { #expect(explain(driver, condition, at: 100) != nil) }
        #expect(try driver.snapshot() == before)
        #expect(explain(driver, "none", at: 100) == nil)
        var writer = JSONWriter()
        #expect(!driver.core.writeExplanation("nobody", condition: nil, atMilliseconds: 0, &writer))
    }
}
