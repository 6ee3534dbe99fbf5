import FaultDetection
import Telemetry
import TestSupport
import Testing

@testable import GatewayCore

/// What a person says of a detector's warning, as an event of the core.
@Suite struct NormalAnomalyTests {
    /// A driver whose kiln stands 40 degrees above what ten days showed, and the warning of it.
    private func standing(seed: UInt64 = 1) throws -> (driver: Driver, alarm: String) {
        var driver = try Driver([AnomalyTests.profile()])
        for reading in AnomalyTests.shifted(seed: seed).prefix(10 * 288 + 60) { driver.tell("k1", reading.members, at: reading.second) }
        let alarm = try #require(driver.core.alarms.all.first { $0.source == .anomaly && $0.isActive })
        return (driver, alarm.id)
    }

    private let later = 10.5 * 86_400

    @Test func theWarningEndsAndIsRemembered() throws {
        var (driver, id) = try standing()
        #expect(driver.core.problem(callingNormal: id) == nil)
        let effects = driver.control(.callNormal(alarm: id, by: "anna", reason: "new firing curve"), at: later)
        let alarm = try #require(driver.core.alarms[id])
        #expect(!alarm.isActive && alarm.calledNormalBy == "anna" && alarm.acknowledgedBy == "anna")
        let decisions = effects.compactMap { effect -> Decision? in if case .decision(let decision) = effect { decision } else { nil } }
        let word = try #require(decisions.first { $0.kind == .anomalyNormal })
        let line = String(decoding: word.line, as: UTF8.self)
        #expect(line.contains("\"by\":\"anna\"") && line.contains("\"reason\":\"new firing curve\"") && line.contains("anomaly:temp"))
        #expect(decisions.contains { $0.kind == .alarmCleared })

        // Back, and up again: the same event is not told again, also not after a restart.
        let bytes = try driver.snapshot()
        let core = try StewardCore(
            configuration: CoreConfiguration(), profiles: [try Driver.profile(AnomalyTests.profile())], snapshot: bytes)
        var second = Driver(core: try #require(core), number: driver.number)
        for step in 0..<288 {
            second.tell("k1", "\"temp\":\(200 + Double(step % 5) / 5 + (step < 100 ? 0 : 40))", at: later + 600 + Double(step) * 300)
        }
        let standing = second.core.alarms.all.filter { $0.source == .anomaly && $0.isActive && $0.text.contains("above") }
        #expect(standing.isEmpty, "\(standing.map(\.text))")
        #expect(second.core.alarms[id]?.calledNormalBy == "anna")
    }

    @Test func itCanBeTakenBack() throws {
        var (driver, id) = try standing()
        #expect(driver.core.problem(callingUnusual: id) == "nobody has called normal what this detector found")
        driver.control(.callUnusual(alarm: id, by: "bert", reason: nil), at: later)
        #expect(driver.core.counters.refusedControls == 1)
        driver.control(.callNormal(alarm: id, by: "anna", reason: nil), at: later)
        #expect(driver.core.problem(callingUnusual: id) == nil)
        let effects = driver.control(.callUnusual(alarm: id, by: "bert", reason: "it was not"), at: later + 1)
        #expect(effects.contains { if case .decision(let decision) = $0 { decision.kind == .anomalyUnusual } else { false } })
        #expect(driver.core.alarms[id]?.calledNormalBy == nil)
    }

    @Test func onlyWhatADetectorFoundCanBeCalledNormal() throws {
        var driver = try Driver([
            "{ profile: \"p\", silentAfterSeconds: 60, messages: [{ topic: \"t/{device}/data\" }], metrics: { a: { pointer: \"/a\" } } }"
        ])
        driver.tell("k1", "\"a\":1", at: 0)
        driver.wait(until: 600)
        let id = try #require(driver.core.alarms.ids.first)
        let problem = try #require(driver.core.problem(callingNormal: id))
        #expect(problem.contains("only what a detector found"), "\(problem)")
        driver.control(.callNormal(alarm: id, by: "anna", reason: nil), at: 700)
        #expect(driver.core.counters.refusedControls == 1 && driver.core.alarms[id]?.isActive == true)
        #expect(driver.core.problem(callingNormal: "al-none") == "there is no such alarm")
    }

    /// The detector keeps how far its last event went; an older warning cannot stand for that.
    @Test func anOlderWarningNamesTheNewer() throws {
        var (driver, id) = try standing()
        driver.control(.callNormal(alarm: id, by: "anna", reason: nil), at: later)
        for step in 0..<1200 {
            driver.tell("k1", "\"temp\":\(200 + Double(step % 5) / 5 + (step < 900 ? 40 : 240))", at: later + 600 + Double(step) * 300)
        }
        let newest = try #require(driver.core.alarms.all.last { $0.source == .anomaly })
        #expect(newest.id != id)
        #expect(driver.core.problem(callingNormal: id)?.contains(newest.id) == true)
        #expect(driver.core.problem(callingNormal: newest.id) == nil)
    }
}
