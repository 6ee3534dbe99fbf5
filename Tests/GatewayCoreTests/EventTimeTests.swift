import CivilCalendar
import CoreViews
import Documents
import Foundation
import SampleCodec
import ServiceValue
import Telemetry
import TestSupport
import Testing

@testable import GatewayCore

/// Event time, arrival time, and what is retained, late or stale.
@Suite struct EventTimeTests {
    @Test func retainedMessagesTellStateAndMoveNothing() throws {
        var driver = try Driver()
        let members = "\"status\":\"down\",\"temp\":-50,\"errors\":[\"jam\",\"fire\"],\"supplies\":{\"black\":1},\"pages\":5"
        for _ in 0..<3 { driver.tell("p1", members, at: 10, time: 0, retained: true) }
        #expect(driver.effects.isEmpty)
        #expect(driver.core.counters.retained == 3)
        #expect(driver.core.fleet.devices[0].arrivalMilliseconds == .min)
        var writer = JSONWriter()
        #expect(driver.core.writeDevice("p1", &writer))
        #expect(writer.text.contains("\"status\":\"down\"") && writer.text.contains("\"retained\":true"))
        // Nothing of it is heard as life, so that no silence can follow either.
        driver.wait(until: 5000)
        #expect(driver.effects.isEmpty)
    }

    /// What was retained is no reading: the first live message that says the same opens the incident all the same.
    @Test func theFirstLiveStatusCountsEvenWhenItIsTheRetainedOne() throws {
        var driver = try Driver()
        driver.tell("p1", "\"status\":\"down\"", at: 0, retained: true)
        driver.tell("p1", "\"status\":\"down\"", at: 10)
        #expect(driver.kinds(.incidentOpened).count == 1)
        // A retained message after a live one changes nothing.
        driver.tell("p1", "\"status\":\"idle\",\"temp\":1", at: 20, retained: true)
        #expect(driver.kinds(.incidentClosed).isEmpty)
        #expect(driver.core.digestLines().contains { $0.contains("status = down") })
    }

    /// A late message tells what was: history takes it, and alarms that are marked late. The present is untouched, and nothing is sent.
    @Test func lateMessagesTellWhatWas() throws {
        var driver = try Driver()
        driver.tell("p1", "\"temp\":20,\"status\":\"busy\"", at: 1000)
        let before = driver.core.digestLines()
        driver.tell("p1", "\"temp\":-99,\"status\":\"down\",\"errors\":[\"fire\"],\"supplies\":{\"black\":1}", at: 1001, time: 500)
        #expect(driver.core.counters.late == 1)
        #expect(driver.effects.decidedKinds == ["alarm.raised", "alarm.raised"] && driver.deliveries.isEmpty)
        #expect(driver.lines.allSatisfy { $0.contains("\"late\":true") })
        #expect(driver.core.digestLines().filter { !$0.hasPrefix("alarm ") } == before)
        let samples = try #require(driver.core.openSamples(device: "p1", metric: "temp")).samples
        #expect(samples.map(\.value) == [20, -99])
        #expect(samples.map(\.timeMilliseconds) == [Driver.start + 1_000_000, Driver.start + 500_000])
    }

    /// Two hours of the past: the alarms it had, marked late, and nothing sent for what is over.
    @Test func aBackfillSendsNoCommandAndNoOrder() throws {
        var driver = try Driver()
        for minute in 0..<120 {
            let isHot = (30..<60).contains(minute)
            driver.tell(
                "p1",
                "\"temp\":\(isHot ? 95 : 20),\"errors\":\(isHot ? "[\"jam\",\"fire\"]" : "[]"),\"status\":\"\(isHot ? "down" : "busy")\",\"supplies\":{\"black\":\(isHot ? 5 : 60)}",
                at: 7300, time: Double(minute) * 60)
        }
        #expect(driver.kinds(.alarmRaised).count == 3)
        #expect(driver.kinds(.alarmCleared).count == 3)
        #expect(driver.lines.filter { $0.contains("alarm.raised") }.allSatisfy { $0.contains("\"late\":true") })
        #expect(driver.lines.contains { $0.contains("incident.closed") && $0.contains("\"downtimeMilliseconds\":1800000") })
        #expect(driver.deliveries.isEmpty)
        driver.tell("p1", "\"temp\":20,\"errors\":[]", at: 7400)
        #expect(driver.deliveries.isEmpty)
        #expect(driver.core.counters.suppressedDispatches == 3)
    }

    @Test func whatABackfillRaisedAndThePresentConfirmsIsDispatchedOnce() throws {
        var driver = try Driver()
        for minute in 0..<100 { driver.tell("p1", "\"temp\":95,\"errors\":[\"fire\"]", at: 7300, time: Double(minute) * 60) }
        #expect(driver.kinds(.alarmRaised).count == 2)
        #expect(driver.deliveries.isEmpty)
        // A word of the present about something else confirms nothing.
        driver.tell("p1", "\"status\":\"busy\"", at: 7310)
        #expect(driver.deliveries.isEmpty)
        driver.tell("p1", "\"temp\":96", at: 7320)
        #expect(driver.commands.count == 1)
        #expect(driver.deliveries.count == 1)
        driver.tell("p1", "\"temp\":96,\"errors\":[\"fire\"]", at: 7330)
        #expect(driver.deliveries.map(\.channel) == [.command, .ticket])
        for second in 0..<5 { driver.tell("p1", "\"temp\":96,\"errors\":[\"fire\"]", at: 7331 + Double(second)) }
        #expect(driver.deliveries.count == 2)
    }

    @Test func secondsForMillisecondsAreSeenNearTheArrivalTimeAndCounted() throws {
        var driver = try Driver()
        driver.send("t/p1/data", "{\"ts\":1767225600,\"temp\":-50}", at: 100)
        #expect(driver.core.counters.clockProblems == 1)
        #expect(driver.kinds(.alarmRaised).map(\.timeMilliseconds) == [Driver.start])
    }

    /// A local time without a zone, through the hour that comes twice in autumn: the order of the messages tells which one it is.
    @Test func aZoneMakesInstantsOfLocalTimes() throws {
        // From Debian's tzdata, which deploy/test installs.
        let bytes = try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin"))
        let rules = try ZoneRules(tzif: Array(bytes))
        let text = """
            {
              profile: "local",
              messages: [{ topic: "l/{device}", time: { pointer: "/t", unit: "iso8601", zone: "Europe/Berlin" } }],
              metrics: { n: { pointer: "/n" } },
            }
            """
        let profile = try ProfileReader.read(Array(text.utf8), file: "local.json", zones: { $0 == "Europe/Berlin" ? rules : nil })
        let core = try #require(StewardCore(configuration: CoreConfiguration(), profiles: [profile]))
        var driver = Driver(core: core, number: 1)
        // 2025-10-26: 02:30 is 00:30 and 01:30 UTC.
        for (index, local) in ["01:59:00", "02:30:00", "02:59:00", "02:30:00", "03:00:00"].enumerated() {
            driver.send("l/x", "{\"t\":\"2025-10-26T\(local)\",\"n\":\(index)}", at: Double(index))
        }
        let samples = try #require(driver.core.openSamples(device: "x", metric: "n")).samples
        #expect(samples.map { ($0.timeMilliseconds - 1_761_436_800_000) / 60_000 } == [-1, 30, 59, 90, 120])
        #expect(throws: DocumentProblems.self) { try ProfileReader.read(Array(text.utf8), file: "local.json") }
    }

    /// 1970, 2106, negative, far: taken at arrival time, and counted.
    @Test(arguments: ["0", "-5", "1e300", "4294967295000", "9223372036854775807", "-9223372036854775808", "1262303999999"])
    func aClockOutsideTheWindowIsNotBelieved(_ ts: String) throws {
        var driver = try Driver()
        driver.send("t/p1/data", "{\"ts\":\(ts),\"temp\":-50}", at: 100)
        #expect(driver.core.counters.clockProblems == 1)
        #expect(driver.kinds(.alarmRaised).map(\.timeMilliseconds) == [Driver.start + 100_000])
        driver.send("t/p1/data", "{\"temp\":0}", at: 200)
        #expect(driver.core.counters.clockProblems == 1)
        #expect(driver.kinds(.alarmCleared).map(\.timeMilliseconds) == [Driver.start + 200_000])
    }

    @Test func aGapNeitherSatisfiesNorClears() throws {
        var driver = try Driver()
        driver.tell("p1", "\"temp\":90", at: 0)
        driver.tell("p1", "\"temp\":90", at: 400)
        #expect(driver.effects.isEmpty)
        driver.tell("p1", "\"temp\":null", at: 410)
        driver.tell("p1", "\"temp\":90", at: 430)
        #expect(driver.kinds(.alarmRaised).count == 1)
    }

    @Test func repeatedAndEqualTimesChangeNothing() throws {
        var driver = try Driver()
        for _ in 0..<5 { driver.tell("p1", "\"temp\":90,\"pages\":3", at: 0) }
        #expect(driver.core.openSamples(device: "p1", metric: "temp")?.samples.count == 1)
        driver.tell("p1", "\"temp\":91", at: 1, time: 0)
        #expect(driver.core.openSamples(device: "p1", metric: "temp")?.samples.count == 2)
        #expect(driver.effects.isEmpty)
    }

    @Test func fullChunksAreHandedOutWithEverySample() throws {
        var driver = try Driver()
        var generator = SeededGenerator(seed: 3)
        var sent: [Double] = []
        for second in 0..<2000 {
            sent.append(Double(Int.random(in: -1000...6999, using: &generator)) / 100)
            driver.tell("p1", "\"temp\":\(sent[second])", at: Double(second))
        }
        var kept: [Double] = []
        for chunk in driver.effects.chunks {
            #expect(chunk.device == "p1" && chunk.metric == "temp" && chunk.unit == "Cel")
            kept += try chunk.bytes.withUnsafeBytes { try SampleChunk.decode($0, count: Int(chunk.count)) }.map(\.value)
        }
        kept += try #require(driver.core.openSamples(device: "p1", metric: "temp")).samples.map(\.value)
        #expect(kept == sent)
        #expect(driver.core.counters.historySamples == 2000)
    }
}

/// Silence is a matter of arrival time, and only of time in which the gateway was listening.
@Suite struct SilenceTests {
    @Test func aSilentDeviceIsToldOnceAndClearsWhenItSpeaks() throws {
        var driver = try Driver()
        driver.tell("p1", "\"status\":\"busy\"", at: 0)
        driver.wait(until: 599)
        #expect(driver.effects.isEmpty)
        driver.wait(until: 1300)
        #expect(driver.effects.decidedKinds == ["alarm.raised"])
        #expect(driver.lines[0].contains("\"condition\":\"silent\"") && driver.lines[0].contains("\"onset\":\(Driver.start)"))
        #expect(driver.core.totals().silent == 1)
        // Nobody vouches for the time since its last word.
        let totals = driver.core.availability.state(of: 0)!.ledger.totals(atMilliseconds: Driver.start + 1_300_000)
        #expect(totals.productiveMilliseconds == 0 && totals.unknownMilliseconds == 1_300_000)
        driver.tell("p1", "\"temp\":1", at: 1400)
        #expect(driver.effects.decidedKinds == ["alarm.raised", "alarm.cleared"])
        #expect(driver.core.totals().silent == 0)
    }

    @Test func itsOwnClockHidesNoSilence() throws {
        var driver = try Driver()
        driver.tell("p1", "\"temp\":1", at: 0, time: 80_000)
        driver.wait(until: 700)
        #expect(driver.kinds(.alarmRaised).count == 1)
    }

    @Test func timeWithoutAConnectionIsNoSilence() throws {
        var driver = try Driver()
        driver.tell("p1", "\"temp\":1", at: 0)
        driver.control(.disconnected, at: 100)
        #expect(driver.core.nextDueMilliseconds == nil)
        driver.tick(at: 50_000)
        driver.control(.connected(sessionPresent: true), at: 50_001)
        driver.wait(until: 50_600)
        #expect(driver.effects.isEmpty)
        driver.wait(until: 50_700)
        #expect(driver.kinds(.alarmRaised).count == 1)
    }

    /// The gateway died while it was connected, and nobody could note the end of the connection.
    @Test func timeInWhichTheGatewayItselfWasDownIsNoSilence() throws {
        var driver = try Driver()
        for device in 0..<5 { driver.tell("p\(device)", "\"temp\":1", at: 0) }
        driver.wait(until: 60)
        var revived = Driver(
            core: try #require(
                try StewardCore(configuration: CoreConfiguration(), profiles: [Driver.profile(Press.profile)], snapshot: driver.snapshot())),
            number: driver.number)
        revived.tick(at: 7200)
        revived.control(.connected(sessionPresent: true), at: 7201)
        revived.wait(until: 7700)
        #expect(revived.effects.isEmpty)
        revived.wait(until: 7900)
        #expect(revived.kinds(.alarmRaised).count == 5)
    }
}
