import CoreViews
import Testing

@testable import GatewayCore

/// Values that do not hold, and values of the past, through the core.
@Suite struct CompanionFlowTests {
    private static let profile = """
        { profile: "tags", gapSeconds: 600, namesPerDevice: true,
          messages: [{ topic: "g/{device}", each: "/values/{row}", names: { tag: "/id" }, time: { pointer: "/t" },
            historical: { pointer: "/is_historical", in: ["true"] } }],
          metrics: { "{tag}": { pointer: "/v", kind: "any", quality: { from: "q", good: [true] }, unitFrom: "unit",
            named: { temp: { kind: "gauge", unit: "Cel" } } } },
          faults: {
            hot: { raise: { metric: "temp", above: 80, unit: "Cel" }, clear: { metric: "temp", below: 70 } },
            cold: { raise: { metric: "temp", below: 5 } },
          } }
        """

    private static func row(_ id: String, _ value: String, _ more: String, at second: Double) -> String {
        #"{"values":[{"id":"\#(id)","v":\#(value),"t":\#(Driver.start + Int64(second * 1000))\#(more)}]}"#
    }

    @Test func whatDoesNotHoldMovesNothing() throws {
        var driver = try Driver([Self.profile])
        driver.send("g/p1", Self.row("temp", "21", #","q":true"#, at: 0), at: 0)
        for second in 1..<100 { driver.send("g/p1", Self.row("temp", "0", #","q":false"#, at: Double(second)), at: Double(second)) }
        #expect(driver.core.counters.alarmsRaised == 0)
        #expect(try driver.values("p1") == ["temp": "unknown"])
        #expect(try #require(driver.core.openSamples(device: "p1", metric: "temp")).samples.count == 1)
        // Each is counted; the reason is told once an hour.
        #expect(driver.core.counters.fieldProblems == 99)
        #expect(driver.effects.deadLetters.map(\.reason).count == 1)
        #expect(driver.effects.deadLetters[0].reason.contains("\"temp\" has the quality false, so its value is unknown"))
        driver.send("g/p1", Self.row("temp", "90", #","q":true"#, at: 100), at: 100)
        #expect(driver.core.counters.alarmsRaised == 1)
        #expect(try driver.values("p1") == ["temp": "90.0"])
    }

    @Test func whatIsHistoricalIsLate() throws {
        var driver = try Driver([Self.profile])
        driver.send("g/p1", Self.row("temp", "21", "", at: 0), at: 0)
        // It is newer than all before it, and the present all the same does not change.
        driver.send("g/p1", Self.row("temp", "40", #","is_historical":true"#, at: 10), at: 20)
        #expect(try driver.values("p1") == ["temp": "21.0"])
        #expect(try #require(driver.core.openSamples(device: "p1", metric: "temp")).samples.count == 2)
        driver.send("g/p1", Self.row("temp", "22", #","is_historical":false"#, at: 30), at: 30)
        #expect(try driver.values("p1") == ["temp": "22.0"])
    }

    /// A topic for each alarm, which is emptied when the alarm is over.
    @Test func anAlarmIsOverWhenItsTopicIsEmptied() throws {
        func profile(_ cleared: String) -> String {
            """
            { profile: "edge", messages: [{ topic: "e/{device}/a/{type}", cleared: "\(cleared)" }],
              metrics: { "{type}": { pointer: "/text", kind: "state" } }, alerts: [{ pointer: "/codes", severity: "minor" }] }
            """
        }
        var driver = try Driver([profile("over")])
        driver.send("e/p1/a/hot", #"{"text":"too hot","codes":["x"]}"#, at: 0)
        driver.send("e/p1/a/door", #"{"text":"open","codes":["x"]}"#, at: 1)
        #expect(driver.core.counters.alarmsRaised == 2)
        driver.send("e/p1/a/hot", "", at: 2)
        #expect(driver.kinds(.alarmCleared).map { String(decoding: $0.line, as: UTF8.self).contains("hot.x") } == [true])
        #expect(try driver.values("p1") == ["hot": "unknown", "door": "open"])
        // It comes again, and another word for an empty topic leaves it standing.
        driver.send("e/p1/a/hot", #"{"codes":["x"]}"#, at: 3000)
        #expect(driver.core.counters.alarmsRaised == 3)
        var other = try Driver([profile("unknown")])
        other.send("e/p1/a/hot", #"{"codes":["x"]}"#, at: 0)
        other.send("e/p1/a/hot", "", at: 1)
        #expect(other.kinds(.alarmCleared).isEmpty)
    }

    /// A unit that the device tells is there from its first value on, also after a restart.
    @Test func theUnitOfTheDeviceOutlivesARestart() throws {
        var driver = try Driver([Self.profile])
        driver.send("g/p1", Self.row("oil", "3", #","unit":"bar""#, at: 0), at: 0)
        #expect(try #require(driver.core.openSamples(device: "p1", metric: "oil")).unit == "bar")
        let bytes = try driver.snapshot()
        let profiles = [try Driver.profile(Self.profile)]
        let restored = try #require(try StewardCore(configuration: CoreConfiguration(), profiles: profiles, snapshot: bytes))
        #expect(try #require(restored.openSamples(device: "p1", metric: "oil")).unit == "bar")
    }
}
