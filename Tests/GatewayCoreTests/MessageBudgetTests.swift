import Telemetry
import Testing

@testable import GatewayCore

/// One message costs a bounded amount, whatever is in it, and what it loses stands in one dead letter.
@Suite struct MessageBudgetTests {
    private static let hub = """
        {
          profile: "hub",
          messages: [
            { topic: "hub/telemetry", each: "/{row}", device: "/id" },
            { topic: "hub/map", each: "/{device}" },
            { topic: "hub/{device}/rows", each: "/{row}" },
          ],
          metrics: { temp: { pointer: "/temp" }, "{name}": { pointer: "/{name}" } },
          alerts: [{ pointer: "/errors", severity: "minor" }],
        }
        """
    private static let separate = hub.replacing("profile: \"hub\"", with: "profile: \"hub\", namesPerDevice: true")

    private func rows(_ count: Int, _ row: (Int) -> String) -> String { "[" + (0..<count).map(row).joined(separator: ",") + "]" }

    @Test func manyFailingPartsAreOneDeadLetterWithOneCopyOfThePayload() throws {
        var driver = try Driver([Self.hub])
        let payload = rows(5000) { $0 % 2 == 0 ? "{\"id\":\"+\($0)\",\"temp\":1}" : "{\"id\":\"ok\",\"temp\":\($0)}" }
        let effects = driver.send("hub/telemetry", payload, at: 1)
        #expect(effects.deadLetters.count == 1)
        #expect(effects.deadLetters.first?.payload == Array(payload.utf8))
        #expect(effects.deadLetters.first?.reason.hasPrefix("2500 times something of its 5000 parts could not be used; first: ") == true)
        #expect(driver.core.counters.deadLetters == 1)
        #expect(driver.core.budgets[.partsFailed] == 2499)
        // What could be used was used, and the next message has a budget of its own.
        #expect(driver.core.counters.readings == 2500)
        let next = driver.send("hub/telemetry", "[{\"id\":\"+\",\"temp\":1}]", at: 2)
        #expect(next.deadLetters.map(\.reason) == ["the device's name has a wildcard"])
    }

    @Test func partsBeyondThoseThatAreReadAreDroppedAndCounted() throws {
        var driver = try Driver([Self.hub])
        let effects = driver.send("hub/a/rows", rows(10_050) { "{\"temp\":\($0)}" }, at: 1)
        #expect(effects.deadLetters.map(\.reason) == ["50 of 10050 parts were dropped: of one message 10000 are read"])
        #expect(driver.core.counters.readings == 10_000)
        #expect(driver.core.budgets[.partsDropped] == 50)
    }

    @Test func oneMessageBringsABoundedNumberOfDevicesAndTheNextOneTheRest() throws {
        var driver = try Driver([Self.hub])
        let payload = rows(400) { "{\"id\":\"d\($0)\",\"temp\":1}" }
        let first = driver.send("hub/telemetry", payload, at: 1)
        #expect(driver.core.fleet.devices.count == MessageBudget.maximumNewDevices)
        #expect(first.deadLetters.count == 1)
        #expect(first.deadLetters.first?.reason.contains("one message brings at most 256 new devices") == true)
        let second = driver.send("hub/telemetry", payload, at: 2)
        #expect(driver.core.fleet.devices.count == 400)
        #expect(second.deadLetters.isEmpty)
    }

    @Test func oneMessageDecidesABoundedNumberOfThings() throws {
        var driver = try Driver([Self.hub])
        let payload = rows(1500) { row in "{\"errors\":[" + (0..<60).map { "\"\(row)-\($0)\"" }.joined(separator: ",") + "]}" }
        let effects = driver.send("hub/a/rows", payload, at: 1)
        #expect(effects.count < MessageBudget.maximumEffects + 1000)
        #expect(effects.deadLetters.count == 1)
        #expect(effects.deadLetters.first?.reason.contains("parts were dropped: one message decides at most 4096 things") == true)
        #expect(driver.core.budgets[.partsDropped] > 1400)
    }

    @Test func oneMessageBringsABoundedNumberOfNames() throws {
        var driver = try Driver([Self.separate])
        let payload =
            "{"
            + (0..<200).map { d in "\"d\(d)\":{" + (0..<100).map { "\"n\(d)-\($0)\":1" }.joined(separator: ",") + "}" }.joined(
                separator: ",")
            + "}"
        let effects = driver.send("hub/map", payload, at: 1)
        #expect(driver.core.fleet.devices.count < 15)
        #expect(effects.deadLetters.map(\.reason).first?.contains("one message brings at most 1024 new names") == true)
    }

    @Test func aNameThatAllPartsShareIsNotCopiedWhole() throws {
        let decoder = try #require(MessageDecoder(maximumBytes: 1 << 20))
        let rule = try Driver.profile(
            #"{ profile: "x", messages: [{ topic: "x", each: "/rows/{row}", device: "/id" }], metrics: { a: { pointer: "/a" } } }"#
        ).messages[0]
        let name = String(repeating: "n", count: 400_000)
        let payload = "{\"id\":\"\(name)\",\"rows\":" + rows(5000) { "{\"a\":\($0)}" } + "}"
        var segment = Segment(capacityBytes: 64)
        segment.append(topic: "x", payload: Array(payload.utf8))
        let taken = segment.frame(at: 0)
        let frame = try #require(taken)
        try decoder.open(frame.payload, rule)
        #expect(decoder.parts.count == 5000)
        #expect(decoder.parts.allSatisfy { ($0.device?.utf8.count ?? 0) == MessageDecoder.maximumDeviceNameBytes + 1 })
    }

    @Test func linesThatWouldBecomeTooLargeAreRefusedBeforeMemoryIsTaken() throws {
        let column = String(repeating: "c", count: 60)
        let profile = """
            { profile: "lines", messages: [{ topic: "l/{device}", format: "csv", columns: ["\(column)1", "\(column)2"] }],
              metrics: { a: { pointer: "/\(column)1" } } }
            """
        var configuration = CoreConfiguration()
        configuration.maximumPayloadBytes = 100_000
        var driver = try Driver([profile], configuration: configuration)
        let effects = driver.send("l/a", String(repeating: "1,2\n", count: 20_000), at: 1)
        #expect(effects.deadLetters.count == 1)
        #expect(effects.deadLetters.first?.reason.contains("limits.payloadBytes") == true)
        driver.send("l/a", "1,2\n\n3\r\n", at: 2)
        #expect(driver.core.counters.readings == 2)
    }

    @Test func theCountsOutliveASnapshot() throws {
        var driver = try Driver([Self.hub])
        driver.send("hub/a/rows", rows(10_050) { "{\"temp\":\($0)}" }, at: 1)
        let restored = try #require(
            try StewardCore(configuration: CoreConfiguration(), profiles: [try Driver.profile(Self.hub)], snapshot: try driver.snapshot()))
        #expect(restored.budgets == driver.core.budgets)
        #expect(restored.budgets[.partsDropped] == 50)
    }
}
