import CoreViews
import SampleCodec
import Sparkplug
import Telemetry
import Testing

@testable import GatewayCore

/// Sparkplug B through the whole core: names from births, values by alias, order, death, commands.
@Suite struct SparkplugFlowTests {
    private static let profile = """
        {
          profile: "line",
          messages: [
            { format: "sparkplug", topic: "spBv1.0/+/+/+", general: true },
            { format: "sparkplug", topic: "spBv1.0/+/+/+/+", general: true },
          ],
          metrics: {
            temp: { pointer: "/Oven/Temp", unit: "Cel" },
            "valve.{n}": { pointer: "/Valves/{n}/Open", kind: "state" },
            mode: { pointer: "/Mode", kind: "state", values: { "1": "run", "0": "stop" } },
          },
          supplies: { grease: { level: "/Grease~1Left/Level" } },
          faults: { hot: { severity: "major", text: "Too hot", raise: { metric: "temp", above: 90 }, playbook: "cool" } },
          commands: { fan: { format: "sparkplug", payload: { "Oven/Fan": true } } },
          playbooks: { cool: { steps: [{ command: "fan", verifySeconds: 60 }] } },
        }
        """

    private struct Metric {
        var name: String?
        var alias: UInt64?
        var type: SparkplugDatatype
        var value: SparkplugValue
        var second: Double?
        var isHistorical = false
    }

    private func send(
        _ driver: inout Driver, _ kind: String, seq: UInt64?, _ metrics: [Metric], device: String = "", at second: Double,
        time: Double? = nil
    ) throws -> [Effect] {
        func milliseconds(_ second: Double) -> Int64 { Driver.start + Int64(second * 1000) }
        var writer = SparkplugPayloadWriter(timestampMilliseconds: milliseconds(time ?? second), seq: seq)
        for metric in metrics {
            try writer.add(
                name: metric.name, alias: metric.alias, timestampMilliseconds: metric.second.map(milliseconds), datatype: metric.type,
                value: metric.value, isHistorical: metric.isHistorical)
        }
        let topic = "spBv1.0/plant/\(kind)/cell" + (device.isEmpty ? "" : "/\(device)")
        return driver.take([.message(topic: topic, payload: writer.bytes, isRetained: false)], atMilliseconds: milliseconds(second))
    }

    private func birth(_ driver: inout Driver, bdSeq: Double = 1, at second: Double = 1) throws {
        _ = try send(
            &driver, "NBIRTH", seq: 0, [Metric(name: "bdSeq", type: .int64, value: .number(bdSeq))], at: second)
        let effects = try send(
            &driver, "DBIRTH", seq: 1,
            [
                Metric(name: "Oven/Temp", alias: 1, type: .double, value: .number(20)),
                Metric(name: "Mode", alias: 2, type: .int32, value: .number(1)),
                Metric(name: "Oven/Fan", alias: 3, type: .boolean, value: .bool(false)),
                Metric(name: "Valves/7/Open", alias: 4, type: .boolean, value: .bool(true)),
                // A name below another one keeps its slash.
                Metric(name: "Grease", alias: 5, type: .string, value: .text("NLGI 2")),
                Metric(name: "Grease/Left/Level", alias: 6, type: .int32, value: .number(64)),
            ], device: "oven", at: second)
        #expect(effects.deadLetters.isEmpty)
    }

    private func data(_ driver: inout Driver, seq: UInt64, temp: Double, at second: Double) throws -> [Effect] {
        try send(
            &driver, "DDATA", seq: seq, [Metric(alias: 1, type: .double, value: .number(temp))], device: "oven", at: second,
            time: 1 + Double(seq) / 100)
    }

    private func value(_ driver: Driver, _ metric: String, device: String = "plant/cell/oven") throws -> String {
        try driver.values(device)[metric] ?? "never"
    }

    private func document(_ names: [String]) throws -> SparkplugDocument {
        var driver = try Driver([Self.profile])
        _ = try send(
            &driver, "NBIRTH", seq: 0,
            [Metric(name: "bdSeq", type: .int64, value: .number(1))]
                + names.map { Metric(name: $0, type: .int32, value: .number(Double($0.utf8.count))) }, at: 1)
        return try #require(driver.core.sparkplug.documents.first)
    }

    @Test func namesOfABirthAreReadByTheProfileAndLaterByAlias() throws {
        var driver = try Driver([Self.profile])
        try birth(&driver)
        #expect(try value(driver, "temp") == "20.0")
        #expect(try value(driver, "mode") == "run")
        #expect(try value(driver, "valve.7") == "true")
        #expect(try data(&driver, seq: 2, temp: 31.5, at: 2).isEmpty)
        #expect(try value(driver, "temp") == "31.5")
        #expect(driver.core.hasDevice("plant/cell"))
    }

    @Test func metricsBecomeMembersByTheirPath() throws {
        let names = ["b/x/y", "a", "a/b", "a/c/d", "b/x/z", "c//e", "\"q\"/\n"]
        #expect(
            String(decoding: try document(names).bytes, as: UTF8.self)
                == #"{"\"q\"":{"\n":5},"a":1,"a/b":3,"a/c/d":5,"b":{"x":{"y":5,"z":5}},"c":{"":{"e":4}}}"#)
        #expect(
            String(decoding: try document(["1/2/3/4/5/6/7/8/9/10"]).bytes, as: UTF8.self)
                == #"{"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8/9/10":20}}}}}}}}"#)
    }

    @Test func whatABirthLeavesOutIsNotKnownAnyMore() throws {
        var driver = try Driver([Self.profile])
        try birth(&driver)
        _ = try send(
            &driver, "DBIRTH", seq: 2, [Metric(name: "Oven/Temp", alias: 9, type: .double, value: .number(5))], device: "oven", at: 3)
        #expect(try value(driver, "temp") == "5.0")
        #expect(try value(driver, "mode") == "unknown")
    }

    @Test func valuesOfThePastGoToHistoryAndMoveNothing() throws {
        var driver = try Driver([Self.profile])
        try birth(&driver)
        let effects = try send(
            &driver, "DDATA", seq: 2,
            [
                Metric(alias: 1, type: .double, value: .number(99), second: 0.5, isHistorical: true),
                Metric(alias: 1, type: .double, value: .number(40), second: 2.0),
                Metric(alias: 1, type: .double, value: .number(41), second: 2.5),
                Metric(alias: 2, type: .int32, value: .number(0), second: 0.1),
            ], device: "oven", at: 3)
        #expect(effects.decidedKinds == ["alarm.raised"], "as live data would have, and no command")
        #expect(effects.decisions.allSatisfy { $0.contains("\"late\":true") } && effects.deliveries.isEmpty)
        #expect(try value(driver, "temp") == "41.0")
        #expect(try value(driver, "mode") == "stop")
        let samples = try #require(driver.core.openSamples(device: "plant/cell/oven", metric: "temp")).samples
        #expect(samples.map(\.value) == [20, 99, 40, 41])
        #expect(samples.map { $0.timeMilliseconds - Driver.start } == [1000, 500, 2000, 2500])
        driver.wait(until: 3600)
        #expect(driver.kinds(.alarmCleared).contains { String(decoding: $0.line, as: UTF8.self).contains("\"late\":true") })
    }

    @Test func afterADeathEveryMetricIsStaleAndTheDeviceIsGone() throws {
        var driver = try Driver([Self.profile])
        try birth(&driver)
        let death = try send(
            &driver, "NDEATH", seq: nil, [Metric(name: "bdSeq", type: .int64, value: .number(1))], at: 5)
        #expect(death.decidedKinds == ["alarm.raised", "alarm.raised"], "the device and its node")
        #expect(try value(driver, "temp") == "unknown" && value(driver, "mode") == "unknown")
        // A straggler of the dead does not wake it, and asks for a birth.
        let late = try data(&driver, seq: 2, temp: 50, at: 6)
        #expect(late.deliveries.map(\.topic) == ["spBv1.0/plant/NCMD/cell"])
        #expect(try value(driver, "temp") == "unknown")
        try birth(&driver, bdSeq: 2, at: 7)
        #expect(try value(driver, "temp") == "20.0")
        #expect(driver.kinds(.alarmCleared).count == 2)
    }

    @Test func dataWithoutABirthAsksOnceAWindow() throws {
        var driver = try Driver([Self.profile])
        let first = try data(&driver, seq: 9, temp: 1, at: 1)
        #expect(first.deliveries.map(\.topic) == ["spBv1.0/plant/NCMD/cell"])
        #expect(try data(&driver, seq: 10, temp: 1.5, at: 2).deliveries.isEmpty)
        driver.wait(until: 40)
        #expect(driver.commands.count == 2, "the second wish was kept until the window was over")
        #expect(Set(driver.commands.map(\.key)).count == 2)
        #expect(driver.core.counters.rebirthsAsked == 2)
    }

    @Test func aMissingMessageIsWaitedForByTheClockOfTheCore() throws {
        var driver = try Driver([Self.profile])
        try birth(&driver)
        _ = try data(&driver, seq: 4, temp: 44, at: 2)
        _ = try data(&driver, seq: 3, temp: 33, at: 2.2)
        #expect(try value(driver, "temp") == "20.0")
        #expect(try data(&driver, seq: 2, temp: 22, at: 2.4).isEmpty)
        #expect(try value(driver, "temp") == "44.0", "all three, in their order")
        _ = try data(&driver, seq: 7, temp: 77, at: 3)
        driver.wait(until: 10)
        #expect(try value(driver, "temp") == "77.0")
        #expect(driver.commands.count == 1, "and the node is asked to tell everything anew")
    }

    @Test func aFaultIsMendedByACommandInTheTypeOfTheBirth() throws {
        var driver = try Driver([Self.profile])
        try birth(&driver)
        let effects = try data(&driver, seq: 2, temp: 95, at: 2)
        let command = try #require(effects.deliveries.first { $0.channel == .command })
        #expect(command.topic == "spBv1.0/plant/DCMD/cell/oven")
        var reader = SparkplugPayload()
        try command.body.withUnsafeBytes { try reader.decode($0) }
        let metric = try #require(reader.metrics.first)
        #expect(reader.metrics.count == 1 && metric.alias == 3 && metric.datatype == .boolean && metric.bits == 1)
        driver.control(.settled(key: command.key, channel: .command, outcome: .delivered, detail: nil), at: 2.1)
        _ = try data(&driver, seq: 3, temp: 60, at: 4)
        #expect(driver.core.counters.runsMended == 1)
    }

    @Test func aCommandForTheDeadBecomesATicket() throws {
        var driver = try Driver([Self.profile.replacing("\"Oven/Fan\": true", with: "\"Oven/Fun\": true")])
        try birth(&driver)
        let effects = try data(&driver, seq: 2, temp: 95, at: 2)
        #expect(effects.deliveries.map(\.channel) == [.ticket])
        #expect(effects.decisions.contains { $0.contains("the device's birth has no such metric") })
    }

    @Test func whatCannotBeReadIsADeadLetterWithItsReason() throws {
        var driver = try Driver([Self.profile])
        try birth(&driver)
        let effects = driver.send("spBv1.0/plant/DDATA/cell/oven", "no protobuf", at: 2)
        #expect(effects.deadLetters.count == 1)
        #expect(driver.send("spBv1.0/plant/FOO/cell", "x", at: 2).deadLetters.map(\.reason).first?.contains("no kind of message") == true)
        // A retained birth would bring aliases back that nobody uses any more.
        #expect(driver.send("spBv1.0/plant/NBIRTH/cell", "x", at: 2, retained: true).isEmpty)
        // The gateway's own words come back to it, and mean nothing.
        #expect(driver.send("spBv1.0/plant/NCMD/cell", "x", at: 2).isEmpty)
    }

    @Test func theNumberOfNodesHasALimit() throws {
        var configuration = CoreConfiguration()
        configuration.maximumSparkplugNodes = 1
        var driver = try Driver([Self.profile], configuration: configuration)
        try birth(&driver)
        let refused = driver.send("spBv1.0/plant/NDATA/other", "x", at: 2).deadLetters
        #expect(refused.first?.reason.contains("limits.sparkplugNodes") == true)
    }

    @Test func aNarrowerProfileTakesOneDeviceOfANode() throws {
        let press = """
            { profile: "press", messages: [{ format: "sparkplug", topic: "spBv1.0/plant/+/cell/oven" }],
              metrics: { heat: { pointer: "/Oven/Temp" } } }
            """
        var driver = try Driver([Self.profile, press])
        try birth(&driver)
        #expect(try value(driver, "heat") == "20.0")
        #expect(driver.core.hasDevice("plant/cell"))
    }

    @Test func aSnapshotKeepsSessionsOrderAndAliases() throws {
        var driver = try Driver([Self.profile])
        try birth(&driver)
        _ = try data(&driver, seq: 3, temp: 33, at: 2)
        let profiles = try [Driver.profile(Self.profile)]
        let core = try #require(
            try StewardCore(configuration: driver.core.configuration, profiles: profiles, snapshot: try driver.snapshot()))
        var other = Driver(core: core, number: driver.number)
        for next in [2, 4] as [UInt64] {
            let a = try data(&driver, seq: next, temp: Double(next), at: 3)
            #expect(try data(&other, seq: next, temp: Double(next), at: 3) == a)
        }
        #expect(try value(other, "temp") == "4.0")
        #expect(other.core.digestLines() == driver.core.digestLines())
        #expect(try other.snapshot() == driver.snapshot())
    }
}

extension String {
    fileprivate func replacing(_ part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}
