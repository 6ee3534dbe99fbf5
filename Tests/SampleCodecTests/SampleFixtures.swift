import SampleCodec
import TestSupport

/// A closed chunk as a caller would store it.
struct ClosedChunk {
    var bytes: [UInt8]
    var count: Int
}

enum Chunks {
    /// Encodes all samples, with new chunks as needed; nil if a sample does not fit into an empty chunk.
    static func encode(_ samples: [Sample], capacityBytes: Int = SampleEncoder.capacityBytes) -> [ClosedChunk]? {
        let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: capacityBytes + 16, alignment: 8)
        defer { storage.deallocate() }
        // Filled with ones, so that bits that are never written show; 16 more bytes to catch writing past the end.
        storage.initializeMemory(as: UInt8.self, repeating: 0xFF)
        let usable = UnsafeMutableRawBufferPointer(rebasing: storage[..<capacityBytes])
        var chunks: [ClosedChunk] = []
        var encoder = SampleEncoder()
        for sample in samples {
            if encoder.append(timeMilliseconds: sample.timeMilliseconds, value: sample.value, into: usable) { continue }
            guard encoder.count > 0 else { return nil }
            chunks.append(ClosedChunk(bytes: Array(usable[..<encoder.byteCount]), count: Int(encoder.count)))
            encoder = SampleEncoder()
            guard encoder.append(timeMilliseconds: sample.timeMilliseconds, value: sample.value, into: usable) else { return nil }
        }
        if encoder.count > 0 {
            chunks.append(ClosedChunk(bytes: Array(usable[..<encoder.byteCount]), count: Int(encoder.count)))
        }
        guard storage[capacityBytes...].allSatisfy({ $0 == 0xFF }) else { return nil }
        return chunks
    }

    static func decode(_ chunks: [ClosedChunk]) throws -> [Sample] {
        try chunks.flatMap { chunk in
            try chunk.bytes.withUnsafeBytes { try SampleChunk.decode($0, count: chunk.count) }
        }
    }

    /// Equality of bits, which tells −0.0 from 0.0.
    static func areIdentical(_ a: [Sample], _ b: [Sample]) -> Bool {
        a.count == b.count
            && zip(a, b).allSatisfy { $0.timeMilliseconds == $1.timeMilliseconds && $0.value.bitPattern == $1.value.bitPattern }
    }
}

/// Series as office printers and small machines give them.
enum Series: String, CaseIterable {
    case pageCounter, unchangedLevel, slowLevel, temperatureOneDecimal, temperatureTwoDecimals, humidity, statusFlips, powerWatts
    case floatNoise, mixed

    func values(_ count: Int, _ generator: inout SeededGenerator) -> [Double] {
        var state = 0.0
        var result: [Double] = []
        result.reserveCapacity(count)
        for index in 0..<count {
            let noise = generator.normal()
            let uniform = Double.random(in: 0..<1, using: &generator)
            switch self {
            case .pageCounter:
                if index == 0 { state = 48_213 }
                if uniform < 0.12 { state += (1 + 8 * Double.random(in: 0..<1, using: &generator)).rounded() }
                result.append(state)
            case .unchangedLevel: result.append(43)
            case .slowLevel: result.append(max(0, 100 - (Double(index) / 300).rounded(.down)))
            case .temperatureOneDecimal:
                state += (182 - state) * (index == 0 ? 1 : 0.05) + noise * 0.4
                result.append((state * 10).rounded() / 10)
            case .temperatureTwoDecimals:
                state += (24 - state) * (index == 0 ? 1 : 0.05) + noise * 0.15
                result.append((state * 100).rounded() / 100)
            case .humidity:
                state += (41 - state) * (index == 0 ? 1 : 0.02) + noise * 0.3
                result.append(state.rounded())
            case .statusFlips: result.append(uniform < 0.02 ? 1 : 0)
            case .powerWatts: result.append(uniform < 0.3 ? (450 + noise * 120).rounded() : (8 + noise).rounded())
            case .floatNoise: result.append(Double(Float(24 + noise)))
            case .mixed: result.append(uniform < 0.05 ? noise : uniform < 0.1 ? -0.0 : (noise * 1000).rounded() / 100)
            }
        }
        return result
    }
}

enum Clocking: String, CaseIterable {
    case exact60s, exact1s, jitter5ms, jitter200ms, roundedSeconds, lateAndLost

    func times(_ count: Int, _ generator: inout SeededGenerator) -> [Int64] {
        let start: Int64 = 1_767_225_600_123
        return (0..<count).map { index in
            let regular = start + Int64(index) * 60_000
            switch self {
            case .exact60s: return regular
            case .exact1s: return start + Int64(index) * 1_000
            case .jitter5ms: return regular + Int64.random(in: -5...5, using: &generator)
            case .jitter200ms: return regular + Int64.random(in: -200...200, using: &generator)
            case .roundedSeconds: return (regular + Int64.random(in: -600...600, using: &generator)) / 1_000 * 1_000
            case .lateAndLost:
                let roll = Int.random(in: 0..<100, using: &generator)
                return roll == 0 ? regular - 3_600_000 : roll == 1 ? regular + 86_400_000 : regular
            }
        }
    }
}
