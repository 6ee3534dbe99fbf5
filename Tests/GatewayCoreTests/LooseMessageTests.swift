import Testing

@testable import GatewayCore

/// What is not one JSON document, and what an empty message means.
@Suite struct LooseMessageTests {
    private static let profile = """
        { profile: "loose", silentAfterSeconds: 600,
          messages: [
            { name: "data", topic: "l/{device}/data" },
            { name: "meta", topic: "l/{device}/meta/{key}", format: "text" },
            { name: "here", topic: "l/{device}/here", format: "text", cleared: "gone", liveness: { online: ["yes"], offline: ["no"] } },
            { name: "word", topic: "l/{device}/word", format: "text", cleared: "unknown" },
            { name: "named", topic: "l/{device}/named", names: { sensor: "/id" } },
          ],
          metrics: {
            temp: { message: "data", pointer: "/temp" }, "zone.{n}": { message: "data", pointer: "/zones/{n}" },
            "meta.{key}": { message: "meta", pointer: "/value", kind: "any" }, here: { message: "here", pointer: "/value", kind: "state" },
            word: { message: "word", pointer: "/value", kind: "state" }, "named.{sensor}": { message: "named", pointer: "/v" },
          },
          supplies: { "{slot}": { message: "data", level: "/supplies/{slot}" } },
          faults: { hot: { raise: { metric: "temp", above: 80 }, clear: { metric: "temp", below: 70 } } },
        }
        """

    // MARK: Documents

    @Test func documentsAreTakenInTheirOrder() throws {
        var driver = try Driver([Self.profile])
        driver.send("l/a/data", "{\"temp\":20}\n{\"temp\":90,\"zones\":{\"x\":1}}\n{\"zones\":{\"x\":2}}\n{\"temp\":NaN}\n", at: 1)
        #expect(try driver.values("a") == ["temp": "unknown", "zone.x": "2.0"])
        #expect(driver.core.counters.alarmsRaised == 1)
        #expect(driver.effects.deadLetters.isEmpty)
        #expect(driver.core.counters.messages == 1)
        // One that cannot be read does not take the others with it, and there is one letter with the whole payload.
        driver.send("l/a/data", #"{"temp":21}{"temp":1e999}{"zones":{"x":3}}"#, at: 2)
        #expect(try driver.values("a") == ["temp": "21.0", "zone.x": "3.0"])
        #expect(
            driver.effects.deadLetters.map { String(decoding: $0.payload, as: UTF8.self) } == [
                #"{"temp":21}{"temp":1e999}{"zones":{"x":3}}"#
            ])
    }

    @Test func moreDocumentsThanAreReadAreToldOnce() throws {
        var driver = try Driver([Self.profile])
        driver.send("l/a/data", (0..<100).map { "{\"temp\":\($0)}" }.joined(), at: 1)
        #expect(try driver.values("a") == ["temp": "63.0"])
        #expect(driver.effects.deadLetters.map(\.reason) == ["36 of 100 parts were dropped: of one message 64 documents are read"])
    }

    // MARK: A sign of life

    @Test func whatCannotBeReadIsASignOfLife() throws {
        var driver = try Driver([Self.profile])
        driver.send("l/a/data", #"{"temp":20}"#, at: 0)
        for minute in 1..<60 {
            driver.wait(until: Double(minute * 60))
            driver.send("l/a/data", "temp=20", at: Double(minute * 60))
        }
        #expect(driver.core.counters.alarmsRaised == 0)
        #expect(driver.effects.deadLetters.count == 59)
        driver.wait(until: 3540 + 700)
        #expect(driver.core.counters.alarmsRaised == 1)
        // It speaks again, although nobody understands it.
        driver.send("l/a/data", "temp=20", at: 4300)
        #expect(driver.core.counters.alarmsCleared == 1)
    }

    @Test func noSignOfLife() throws {
        var driver = try Driver([Self.profile])
        driver.send("l/a/data", #"{"temp":20}"#, at: 0)
        for minute in 1..<15 {
            driver.wait(until: Double(minute * 60))
            // Retained, empty, and of a topic that the device's name is not known of.
            driver.send("l/a/data", "temp=20", at: Double(minute * 60), retained: true)
            driver.send("l/a/data", "", at: Double(minute * 60))
            driver.send("l/b/data", "temp=20", at: Double(minute * 60))
        }
        // A device that was never understood is not missed.
        #expect(driver.core.counters.alarmsRaised == 1)
    }

    // MARK: Empty messages

    @Test func whatAClearedTopicToldIsUnknown() throws {
        for restarts in [false, true] {
            var driver = try Driver([Self.profile])
            driver.send("l/a/meta/height", "0.2", at: 1)
            driver.send("l/a/meta/width", "0.4", at: 1)
            driver.send("l/a/data", #"{"temp":90,"zones":{"x":1},"supplies":{"ink":50}}"#, at: 1)
            #expect(driver.core.counters.alarmsRaised == 1)
            if restarts {
                let core = try #require(
                    try StewardCore(
                        configuration: CoreConfiguration(), profiles: [try Driver.profile(Self.profile)], snapshot: driver.snapshot()))
                driver = Driver(core: core, number: driver.number)
            }
            driver.send("l/a/meta/height", "", at: 2)
            #expect(
                try driver.values("a") == [
                    "meta.height": "unknown", "meta.width": "0.4", "temp": "90.0", "zone.x": "1.0", "supply.ink": "50.0",
                ])
            driver.send("l/a/data", "", at: 3)
            #expect(
                try driver.values("a") == [
                    "meta.height": "unknown", "meta.width": "0.4", "temp": "unknown", "zone.x": "unknown", "supply.ink": "unknown",
                ])
            #expect(driver.effects.deadLetters.isEmpty)
            // Nothing is cleared, raised or ordered because of an unknown.
            #expect(driver.core.counters.alarmsRaised == 1 && driver.core.counters.alarmsCleared == 0)
            driver.send("l/a/data", #"{"temp":20}"#, at: 4)
            #expect(driver.core.counters.alarmsCleared == 1)
        }
    }

    @Test func theProfileMaySayThatTheDeviceIsGone() throws {
        var driver = try Driver([Self.profile])
        driver.send("l/a/data", #"{"temp":20}"#, at: 1)
        driver.send("l/a/here", "yes", at: 1)
        driver.send("l/a/here", "", at: 2)
        #expect(driver.kinds(.alarmRaised).count == 1)
        #expect(try driver.values("a") == ["temp": "20.0", "here": "unknown"])
        // What comes within ten seconds may have been on its way.
        driver.send("l/a/data", #"{"temp":21}"#, at: 3)
        #expect(driver.core.counters.alarmsCleared == 0)
        driver.send("l/a/data", #"{"temp":21}"#, at: 13)
        #expect(driver.core.counters.alarmsCleared == 1)
    }

    @Test func aRetainedEmptyMessageMeansWhatTheProfileSays() throws {
        var driver = try Driver([Self.profile])
        for topic in ["data", "here", "word", "meta/x"] { driver.send("l/a/\(topic)", topic == "data" ? #"{"temp":20}"# : "yes", at: 1) }
        for topic in ["data", "here", "word", "meta/x"] { driver.send("l/a/\(topic)", "", at: 2, retained: true) }
        #expect(try driver.values("a") == ["temp": "20.0", "here": "unknown", "word": "unknown", "meta.x": "yes"])
        // It tells state and raises nothing.
        #expect(driver.core.counters.alarmsRaised == 0)
        #expect(driver.effects.deadLetters.isEmpty)
    }

    @Test func anEmptyMessageMakesNoDeviceKnown() throws {
        var driver = try Driver([Self.profile])
        driver.send("l/stranger/data", "", at: 1)
        driver.send("l/stranger/here", "", at: 1, retained: true)
        #expect(driver.core.fleet.device(named: "stranger") == nil)
        #expect(driver.effects.deadLetters.isEmpty)
        // Where the payload tells a part of the names nobody knows whose they were.
        driver.send("l/a/named", #"{"id":"s","v":1}"#, at: 2)
        driver.send("l/a/named", "", at: 3)
        driver.send("nobody/reads/this", "", at: 4)
        #expect(driver.effects.deadLetters.map(\.reason) == ["the payload is empty", "no profile reads this topic"])
        #expect(try driver.values("a") == ["named.s": "1.0"])
    }

    @Test(arguments: [
        ("{ topic: \"t\", device: \"/id\", cleared: \"gone\" }", "needs a topic that names the device"),
        ("{ topic: \"t/{device}\", cleared: \"away\" }", "cleared"),
        ("{ topic: \"spBv1.0/+/+/+\", format: \"sparkplug\", cleared: \"gone\" }", "has no place in a sparkplug rule"),
    ])
    func mistakesAreTold(_ rule: String, _ expected: String) throws {
        let error = #expect(throws: (any Error).self) { try Driver.profile("{ profile: \"t\", messages: [\(rule)] }") }
        #expect("\(error.map { "\($0)" } ?? "")".contains(expected))
    }
}
