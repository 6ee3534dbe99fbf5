import ConsumableForecast
import Telemetry
import Testing

@testable import GatewayCore

/// The names of a profile are shared; what one device makes up costs the others none.
@Suite struct NameBudgetTests {
    private static let profile = """
        {
          profile: "open", messages: [{ name: "data", topic: "o/{device}/data", time: { pointer: "/ts" } }],
          metrics: { temp: { pointer: "/temp" }, status: { pointer: "/status", kind: "state", states: ["idle"] }, "{name}": { pointer: "/{name}" } },
          supplies: { "{slot}": { level: "/supplies/{slot}" } },
          faults: { hot: { severity: "minor", raise: { metric: "temp", above: 80, forSeconds: 30 } } },
        }
        """

    private func names(_ driver: Driver, _ device: String) throws -> [String: Double] {
        try driver.values(device).compactMapValues { Double($0) }
    }

    private func members(_ prefix: String, _ range: Range<Int>) -> String {
        range.map { "\"\(prefix)\($0)\":\($0)" }.joined(separator: ",")
    }

    @Test func aDeviceThatMakesUpNamesUsesUpItsOwnOnly() throws {
        var driver = try Driver([Self.profile])
        driver.send("o/good/data", "{\"temp\":1,\"own\":5}", at: 1)
        for round in 0..<100 { driver.send("o/bad/data", "{\"temp\":2,\(members("n\(round)-", 0..<20))}", at: 2) }
        #expect(driver.core.budgets[.ownLayouts] == 1)
        #expect(driver.core.fleet.profiles[0].layout.slots.count < ProfileLayout.maximumSlots / 2)
        // What it told before it was set apart is still there, and it goes on by itself.
        let bad = try names(driver, "bad")
        #expect(bad["temp"] == 2 && bad["n0-0"] == 0 && bad["n0-19"] == 19)
        #expect(bad.count > 200)
        let letters = driver.effects.deadLetters
        #expect(letters.count == 1)
        #expect(letters.first?.reason.contains("one name too many for this device") == true)
        // Others find room for theirs.
        driver.send("o/good/data", "{\"temp\":3,\"further\":6}", at: 3)
        driver.send("o/new/data", "{\(members("x", 0..<40))}", at: 4)
        #expect(try names(driver, "good") == ["temp": 3, "own": 5, "further": 6])
        #expect(try names(driver, "new").count == 40)
        #expect(driver.effects.deadLetters.count == 1)
    }

    @Test func manyInventedDevicesDoNotTakeTheNamesOfThoseThatCome() throws {
        var driver = try Driver([Self.profile])
        for device in 0..<20 { driver.send("o/bad\(device)/data", "{\(members("n\(device)-", 0..<60))}", at: 1) }
        #expect(driver.core.fleet.profiles[0].layout.slots.count == ProfileLayout.maximumSlots)
        driver.send("o/new/data", "{\"temp\":3,\"further\":6}", at: 4)
        #expect(try names(driver, "new") == ["temp": 3, "further": 6])
        #expect(driver.effects.deadLetters.isEmpty)
    }

    private static let parts = """
        {
          profile: "parts", messages: [{ name: "more", topic: "o/{device}/{part}/more" }, { name: "plain", topic: "o/{device}/plain" }],
          metrics: { "{part}.temp": { message: "more", pointer: "/temp" }, temp: { message: "plain", pointer: "/temp" } },
        }
        """

    @Test func topicsThatNamePartsAreOfTheDeviceThatSendsThem() throws {
        var driver = try Driver([Self.parts])
        for part in 0..<3000 { driver.send("o/bad/p\(part)/more", "{\"temp\":2}", at: 2) }
        driver.send("o/good/p/more", "{\"temp\":7}", at: 3)
        #expect(try names(driver, "good") == ["p.temp": 7])
        #expect(driver.effects.deadLetters.contains { $0.reason.contains("one too many for its device") })
    }

    @Test func whatADeviceHasGoesWithItAndOutlivesASnapshot() throws {
        var driver = try Driver([Self.profile])
        driver.send("o/a/data", "{\"supplies\":{\"black\":50,\"cyan\":40},\"temp\":90,\"status\":\"odd\"}", at: 1)
        driver.send("o/b/data", "{\"supplies\":{\"black\":60}}", at: 1)
        driver.send("o/a/data", "{\(members("n", 0..<120))}", at: 2)
        #expect(driver.core.budgets[.ownLayouts] == 1)
        // The condition goes on where it was: 30 s after it began to be hot.
        driver.send("o/a/data", "{\"temp\":91,\"supplies\":{\"black\":49}}", at: 35)
        #expect(driver.kinds(.alarmRaised).map(\.device) == ["a"])
        let restored = try #require(
            try StewardCore(
                configuration: CoreConfiguration(), profiles: [try Driver.profile(Self.profile)], snapshot: try driver.snapshot()))
        #expect(restored.digestLines() == driver.core.digestLines())
        #expect(restored.fleet.ownLayouts == 1)
        let index = try #require(restored.fleet.device(named: "a"))
        let layout = restored.fleet.profiles[restored.fleet.devices[index].profile].layout
        let black = try #require(layout.supply(named: "black"))
        #expect(restored.supplies.state(index, black)?.model.levelPercent.map { $0.rounded() } == 49)
    }
}
