import ConsumableForecast
import Documents
import FaultDetection
import FoundationEssentials
import Replenishment
import ServiceValue
import Sparkplug
import Telemetry
import Testing

@testable import GatewayCore

/// Snapshots that programs of every format wrote, kept as they were: each is still read, and gives the state that it was written of.
///
/// Beside each lies what its digest said. `STEWARD_RECORD_GOLDEN=1 swift test --filter GoldenSnapshotTests` writes those of the present format
/// anew: when it has a new number, or a new part or version of a part. Earlier ones are never written again; where the digest itself has other
/// lines, `STEWARD_RECORD_GOLDEN=digest` writes what is read now beside them, to be compared by eye.
@Suite struct GoldenSnapshotTests {
    struct Scenario: CustomTestStringConvertible, Sendable {
        var name: String
        var profile: String
        var record: @Sendable (String) throws -> Driver
        /// Files of the present format with earlier versions of a part, named after it.
        var earlier: [String] = []
        /// Formats that could say what happens in it.
        var formats = StewardCore.snapshotFormats
        var testDescription: String { name }
    }

    static let scenarios = [
        Scenario(name: "fleet", profile: Press.profile, record: fleet, earlier: ["device-1", "device-2", "detectors-1"]),
        Scenario(name: "kiln", profile: AnomalyTests.profile(), record: kiln, earlier: ["detectors-1", "detectors-2"]),
        Scenario(name: "desk", profile: desk, record: { try people($0) }, earlier: ["detectors-1"]),
        Scenario(name: "line", profile: line, record: sparkplug, earlier: ["detectors-1"]),
        Scenario(name: "clocks", profile: Press.profile, record: clocks, earlier: ["detectors-1"], formats: [7]),
        Scenario(name: "wear", profile: WearFlowTests.profile, record: wear, formats: [7]),
        Scenario(name: "visits", profile: VisitFlowTests.profile, record: visits, formats: [7]),
    ]

    private static func file(_ name: String, _ format: Int, _ earlier: String = "", _ kind: String = "snapshot") -> URL {
        let file = "Golden/\(name)-\(format)\(earlier.isEmpty ? "" : "-" + earlier).\(kind)"
        return URL(filePath: #filePath).deletingLastPathComponent().appending(path: file)
    }

    @Test(arguments: scenarios) func snapshotsOfEveryFormatAreRead(_ scenario: Scenario) throws {
        let profile = try Driver.profile(scenario.profile)
        let wanted = ProcessInfo.processInfo.environment["STEWARD_RECORD_GOLDEN"]
        func record(_ lines: [String], _ file: URL) throws { try Data(lines.joined(separator: "\n").utf8).write(to: file) }
        if wanted != nil {
            let driver = try scenario.record(scenario.profile)
            try Data(try driver.snapshot()).write(to: Self.file(scenario.name, StewardCore.snapshotFormat))
            try record(driver.core.digestLines(), Self.file(scenario.name, StewardCore.snapshotFormat, "", "lines"))
        }
        let files = scenario.formats.map { ($0, "") } + scenario.earlier.map { (StewardCore.snapshotFormat, $0) }
        for (format, earlier) in files {
            let bytes = [UInt8](try Data(contentsOf: Self.file(scenario.name, format, earlier)))
            let core = try #require(
                try StewardCore(configuration: CoreConfiguration(), profiles: [profile], snapshot: bytes, format: format))
            let linesFile = Self.file(scenario.name, format, earlier, "lines")
            if wanted == "digest" { try record(core.digestLines(), linesFile) }
            let lines = String(decoding: try Data(contentsOf: linesFile), as: UTF8.self).split(separator: "\n").map { String($0) }
            // Format 6 has the ids of answers to surveys, and not what they said. All earlier files have detectors of version 1, which begin anew.
            let hasDetectors = format == StewardCore.snapshotFormat && earlier.isEmpty
            let isCompared = { (line: String) in
                (format > 6 || !line.hasPrefix("scores ")) && (hasDetectors || !line.hasPrefix("anomaly ") && !line.hasPrefix("machine "))
            }
            let watches = lines.count { $0.hasPrefix("anomaly ") }
            #expect(core.restartedWatches == (hasDetectors ? 0 : watches), "\(scenario.name), format \(format)")
            #expect(core.digestLines().filter(isCompared) == lines.filter(isCompared), "\(scenario.name), format \(format)")
            // Pieces of any size, which cut the parts anywhere.
            var rest = bytes[...]
            let pieced = try StewardCore(configuration: CoreConfiguration(), profiles: [profile], format: format) {
                defer { rest = rest.dropFirst(701) }
                return rest.isEmpty ? nil : Array(rest.prefix(701))
            }
            #expect(pieced?.digest() == core.digest())
        }
    }

    /// The files of the present format have every part, in the version in which it is written now.
    @Test func theFilesHaveEveryPartOfThePresentFormat() throws {
        var found: Set<String> = []
        for scenario in Self.scenarios {
            var pieces = [[UInt8](try Data(contentsOf: Self.file(scenario.name, StewardCore.snapshotFormat)))]
            var parts = SnapshotReader { pieces.popLast() }
            while true {
                let (part, version, _) = try parts.next()
                found.insert("\(part) \(version)")
                if part == .end { break }
            }
        }
        let wanted = Set(SnapshotPart.allCases.map { "\($0) \($0.version)" })
        #expect(found.isSuperset(of: wanted), "no file has \(wanted.subtracting(found).sorted())")
    }

    /// A part that wears, of which enough is known for a forecast.
    @Sendable private static func wear(_ profile: String) throws -> Driver {
        var driver = try Driver([profile])
        WearFlowTests.wear(&driver, days: 0..<45)
        return driver
    }

    /// A visit that is planned together with a delivery.
    @Sendable private static func visits(_ profile: String) throws -> Driver {
        var driver = try Driver([profile])
        VisitFlowTests.feed(&driver, days: 0..<52)
        VisitFlowTests.order(&driver, day: 52)
        VisitFlowTests.feed(&driver, days: 52..<56)
        return driver
    }

    /// A cartridge that was used up, a clock that is slow, one that may be, and a queue that is not through.
    @Sendable private static func clocks(_ profile: String) throws -> Driver {
        var driver = try Driver([profile])
        for day in 0..<60 {
            let level = day < 50 ? 100 - 2 * day : 100
            driver.tell("used", "\"pages\":\(day * 40),\"supplies\":{\"black\":\(level)}", at: Double(day - 60) * 86_400)
        }
        for minute in 0..<5 {
            let second = Double(minute) * 60
            driver.tell("slow", "\"temp\":\(20 + minute),\"errors\":[]", at: second, time: second - 660)
            driver.send("t/none/data", #"{"status":"busy","temp":21}"#, at: second)
        }
        driver.tell("late", "\"temp\":20", at: 300, time: 0)
        driver.take([.control(.connected(sessionPresent: true)), .control(.backlogBegan)], atMilliseconds: Driver.start + 400_000)
        driver.send("t/none/data", #"{"status":"down","errors":["jam"],"supplies":{"black":40}}"#, at: 401)
        return driver
    }

    private struct Anything: Decodable {
        init(from _: any Decoder) throws {}
    }

    /// Types that list their keys by hand have one for each field.
    @Test func noFieldIsForgotten() throws {
        func expectAllFields(_ value: some Codable, but left: Set<String> = []) throws {
            // What is nil is left out.
            let fields = Mirror(reflecting: value).children.compactMap { child -> String? in
                let (label, part) = (child.label ?? "", Mirror(reflecting: child.value))
                return part.displayStyle == .optional && part.children.isEmpty
                    ? nil : label.hasPrefix("_") ? String(label.dropFirst()) : label
            }
            let bytes = try StateEncoder.encode(value)
            let names = try StateDecoder.decode([String: Anything].self, from: bytes).keys
            #expect(Set(fields).subtracting(names) == left, "\(type(of: value)) does not write all its fields")
        }
        var order = SupplyOrder(
            device: "p", supply: "s", item: "i", generation: 1, attempt: 2, reason: "r", decidedMilliseconds: 1, levelPercent: 2,
            daysLeft: [1, 2, 3])
        order.note("a word")
        // It is written as "attempt".
        try expectAllFields(order, but: ["laterAttempt"])
        var supply = SupplyState()
        (supply.order, supply.orderedMilliseconds, supply.installedMilliseconds, supply.thresholdMilliseconds) = ("o", 1, 2, 3)
        (supply.reported, supply.facts, supply.factsHash, supply.namedItem) = (.percent(4, resolution: 1), SupplyFacts(), 5, "n")
        supply.doubt = LevelDoubt(fall: LevelFall(sinceMilliseconds: 6, fromPercent: 7), levelPercent: 8)
        try expectAllFields(supply, but: ["model"])
        try expectAllFields(ExperienceScores())
        try expectAllFields(FleetPriors())
    }

    // MARK: What happened

    /// Devices of all kinds of behaviour, with everything that follows from it.
    private static func fleet(_ profile: String) throws -> Driver { try RandomFleet.record(seed: 11, batches: 120).reference }

    /// Detectors of every kind, one of which has found something.
    private static func kiln(_ profile: String) throws -> Driver {
        var driver = try Driver([profile])
        for reading in AnomalyTests.shifted(seed: 1, days: 11) {
            driver.tell("k1", reading.members + ",\"made\":\(Int(reading.second) / 300)", at: reading.second)
        }
        return driver
    }

    private static let desk = """
        { profile: "desk", gapSeconds: 120, allowedLatenessSeconds: 30, silentAfterSeconds: 600,
          messages: [{ topic: "t/{device}/data", time: { pointer: "/ts" } }],
          metrics: { temp: { pointer: "/temp" }, status: { pointer: "/status", kind: "state" } },
          status: { metric: "status", productive: ["busy"], standby: ["idle"], unscheduledDowntime: ["down"] },
          alerts: [{ pointer: "/errors", codes: { jam: { severity: "critical", text: "Jam" } } }],
          faults: {
            hot: { severity: "critical", raise: { metric: "temp", above: 80, forSeconds: 60 }, clear: { metric: "temp", below: 70 }, latch: true },
            stuck: { severity: "minor", raise: { metric: "temp", unchangedForSeconds: 90 } },
          } }
        """

    /// What people do, what comes late, and what waits for its turn.
    private static func people(_ profile: String) throws -> Driver {
        var configuration = CoreConfiguration()
        configuration.maximumDevices = 2
        var driver = try Driver([profile], configuration: configuration)
        for second in stride(from: 10.0, through: 600, by: 30) {
            driver.tell("p1", "\"temp\":\(60 + second / 10),\"status\":\"busy\"", at: second)
            driver.tell(
                "p2", "\"temp\":40,\"status\":\"\(second < 300 ? "busy" : "down")\",\"errors\":[\(second < 300 ? "" : "\"jam\"")]",
                at: second)
        }
        driver.tell("p3", "\"temp\":40", at: 601)
        let alarms = driver.core.alarms.all.map(\.id)
        driver.control(.acknowledge(alarm: try #require(alarms.first), by: "anna"), at: 610)
        driver.control(
            .shelve(alarm: try #require(alarms.last), by: "ben", untilMilliseconds: Driver.start + 9_000_000, reason: "new fan"), at: 620)
        // A backfill of the past, and messages that may still be overtaken.
        for second in stride(from: 20.0, through: 200, by: 20) { driver.tell("p1", "\"temp\":95", at: 650, time: second) }
        driver.tell("p1", "\"temp\":50,\"errors\":[\"jam\"]", at: 660, time: 659)
        driver.control(.storeDamaged(StoreDamage(id: "sd-1", text: "event 3 is missing", foundMilliseconds: Driver.start)), at: 661)
        driver.control(.clockStepped(byMilliseconds: 1500), at: 663)
        driver.control(.order(.stockCounted(item: "toner", units: 4, by: "anna")), at: 664)
        return driver
    }

    private static let line = """
        { profile: "line",
          messages: [{ format: "sparkplug", topic: "spBv1.0/+/+/+", general: true }],
          metrics: { temp: { pointer: "/Oven/Temp" } },
          faults: { hot: { severity: "major", raise: { metric: "temp", above: 90 } } } }
        """

    /// A node by its names and aliases.
    private static func sparkplug(_ profile: String) throws -> Driver {
        var driver = try Driver([profile])
        for (seq, kind, temp) in [(0, "NBIRTH", 20.0), (1, "NDATA", 95.0), (3, "NDATA", 96.0)] {
            let time = Driver.start + Int64(seq + 1) * 1000
            var writer = SparkplugPayloadWriter(timestampMilliseconds: time, seq: UInt64(seq))
            if seq == 0 { try writer.add(name: "bdSeq", alias: nil, timestampMilliseconds: nil, datatype: .int64, value: .number(1)) }
            try writer.add(
                name: seq == 0 ? "Oven/Temp" : nil, alias: 7, timestampMilliseconds: time, datatype: .double, value: .number(temp))
            driver.take([.message(topic: "spBv1.0/plant/\(kind)/cell", payload: writer.bytes, isRetained: false)], atMilliseconds: time)
        }
        return driver
    }
}
