import Telemetry
import Testing

@testable import GatewayCore

/// Devices that have few names in common learn their own (`namesPerDevice`).
@Suite struct OwnNamesTests {
    private static let profile = """
        {
          profile: "any", namesPerDevice: true,
          messages: [
            { topic: "any/{device}/{part}" },
            { name: "hub", topic: "hub/{part}", each: "/{device}" },
          ],
          metrics: { "{part}.{name}": { pointer: "/{name}" } },
          faults: { hot: { raise: { metric: "a.x", above: 5 } } },
        }
        """

    private func names(_ prefix: String) -> String {
        "{" + (0..<200).map { "\"\(prefix)\($0)\":\($0)" }.joined(separator: ",") + "}"
    }

    private func slots(_ driver: Driver, _ device: String) throws -> [String] {
        let index = try #require(driver.core.fleet.device(named: device))
        return driver.core.fleet.profiles[driver.core.fleet.devices[index].profile].layout.slots.map(\.name)
    }

    @Test func oneDeviceCannotUseUpTheNamesOfAnother() throws {
        var driver = try Driver([Self.profile])
        driver.send("any/one/a", names("p"), at: 1)
        driver.send("any/two/a", names("q"), at: 2)
        driver.send("any/two/b", #"{"x":1}"#, at: 3)
        #expect(driver.core.counters.deadLetters == 0)
        #expect(try slots(driver, "one").count == 200)
        #expect(try slots(driver, "two").count == 201)
        #expect(try slots(driver, "two").contains("b.x"))
    }

    @Test func devicesThatThePayloadNamesHaveTheirOwnToo() throws {
        var driver = try Driver([Self.profile])
        driver.send("hub/a", #"{"one":{"x":9},"two":{"y":2}}"#, at: 1)
        driver.send("any/one/a", #"{"z":1}"#, at: 2)
        #expect(try slots(driver, "one") == ["a.x", "a.z"])
        #expect(try slots(driver, "two") == ["a.y"])
        #expect(driver.kinds(.alarmRaised).map(\.device) == ["one"])
    }

    @Test func snapshotAndReloadKeepThem() throws {
        var driver = try Driver([Self.profile])
        driver.send("hub/a", #"{"one":{"x":9},"two":{"y":2}}"#, at: 1)
        let profile = try Driver.profile(Self.profile)
        let configuration = driver.core.configuration
        var other = Driver(
            core: try #require(try StewardCore(configuration: configuration, profiles: [profile], snapshot: try driver.snapshot())),
            number: driver.number)
        #expect(try other.snapshot() == driver.snapshot())
        for payload in [#"{"one":{"x":1},"three":{"x":2}}"#, #"{"two":{"y":3,"w":1}}"#] {
            #expect(driver.send("hub/a", payload, at: 2) == other.send("hub/a", payload, at: 2))
        }
        #expect(driver.core.digestLines() == other.core.digestLines())
        // The profile is away for a while, and comes back.
        var back = Driver(core: driver.core, number: driver.number)
        try back.core.reload(with: [])
        try back.core.reload(with: [profile])
        #expect(back.core.digestLines() == driver.core.digestLines())
        back.send("hub/a", #"{"two":{"w":2}}"#, at: 3)
        #expect(try slots(back, "two") == ["a.y", "a.w"])
        back.send("hub/a", "{\"four\":\(names("p"))}", at: 4)
        #expect(try slots(back, "four").count == 200)
    }
}
