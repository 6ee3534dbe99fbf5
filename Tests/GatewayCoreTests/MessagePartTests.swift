import CoreViews
import FaultDetection
import SampleCodec
import Telemetry
import Testing

@testable import GatewayCore

/// Messages that are more, or other, than one JSON object about the device of the topic.
@Suite struct MessagePartTests {
    /// Every metric of a device that has a value, as `name=value`, sorted.
    private func values(_ driver: Driver, _ device: String) throws -> [String] {
        try driver.values(device).map { "\($0)=\($1)" }.sorted()
    }

    private static let plug = """
        {
          profile: "plug",
          messages: [
            { name: "relay", topic: "plugs/{device}/relay/{n}", format: "text" },
            { name: "meter", topic: "plugs/{device}/meter/{n}/{quantity}", format: "text" },
            { name: "will", topic: "plugs/{device}/online", format: "text", liveness: { online: ["true"], offline: ["false"] } },
          ],
          metrics: {
            "relay.{n}": { message: "relay", pointer: "/value", kind: "state", values: { "1": "on", "0": "off" } },
            "meter.{n}.{quantity}": { message: "meter", pointer: "/value", scale: 0.5, offset: 1 },
            online: { message: "will", pointer: "/value", kind: "state" },
          },
        }
        """

    @Test func bareTextGivesTheMetricThatTheTopicNames() throws {
        var driver = try Driver([Self.plug])
        driver.send("plugs/a/relay/0", "on", at: 1)
        driver.send("plugs/a/relay/1", "1", at: 1)
        driver.send("plugs/a/meter/2/power", " 7.5 W", at: 2)
        driver.send("plugs/b/relay/0", "0", at: 2)
        #expect(try values(driver, "a") == ["meter.2.power=4.75", "relay.0=on", "relay.1=on"])
        #expect(try values(driver, "b") == ["relay.0=off"])
        // A word where a number belongs loses that field, and says so.
        let effects = driver.send("plugs/a/meter/2/power", "much", at: 3)
        #expect(effects.count == 1)
        guard case .deadLetter(let letter)? = effects.first else { throw DecodeError("no dead letter") }
        #expect(letter.reason.contains("\"meter.2.power\" is no number"))
    }

    @Test func theLastWillSaysOfflineAtOnceAndARetainedOneRaisesNothing() throws {
        var driver = try Driver([Self.plug])
        driver.send("plugs/a/relay/0", "on", at: 1)
        let gone = driver.send("plugs/a/online", "false", at: 2)
        #expect(driver.core.counters.alarmsRaised == 1)
        #expect(gone.contains { if case .decision(let decision) = $0 { decision.kind == .alarmRaised } else { false } })
        driver.send("plugs/a/online", "false", at: 3)
        #expect(driver.core.counters.alarmsRaised == 1)
        driver.send("plugs/a/online", "true", at: 4)
        #expect(driver.core.counters.alarmsCleared == 1)
        // A device that was away may have a queue, so its first words wait for more.
        driver.wait(until: 7)
        #expect(try values(driver, "a") == ["online=true", "relay.0=on"])
        driver.send("plugs/b/online", "false", at: 5, retained: true)
        #expect(driver.core.counters.alarmsRaised == 1)
    }

    @Test func csvLinesAreReadingsAtTheirOwnTimes() throws {
        var driver = try Driver([
            """
            {
              profile: "logger",
              messages: [{ topic: "log/{device}", format: "csv", delimiter: ";", columns: ["at", "temp", "state"], time: { pointer: "/at", unit: "iso8601" } }],
              metrics: { temp: { pointer: "/temp" }, state: { pointer: "/state", kind: "state" } },
            }
            """
        ])
        driver.send("log/x", "2026-01-01T00:00:00Z; 20.5 ;ok\r\n2026-01-01T00:00:01Z;21;\"warm\"\n\n", at: 5)
        #expect(try values(driver, "x") == ["state=warm", "temp=21.0"])
        #expect(
            try #require(driver.core.openSamples(device: "x", metric: "temp")).samples.map(\.timeMilliseconds) == [
                Driver.start, Driver.start + 1000,
            ])
        let effects = driver.send("log/x", "1;2;3;4", at: 6)
        guard case .deadLetter(let letter)? = effects.first else { throw DecodeError("no dead letter") }
        #expect(letter.reason == "line 1 has 4 values, and the profile names 3 columns")
    }

    private static let hub = """
        {
          profile: "hub",
          messages: [
            { topic: "hub/telemetry", each: "/{device}/{row}", time: { pointer: "/ts" } },
            { topic: "hub/{device}/one", each: "/{row}", time: { pointer: "/ts" } },
            { topic: "hub/named", device: "/src" },
          ],
          metrics: { "{name}": { pointer: "/values/{name}" }, "flat.{name}": { pointer: "/{name}" } },
        }
        """

    @Test func oneMessageMaySpeakOfManyDevicesAndTimes() throws {
        var driver = try Driver([Self.hub])
        let first = Driver.start
        driver.send(
            "hub/telemetry",
            """
            {"A":[{"ts":\(first),"values":{"t":1}},{"ts":\(first + 1000),"values":{"t":2}}],"B":{"ts":\(first),"values":{"t":3}},"../C":[]}
            """, at: 5)
        #expect(try values(driver, "A") == ["t=2.0"])
        #expect(try values(driver, "B") == ["t=3.0"])
        #expect(try #require(driver.core.openSamples(device: "A", metric: "t")).samples.map(\.value) == [1, 2])
        driver.send("hub/A/one", "[{\"ts\":\(first + 2000),\"values\":{\"t\":4}}]", at: 6)
        driver.send("hub/A/one", "{\"ts\":\(first + 3000),\"values\":{\"t\":5}}", at: 7)
        #expect(try #require(driver.core.openSamples(device: "A", metric: "t")).samples.map(\.value) == [1, 2, 4, 5])
        driver.send("hub/named", "{\"src\":\"D\",\"x\":7}", at: 8)
        #expect(try values(driver, "D") == ["flat.x=7.0"])
        #expect(driver.core.counters.deadLetters == 0)
        // A hostile name loses its part only.
        driver.send("hub/telemetry", "{\"+\":{\"values\":{\"t\":1}},\"E\":{\"values\":{\"t\":9}}}", at: 9)
        #expect(driver.core.counters.deadLetters == 1)
        #expect(try values(driver, "E") == ["t=9.0"])
        driver.send("hub/named", "{\"x\":7}", at: 10)
        #expect(driver.core.counters.deadLetters == 2)
    }

    @Test func aFullReportForgetsWhatItLeavesOutAndAPartialOneDoesNot() throws {
        var driver = try Driver([
            """
            {
              profile: "press",
              messages: [{ topic: "p/{device}", full: { pointer: "/kind", in: ["full", "0"] } }],
              metrics: { a: { pointer: "/a" }, b: { pointer: "/b" } },
              supplies: { "{slot}": { level: "/s/{slot}" } },
            }
            """
        ])
        driver.send("p/x", "{\"kind\":\"full\",\"a\":1,\"b\":2,\"s\":{\"ink\":50}}", at: 1)
        driver.send("p/x", "{\"a\":3}", at: 2)
        #expect(try values(driver, "x") == ["a=3.0", "b=2.0", "supply.ink=50.0"])
        driver.send("p/x", "{\"kind\":0,\"a\":4}", at: 3)
        #expect(try values(driver, "x") == ["a=4.0", "b=unknown", "supply.ink=unknown"])
    }

    @Test func bitsAreCodesOfTheirOwn() throws {
        var driver = try Driver([
            """
            {
              profile: "bits",
              messages: [{ topic: "b/{device}" }],
              metrics: { m: { pointer: "/m" } },
              alerts: [{ pointer: "/errors", severity: "minor", bits: { "0": "low-paper", "3": "cover-open" } }],
            }
            """
        ])
        driver.send("b/x", "{\"errors\":0}", at: 1)
        #expect(driver.core.counters.alarmsRaised == 0)
        driver.send("b/x", "{\"errors\":9}", at: 2)
        driver.send("b/x", "{\"errors\":\"24\"}", at: 3)
        #expect(driver.core.alarms.all.map(\.condition) == ["low-paper", "cover-open", "bit-4"])
        #expect(driver.core.alarms.all.map(\.isActive) == [false, true, true])
    }

    @Test func aGeneralProfileYieldsToOthers() throws {
        let general = """
            { profile: "any", messages: [{ topic: "{device}/data", general: true }], metrics: { g: { pointer: "/v" } } }
            """
        let special = """
            { profile: "own", messages: [{ topic: "mine/{device}" }], metrics: { s: { pointer: "/v" } } }
            """
        for profiles in [[general, special], [special, general]] {
            var driver = try Driver(profiles)
            driver.send("mine/data", "{\"v\":1}", at: 1)
            driver.send("other/data", "{\"v\":2}", at: 1)
            #expect(try values(driver, "data") == ["s=1.0"])
            #expect(try values(driver, "other") == ["g=2.0"])
        }
    }

    @Test func anEmptyRetainedMessageTakesARetainedOneBackAndIsNoMistake() throws {
        var driver = try Driver([Self.plug])
        driver.send("plugs/a/online", "", at: 1, retained: true)
        #expect(driver.core.counters.deadLetters == 0)
        // Neither is a live one, which is how subscribers get it.
        driver.send("plugs/a/online", "", at: 1)
        #expect(driver.core.counters.deadLetters == 0)
    }
}
