import Foundation
import TestSupport
import Testing

@testable import Telemetry

/// A seeded mutator over messages of our own. `STEWARD_FUZZ_COUNT` makes it longer, `STEWARD_FUZZ_SEED` another one.
@Suite struct DecoderFuzzTests {
    private static let fixtures = [
        #"{"ts":1700000000123,"status":"busy","pages":12,"supplies":{"black":43,"cyan":null,"waste":-3},"errors":["jam"],"temp":182.5,"rpm":1e3}"#,
        #"{"ts":1700000000123,"status":"idle","temp":"26.2 C","supplies":{"black":"43 %"},"errors":[]}"#,
        #"{"print":{"sequence_id":"c-1","result":"success","ams":[{"id":"0","temp":"26.2","tray":[{"id":"1","remain":70}]}],"hms":[{"attr":50331904,"code":65543}]}}"#,
        #"[{"a":1},[2,[3]],"x",null,true]"#,
        #"{"temp":NaN,"supplies":null,"rpm":-Infinity,"errors":[],"print":{"ams":[]}}"#,
        "\u{FEFF}{\"temp\":1}\n{\"temp\":-nan(ind)}\u{1E}{\"supplies\":{\"black\":null}}\0\0",
    ].map { Array($0.utf8) }

    private func run(_ profile: String, count: Int, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var bench = try DecoderBench(profile)
        var decoded = DecodedMessage()
        var buffer = [UInt8](repeating: 0, count: 4096)
        var taken = 0
        for round in 0..<count {
            var payload = Self.fixtures[Int.random(in: 0..<Self.fixtures.count, using: &generator)]
            for _ in 0..<Int.random(in: 0...3, using: &generator) { Mutator.mutate(&payload, &generator) }
            buffer.replaceSubrange(0..<payload.count, with: payload)
            let codes = buffer.withUnsafeBytes { bytes -> Int in
                let frame = UnsafeRawBufferPointer(rebasing: bytes[..<payload.count])
                guard (try? bench.decoder.decode(frame, message: 0, layout: &bench.layout, into: &decoded)) != nil else { return 0 }
                taken += 1
                for node in decoded.clearedGroups { _ = bench.layout.slots(below: node) }
                if let further = bench.decoder.takeFurtherDocuments() {
                    further.bytes.withUnsafeBytes { bytes in
                        for range in further.documents {
                            var document = DecodedMessage()
                            let frame = UnsafeRawBufferPointer(rebasing: bytes[range])
                            try? bench.decoder.decode(frame, message: 0, layout: &bench.layout, into: &document)
                        }
                    }
                    // A document of several is plain, and has none of its own.
                    if bench.decoder.hasFurtherDocuments { return .max }
                    return 0
                }
                return decoded.alerts.reduce(0) { $0 + bench.decoder.codes(of: $1, layout: bench.layout).count }
            }
            let isSane = decoded.readings.allSatisfy {
                $0.value.isFinite && Int($0.slot.place) < bench.layout.slots.count
                    && (bench.layout[$0.slot].kind != .level || (0...100).contains($0.value))
                    && (bench.layout[$0.slot].kind != .state
                        || Int($0.value) < max(1, bench.layout[$0.slot].states.count))
            }
            guard isSane, codes <= 64 * 64 else {
                Issue.record("seed \(seed), round \(round): \(String(decoding: payload, as: UTF8.self))")
                return
            }
        }
        #expect(taken > count / 10, "the mutator leaves too little to read")
        #expect(bench.layout.slots.count <= ProfileLayout.maximumSlots)
        #expect(bench.layout.nodes.count <= ProfileLayout.maximumNodes)
        #expect(bench.layout.origins.count == bench.layout.nodes.count)
        #expect(bench.layout.stateEntries.count <= ProfileLayout.maximumSlots * ProfileLayout.maximumStates)
        #expect(bench.layout.keyBytes.count <= ProfileLayout.maximumNodes * (ProfileLayout.maximumNameBytes + 64))
    }

    // MARK: Shipped profiles

    /// Every format, and names that the payload tells.
    private static let formats = """
        { profile: "formats", messages: [
            { name: "line", topic: "text/{device}/{n}", format: "text" },
            { name: "table", topic: "csv/{device}", format: "csv", delimiter: ";", columns: ["at", "temp", "mode", "text"], time: { pointer: "/at", unit: "iso8601" } },
            { name: "word", topic: "auto/{device}", format: "auto", liveness: { pointer: ["/state", "/value"], offline: ["gone"] } },
            { name: "named", topic: "named/{device}", each: "/{row}", names: { sensor: "/id" }, full: true } ],
          ignore: ["/{part}/id"],
          metrics: {
            "line.{n}": { message: "line", pointer: "/value", unit: "W" },
            "match.{n}.{code}": { message: "line", pointer: "/value", match: "{code}({value}*kWh)", unit: "kW.h" },
            temp: { message: "table", pointer: "/temp", unit: "Cel", unitFrom: "mode", unknown: [-127, "x"], minimum: -50, maximum: 150 },
            text: { message: "table", pointer: "/text", kind: "state" },
            state: [{ message: "word", pointer: "/state", kind: "state" }, { message: "word", pointer: "/value", kind: "state" }],
            "{sensor}.{name}": { message: "named", pointer: "/{name}", kind: "any" },
            "{sensor}.{part}.{name}": { message: "named", pointer: "/{part=id}/{name}", kind: "any" },
            "pre.{sensor}.{a}": { message: "named", pointer: "/{a:te}", unit: "Cel", unitFrom: "/unit" },
          },
          alerts: [{ message: "named", pointer: "/{where}/codes", member: "c" }, { message: "table", pointer: "/at", bits: { "0": "a" } }],
        }
        """

    private static let formatMessages = [
        ("text/a/1", "12.5 kW"), ("text/a/2", "1.8.1(00012.4*kWh)\r\n2.8.1(x*kWh)"),
        ("csv/a", "2026-01-01T00:00:00Z; 20.5 ;F;\"ok\"\n;-127;C;x\r\n"),
        ("auto/a", "gone"), ("auto/a", "\u{FEFF}{\"state\":NaN}\0"), ("named/a", #"[{"id":"s1","x":null,"temp":NaN}]{"id":"s1","x":[]}"#),
        ("auto/a", #"{"state":"here"}"#), ("auto/a", "\"gone\""),
        ("named/a", #"[{"id":"s1","temp":21,"unit":"F","door":"open"},{"id":7,"x":{"id":"y","v":[1,2],"codes":[{"c":"e1"}]},"on":true}]"#),
    ]

    private struct Target {
        var layout: ProfileLayout
        var messages: [(topic: String, payload: [UInt8])]
    }

    /// The shipped profiles, with the messages of their pages, and all formats.
    private static func targets() throws -> [Target] {
        var targets = [
            Target(
                layout: ProfileLayout(try ProfileReader.read(Array(formats.utf8), file: "formats.json")),
                messages: formatMessages.map { ($0.0, Array($0.1.utf8)) })
        ]
        let names = try FileManager.default.contentsOfDirectory(atPath: TopicBench.directory.path).sorted()
        for name in names {
            guard let profile = try? Data(contentsOf: TopicBench.directory.appending(path: "\(name)/\(name).json")) else { continue }
            let page = try String(contentsOf: TopicBench.directory.appending(path: "\(name)/README.md"), encoding: .utf8)
            let lines = page.split(separator: "\n").filter { $0.hasPrefix("{\"time\"") && $0.contains("\"topic\"") }
            let messages = try lines.compactMap { line -> (topic: String, payload: [UInt8])? in
                let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                // Sparkplug B is binary, and has a fuzz of its own.
                guard let payload = object["payload"] else { return nil }
                let bytes = try (payload as? String).map { Array($0.utf8) } ?? Array(try JSONSerialization.data(withJSONObject: payload))
                return (try #require(object["topic"] as? String), bytes)
            }
            guard !messages.isEmpty else { continue }
            targets.append(Target(layout: ProfileLayout(try ProfileReader.read(Array(profile), file: name)), messages: messages))
        }
        return targets
    }

    /// One message through one rule as the core does it; nil when something is not as it must be.
    private static func read(
        _ payload: [UInt8], _ topic: String, _ decoder: MessageDecoder, _ layout: inout ProfileLayout, _ decoded: inout DecodedMessage
    ) -> Int? {
        var readings = 0
        for (index, rule) in layout.profile.messages.enumerated() {
            let bytes = Array(topic.utf8)
            let captures = bytes.withUnsafeBytes { rule.topic.match($0) == nil ? nil : rule.topic.captured($0) }
            guard let captures else { continue }
            let padded = payload + Array(repeating: 0x78, count: MessageDecoder.padding)
            let hasPassed = padded.withUnsafeBytes { buffer -> Bool in
                guard (try? decoder.open(UnsafeRawBufferPointer(rebasing: buffer[..<payload.count]), rule)) != nil else { return true }
                for part in decoder.parts.prefix(100) {
                    guard let names = decoder.names(rule.names, of: part) else { continue }
                    let root = layout.root(message: index, captures: captures + names) ?? 0
                    decoder.read(part, message: index, root: root, layout: &layout, into: &decoded)
                    readings += decoded.readings.count
                    guard isSane(decoded, layout) else { return false }
                    for alerts in decoded.alerts where decoder.codes(of: alerts, layout: layout).count > 64 { return false }
                    _ = layout.slots(below: root)
                    for node in decoded.clearedGroups { _ = layout.slots(below: node) }
                }
                return true
            }
            guard hasPassed else { return nil }
        }
        return readings
    }

    private static func isSane(_ decoded: DecodedMessage, _ layout: ProfileLayout) -> Bool {
        decoded.readings.allSatisfy {
            let slot = layout[$0.slot]
            return $0.value.isFinite && (slot.kind != .level || (0...100).contains($0.value))
                && (slot.kind != .state || Int($0.value) < max(1, slot.states.count))
        }
    }

    /// Pages of 4 KiB that the process has in memory.
    private static func residentKibibytes() -> Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4 : 0
    }

    @Test func mutatedMessagesOfShippedProfilesNeverTrap() throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["STEWARD_FUZZ_COUNT"].flatMap { Int($0) } ?? 30_000
        let seed = environment["STEWARD_FUZZ_SEED"].flatMap { UInt64($0) } ?? 42
        var generator = SeededGenerator(seed: seed)
        let fresh = try Self.targets()
        var targets = fresh
        let decoder = try #require(MessageDecoder(maximumBytes: 1 << 20))
        var decoded = DecodedMessage()
        var readings = 0
        var warm = 0
        for round in 0..<count {
            let number = Int.random(in: 0..<targets.count, using: &generator)
            let sample = targets[number].messages.randomElement(using: &generator)
            guard var (topic, payload) = sample else { continue }
            for _ in 0..<Int.random(in: 0...4, using: &generator) { Mutator.mutate(&payload, &generator) }
            // Levels of the topic are names too.
            if Int.random(in: 0..<8, using: &generator) == 0, let slash = topic.lastIndex(of: "/") {
                topic = topic[...slash] + "n\(Int.random(in: 0..<5000, using: &generator))"
            }
            guard let found = Self.read(payload, topic, decoder, &targets[number].layout, &decoded) else {
                Issue.record("seed \(seed), round \(round), \(topic): \(String(decoding: payload, as: UTF8.self))")
                return
            }
            readings += found
            let layout = targets[number].layout
            guard layout.slots.count <= ProfileLayout.maximumSlots, layout.nodes.count <= ProfileLayout.maximumNodes,
                layout.roots.count <= ProfileLayout.maximumNodes,
                layout.stateEntries.count <= ProfileLayout.maximumSlots * ProfileLayout.maximumStates
            else {
                Issue.record("seed \(seed), round \(round): the layout grew beyond its limits")
                return
            }
            // A full layout learns nothing; a fresh one is another state to be in.
            if round % 20_000 == 19_999 { targets[number].layout = fresh[number].layout }
            if round == count / 4 { warm = Self.residentKibibytes() }
        }
        let end = Self.residentKibibytes()
        print(
            "shipped profiles fuzz: \(count) messages, seed \(seed), \(readings) readings, \(warm) KiB after a quarter, \(end) KiB at the end"
        )
        #expect(readings > count / 10, "the mutator leaves too little to read")
    }

    @Test(arguments: [DecoderBench.native, DecoderBench.nested]) func mutatedMessagesNeverTrap(_ profile: String) throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["STEWARD_FUZZ_COUNT"].flatMap { Int($0) } ?? 100_000
        let seed = environment["STEWARD_FUZZ_SEED"].flatMap { UInt64($0) } ?? 42
        print("decoder fuzz: \(count) messages, seed \(seed)")
        try run(profile, count: count, seed: seed)
    }
}
