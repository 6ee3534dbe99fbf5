import CoreViews
import Foundation
import SampleCodec
import Testing

@testable import GatewayCore

/// A dead letter that is taken once more tells what was when it first came.
@Suite struct LetterReplayTests {
    private func replay(
        _ driver: inout Driver, _ payload: String, topic: String = "t/p1/data", first: Double, at second: Double, retained: Bool = false
    ) -> [Effect] {
        driver.control(
            .replayed(
                topic: Data(topic.utf8), payload: Data(payload.utf8), isRetained: retained,
                arrivalMilliseconds: Driver.start + Int64(first * 1000)), at: second)
    }

    @Test func theFirstArrivalStandsInForATimeOfItsOwn() throws {
        var driver = try Driver()
        _ = replay(&driver, #"{"temp":20}"#, first: 100, at: 50_000)
        #expect(
            try #require(driver.core.openSamples(device: "p1", metric: "temp")).samples.map(\.timeMilliseconds) == [Driver.start + 100_000])
        // Its own time wins, and one that was not to be believed then is not to be believed now.
        _ = replay(&driver, #"{"temp":21,"ts":\#(Driver.start + 120_000)}"#, first: 130, at: 50_001)
        _ = replay(&driver, #"{"temp":22,"ts":\#(Driver.start + 200_000_000)}"#, first: 140, at: 200_000)
        let times = try #require(driver.core.openSamples(device: "p1", metric: "temp")).samples.map(\.timeMilliseconds)
        #expect(times == [100, 120, 140].map { Driver.start + $0 * 1000 })
        #expect(driver.core.counters.clockProblems == 1)
    }

    @Test func whatIsLongOverSendsNothing() throws {
        var driver = try Driver()
        let effects = replay(&driver, #"{"status":"down","errors":["jam"],"supplies":{"black":2}}"#, first: 100, at: 50_000)
        #expect(effects.deliveries.isEmpty)
        #expect(effects.decisions.contains { $0.contains("alarm.raised") && $0.contains("\"late\":true") })
        // The same, fresh: the profile was mended within the minute.
        var other = try Driver()
        let fresh = replay(&other, #"{"status":"down","errors":["jam"],"supplies":{"black":2}}"#, first: 100, at: 130)
        #expect(fresh.deliveries.contains { $0.channel == .command } && fresh.deliveries.contains { $0.channel == .order })
    }

    @Test func itIsLateAgainstWhatCameSince() throws {
        var driver = try Driver()
        driver.tell("p1", "\"temp\":50,\"status\":\"idle\"", at: 1000)
        let effects = replay(&driver, #"{"temp":90,"status":"down","errors":["jam"]}"#, first: 500, at: 1100)
        #expect(effects.decidedKinds == ["alarm.raised"] && effects.deliveries.isEmpty && driver.core.counters.late == 1)
        #expect(effects.decisions.allSatisfy { $0.contains("\"late\":true") })
    }

    @Test func itIsNoSignOfLife() throws {
        var driver = try Driver()
        driver.tell("p1", "\"temp\":50", at: 0)
        driver.wait(until: 700)
        #expect(driver.kinds(.alarmRaised).count == 1)
        _ = replay(&driver, #"{"temp":51}"#, first: 10, at: 710)
        #expect(driver.kinds(.alarmCleared).isEmpty)
        // A device that only a replay made known is not missed, because it was never heard.
        _ = replay(&driver, #"{"temp":51}"#, topic: "t/p2/data", first: 10, at: 720)
        driver.wait(until: 5000)
        #expect(!driver.lines.contains { $0.contains("\"p2\"") })
    }

    @Test func whatFailsAgainIsADeadLetterOfItsFirstTime() throws {
        var driver = try Driver()
        driver.tell("p1", "\"pages\":\"x\"", at: 0)
        for (payload, topic) in [("{", "t/p1/data"), (#"{"pages":"x","temp":1}"#, "t/p1/data"), ("{}", "nobody/p1")] {
            let letters = replay(&driver, payload, topic: topic, first: 5, at: 60).deadLetters
            #expect(letters.count == 1, "\(topic) \(payload)")
            #expect(letters.first?.arrivalMilliseconds == Driver.start + 5000)
            #expect(letters.first?.payload == Array(payload.utf8) && letters.first?.topic == Array(topic.utf8))
        }
        // What comes after it arrives now again.
        #expect(driver.send("t/p1/data", "{", at: 61).deadLetters.first?.arrivalMilliseconds == Driver.start + 61_000)
    }

    @Test func whatWasRetainedStaysRetained() throws {
        var driver = try Driver()
        let effects = replay(&driver, #"{"status":"down","errors":["jam"]}"#, first: 100, at: 130, retained: true)
        #expect(effects.isEmpty && driver.core.counters.retained == 1)
        let letter = replay(&driver, "{", first: 100, at: 131, retained: true).deadLetters.first
        #expect(letter?.isRetained == true)
        #expect(driver.send("t/p1/data", "{", at: 132, retained: true).deadLetters.first?.isRetained == true)
    }

    @Test func anArrivalInTheFutureIsNow() throws {
        var driver = try Driver()
        _ = replay(&driver, #"{"temp":20}"#, first: 9000, at: 60)
        #expect(
            try #require(driver.core.openSamples(device: "p1", metric: "temp")).samples.map(\.timeMilliseconds) == [Driver.start + 60_000])
    }
}
