import Foundation
import Testing

@testable import Telemetry

/// A seeded mutator over messages of our own. `STEWARD_FUZZ_COUNT` makes it longer, `STEWARD_FUZZ_SEED` another one.
@Suite struct DecoderFuzzTests {
    private static let fixtures = [
        #"{"ts":1700000000123,"status":"busy","pages":12,"supplies":{"black":43,"cyan":null,"waste":-3},"errors":["jam"],"temp":182.5,"rpm":1e3}"#,
        #"{"ts":1700000000123,"status":"idle","temp":"26.2 C","supplies":{"black":"43 %"},"errors":[]}"#,
        #"{"print":{"sequence_id":"c-1","result":"success","ams":[{"id":"0","temp":"26.2","tray":[{"id":"1","remain":70}]}],"hms":[{"attr":50331904,"code":65543}]}}"#,
        #"[{"a":1},[2,[3]],"x",null,true]"#,
    ].map { Array($0.utf8) }

    private static let pieces = [
        "null", "true", "-1", "1e999", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "\"\"", "{}", "[]", "{\"a\":",
        "[[[[", "]]", "\\ud800", "\\u0000", "\u{0}", "\"ts\":", "\"temp\":1,\"temp\":2", "\"supply.black\":5", ",", "0.1e-400", "NaN",
        "\u{FFFD}",
    ].map { Array($0.utf8) }

    static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let at = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &generator) }
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0..<9, using: &generator)))
        case 2: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &generator)], at: at)
        case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 30)], at: at)
        case 4: if at < bytes.count { bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
        case 5: bytes.insert(contentsOf: "\"n\(Int.random(in: 0..<9999, using: &generator))\":\(at),".utf8, at: min(1, bytes.count))
        default: bytes.removeLast(min(bytes.count, Int.random(in: 0..<4, using: &generator)))
        }
    }

    private func run(_ profile: String, count: Int, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var bench = try DecoderBench(profile)
        var decoded = DecodedMessage()
        var buffer = [UInt8](repeating: 0, count: 4096)
        var taken = 0
        for round in 0..<count {
            var payload = Self.fixtures[Int.random(in: 0..<Self.fixtures.count, using: &generator)]
            for _ in 0..<Int.random(in: 0...3, using: &generator) { Self.mutate(&payload, &generator) }
            buffer.replaceSubrange(0..<payload.count, with: payload)
            let codes = buffer.withUnsafeBytes { bytes -> Int in
                let frame = UnsafeRawBufferPointer(rebasing: bytes[..<payload.count])
                guard (try? bench.decoder.decode(frame, message: 0, layout: &bench.layout, into: &decoded)) != nil else { return 0 }
                taken += 1
                return decoded.alerts.reduce(0) { $0 + bench.decoder.codes(of: $1, layout: bench.layout).count }
            }
            let isSane = decoded.readings.allSatisfy {
                $0.value.isFinite && Int($0.slot) < bench.layout.slots.count
                    && (bench.layout.slots[Int($0.slot)].kind != .level || (0...100).contains($0.value))
                    && (bench.layout.slots[Int($0.slot)].kind != .state
                        || Int($0.value) < max(1, bench.layout.slots[Int($0.slot)].states.count))
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

    @Test(arguments: [DecoderBench.native, DecoderBench.nested]) func mutatedMessagesNeverTrap(_ profile: String) throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["STEWARD_FUZZ_COUNT"].flatMap { Int($0) } ?? 100_000
        let seed = environment["STEWARD_FUZZ_SEED"].flatMap { UInt64($0) } ?? 42
        print("decoder fuzz: \(count) messages, seed \(seed)")
        try run(profile, count: count, seed: seed)
    }
}
