import Foundation
import TestSupport
import Testing

@testable import Sparkplug

/// A seeded mutator over messages of our own. `STEWARD_FUZZ_COUNT` makes it longer, `STEWARD_FUZZ_SEED` another one.
@Suite struct SparkplugFuzzTests {
    private static let limits = SparkplugLimits(
        devices: 8, metrics: 64, nameBytes: 32, textBytes: 16, pendingMessages: 8, pendingBytes: 2048)

    private static func fixtures() throws -> [(kind: SparkplugTopic.Kind, bytes: [UInt8])] {
        let session = FixtureMetric.full("bdSeq", .int64, .number(1))
        let told: [FixtureMetric] = [
            .full("a", .int32, .number(-5), alias: 1), .full("b", .boolean, .bool(true), alias: 2),
            .full("c", .string, .text("Grün"), alias: 3),
            .full("d", .double, .number(2.5), alias: 4), .full("e", .uint64, .null, alias: 5),
        ]
        let data: [FixtureMetric] = [.alias(1, .int32, .number(7)), .alias(3, .string, .text("ü")), .alias(4, .float, .number(1))]
        return [
            (.nodeBirth, try SparkplugBench.payload(seq: 0, [session] + told)),
            (.nodeDeath, try SparkplugBench.payload(seq: nil, [session])),
            (.deviceBirth, try SparkplugBench.payload(seq: 1, told.map { .full("x\($0.name ?? "")", $0.datatype, $0.value, alias: 10) })),
            (.deviceDeath, try SparkplugBench.payload(seq: 3)), (.nodeData, try SparkplugBench.payload(seq: 1, data)),
            (.deviceData, try SparkplugBench.payload(seq: 2, data)), (.nodeData, try SparkplugBench.payload(seq: 2, told)),
        ] + shaped()
    }

    /// Compressed payloads, templates and properties.
    private static func shaped() -> [(kind: SparkplugTopic.Kind, bytes: [UInt8])] {
        let properties = SparkplugWire.properties([("Quality", SparkplugWire.int(0)), ("engUnit", SparkplugWire.text("bar"))])
        let inner = SparkplugWire.template("In", [SparkplugWire.metric("d", 4)])
        let instance = SparkplugWire.template(
            "T", [SparkplugWire.metric("b", 2, alias: 21), SparkplugWire.metric("c", 3, more: properties), inner], alias: 20)
        let definition = SparkplugWire.template("_types_/T", [SparkplugWire.metric("b", 2)], isDefinition: true)
        let birth = SparkplugWire.payload(
            seq: 0, [SparkplugWire.session(1), instance, definition, SparkplugWire.metric("q", 1, more: properties)])
        let data = SparkplugWire.payload(
            seq: 1,
            [
                SparkplugWire.template(nil, [SparkplugWire.metric("b", 5)], alias: 20),
                SparkplugWire.number(2, 20) + SparkplugWire.number(7, 1),
            ])
        return [
            (.nodeBirth, birth), (.nodeData, data), (.deviceBirth, birth), (.deviceData, data),
            (.nodeBirth, SparkplugWire.envelope(SparkplugWire.packed(birth, .gzip), algorithm: "GZIP")),
            (.nodeData, SparkplugWire.envelope(SparkplugWire.packed(data, .zlib), algorithm: "DEFLATE")),
            (.nodeData, SparkplugWire.envelope(SparkplugWire.packed(data, .raw), algorithm: nil)),
            (.nodeData, SparkplugWire.envelope(SparkplugWire.packed([UInt8](repeating: 0, count: 100_000), .gzip), algorithm: "GZIP")),
        ]
    }

    private static let pieces: [[UInt8]] = [
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x80, 0x80, 0x80], [0x12, 0x00], [0x18, 0x05], [0x38, 0x01], [0x0B],
        [0x0C], [0x69, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F], [0x65, 0, 0, 0x80, 0xFF], [0x7A, 0x7F], [0x0A, 0x02, 0xC3, 0x28], [0x20, 0x22],
        [0x12, 0x04, 0x0A, 0x02, 0x61, 0x00], [0x10, 0x01], [0x50, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
    ]

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let at = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &generator) }
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0..<9, using: &generator)))
        case 2: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &generator)], at: at)
        case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 30)], at: at)
        case 4: if at < bytes.count { bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
        // A number of a message of its own, so that the order is tried as well.
        default: bytes += [0x18, UInt8.random(in: 0..<12, using: &generator)]
        }
    }

    /// What must hold whatever was sent.
    private static func isSane(_ bench: SparkplugBench) -> Bool {
        let host = bench.host
        let (devices, metrics) = (host.devices.count, host.metrics.count)
        return devices <= limits.devices + 1 && metrics <= limits.metrics && host.pending.count <= limits.pendingMessages
            && host.pendingBytes == host.pending.reduce(0) { $0 + $1.payload.count } && host.pendingBytes <= limits.pendingBytes
            && bench.output.readings.allSatisfy { reading in
                guard reading.generation != host.generation || host.metrics[Int(reading.metric)].name == reading.name else { return false }
                switch reading.value {
                case .number(let number): return number.isFinite
                // Bytes that are no UTF-8 are replaced by characters of three bytes.
                case .text(let text): return text.utf8.count <= limits.textBytes * 3
                case .bool, .null: return true
                }
            }
            && host.metrics.allSatisfy { $0.name.utf8.count <= limits.nameBytes && $0.device < devices }
            && host.aliases.allSatisfy { $1 < 0 || host.metrics[Int($1)].alias == $0 }
    }

    @Test func mutatedMessagesNeverTrap() throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["STEWARD_FUZZ_COUNT"].flatMap { Int($0) } ?? 200_000
        let seed = environment["STEWARD_FUZZ_SEED"].flatMap { UInt64($0) } ?? 42
        print("Sparkplug fuzz: \(count) messages, seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let fixtures = try Self.fixtures()
        var bench = SparkplugBench(limits: Self.limits)
        var taken = 0
        var readings = 0
        var devices = ["d", "e", "\u{FFFD}", ""].map { Array($0.utf8) } + [[0xFF], [0x2F], Array(repeating: 0x61, count: 300)]
        devices += (0..<12).map { Array("x\($0)".utf8) }
        for round in 0..<count {
            var (kind, payload) = fixtures[Int.random(in: 0..<fixtures.count, using: &generator)]
            for _ in 0..<Int.random(in: 0...3, using: &generator) { Self.mutate(&payload, &generator) }
            // What a check sum would keep from the reader.
            if Int.random(in: 0..<12, using: &generator) == 0 {
                payload = SparkplugWire.envelope(
                    SparkplugWire.packed(payload, SparkplugWire.Packing.allCases.randomElement(using: &generator)!), algorithm: "GZIP")
            }
            let device = kind.isOfDevice ? devices[min(Int.random(in: 0..<40, using: &generator), devices.count - 1)] : []
            device.withUnsafeBytes { device in
                // Memory of exactly this size, so that a read behind the end would be found by a sanitizer.
                payload.withUnsafeBytes {
                    bench.host.receive(kind, device: device, payload: $0, at: Int64(round) * 50, reader: &bench.reader, into: &bench.output)
                }
            }
            if bench.output.refusal == nil { taken += 1 }
            readings += bench.output.readings.count
            guard Self.isSane(bench) else {
                Issue.record("seed \(seed), round \(round): \(kind) \(payload)")
                return
            }
        }
        #expect(taken > count / 4, "the mutator leaves too little to read")
        #expect(readings > count / 4)
    }

    @Test func mutatedTopicsNeverTrap() {
        let seeds = ["spBv1.0/g/DDATA/n/d", "spBv1.0/STATE/h", "spBv1.0/g/NBIRTH/n"].map { Array($0.utf8) }
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<50_000 {
            var topic = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
            for _ in 0..<Int.random(in: 0...3, using: &generator) { Self.mutate(&topic, &generator) }
            topic.withUnsafeBytes { bytes in
                guard let read = try? SparkplugTopic(bytes) else { return }
                for part in [read.group, read.node, read.device] { #expect(part.isEmpty || !bytes[part].contains(UInt8(ascii: "/"))) }
                #expect(read.device.isEmpty != read.kind.isOfDevice && !read.node.isEmpty && (read.kind == .state || !read.group.isEmpty))
            }
        }
    }

    /// How fast, for the eye: what a machine gives is no matter of a test.
    @Test func speed() throws {
        let told = (0..<20).map { FixtureMetric.full("Line 4/Press/Metric \($0)", .double, .number(1), alias: UInt64($0)) }
        let byAlias = (0..<20).map { FixtureMetric.alias(UInt64($0), .double, .number(Double($0) + 0.5)) }
        let messages = try (0..<256).map { try SparkplugBench.payload(seq: UInt64($0), byAlias) }
        let named = try (0..<256).map { try SparkplugBench.payload(seq: UInt64($0), told) }
        var bench = SparkplugBench()
        try bench.receive(.nodeBirth, seq: 255, [.full("bdSeq", .int64, .number(1))] + told)
        for (what, payloads) in [("by alias", messages), ("by name", named)] {
            let rounds = 40
            var readings = 0
            let clock = ContinuousClock()
            let decoding = try clock.measure {
                for _ in 0..<rounds { for payload in payloads { try payload.withUnsafeBytes { try bench.reader.decode($0) } } }
            }
            let all = clock.measure {
                for _ in 0..<rounds {
                    for payload in payloads {
                        payload.withUnsafeBytes {
                            bench.host.receive(
                                .nodeData, device: UnsafeRawBufferPointer(start: nil, count: 0), payload: $0, at: 0, reader: &bench.reader,
                                into: &bench.output)
                        }
                        readings += bench.output.readings.count
                    }
                }
            }
            #expect(readings == rounds * payloads.count * 20)
            print(
                "Sparkplug \(what): \(Int(Double(readings) / (decoding / .seconds(1)))) metrics/s read, \(Int(Double(readings) / (all / .seconds(1)))) metrics/s with the host"
            )
        }
    }
}
