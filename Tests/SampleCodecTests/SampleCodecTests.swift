import SampleCodec
import TestSupport
import Testing

@Suite struct SampleCodecTests {
    private func roundTrip(_ samples: [Sample], capacityBytes: Int = SampleEncoder.capacityBytes) throws -> Bool {
        let chunks = try #require(Chunks.encode(samples, capacityBytes: capacityBytes))
        return Chunks.areIdentical(try Chunks.decode(chunks), samples)
    }

    @Test func stateIsSmallAndPlain() {
        #expect(MemoryLayout<SampleEncoder>.size <= 96)
        #expect(_isPOD(SampleEncoder.self))
        print("SampleEncoder: \(MemoryLayout<SampleEncoder>.stride) bytes")
    }

    @Test func emptyChunk() throws {
        #expect(SampleEncoder().byteCount == 0)
        #expect(try SampleChunk.decode(UnsafeRawBufferPointer(start: nil, count: 0), count: 0).isEmpty)
    }

    @Test(arguments: Series.allCases, Clocking.allCases) func realisticSeriesComeBack(_ series: Series, _ clocking: Clocking) throws {
        for seed in UInt64(1)...2 {
            var generator = SeededGenerator(seed: seed)
            let times = clocking.times(3_000, &generator)
            let samples = zip(times, series.values(3_000, &generator)).map { Sample(timeMilliseconds: $0, value: $1) }
            #expect(try roundTrip(samples), "seed \(seed)")
        }
    }

    /// Storage that is full can be changed for a larger one amid a chunk: the bytes are those of a chunk that had the room from the beginning.
    @Test(arguments: Series.allCases) func aChunkMovesToLargerStorage(_ series: Series) {
        var generator = SeededGenerator(seed: 11)
        let times = Clocking.allCases[0].times(3_000, &generator)
        var (plain, moving) = (SampleEncoder(), SampleEncoder())
        var whole = [UInt8](repeating: 0, count: SampleEncoder.capacityBytes)
        var room = [UInt8](repeating: 0, count: 32)
        var moves = 0
        for (time, value) in zip(times, series.values(3_000, &generator)) {
            let fits = whole.withUnsafeMutableBytes { plain.append(timeMilliseconds: time, value: value, into: $0) }
            while !room.withUnsafeMutableBytes({ moving.append(timeMilliseconds: time, value: value, into: $0) }) {
                guard room.count < SampleEncoder.capacityBytes else {
                    #expect(!fits)
                    break
                }
                room += [UInt8](repeating: 0xAA, count: room.count)
                moves += 1
            }
            #expect(moving == plain && room[..<moving.byteCount] == whole[..<plain.byteCount])
            guard fits else { break }
        }
        #expect(moves == 3)
    }

    @Test func strangeValuesComeBack() throws {
        let values: [Double] = [
            0, -0.0, 0, 1, -1, 0.1, -0.1, 24.03, 24.04, 1e-6, -1e-6, 1e-7, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
            .leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .pi, 0x1p51, -0x1p51, 0x1p51 - 1, 0x1p52, 0x1p53,
            0x1p53 + 2, 0x1p63, -0x1p63, 0x1p64, 1e15, 1e16, 1e22, 2251799813.685247, 2251799813.685248, 4503599627370495.5, 1e300,
            0.1 + 0.2, 0.3, 1.0 / 3, 182.5, 182.50001, 99.999999, 0x1p51 - 0.25, 0x1p51 - 0.5, -(0x1p51 - 0.5), .ulpOfOne,
        ]
        // Every pair, so that every change of mode is met.
        var samples: [Sample] = []
        for a in values {
            for b in values {
                for value in [a, b, b] { samples.append(Sample(timeMilliseconds: Int64(samples.count) * 1_000, value: value)) }
            }
        }
        #expect(try roundTrip(samples))
        for value in values { #expect(try roundTrip([Sample(timeMilliseconds: 5, value: value)]), "\(value)") }
    }

    @Test func strangeTimesComeBack() throws {
        var jumps: [Int64] = [0, 1, -1, .max, .min, .max - 1, .min + 1, 1_767_225_600_123]
        for bit in 0..<63 { jumps += [1 << bit, -(1 << bit), (1 << bit) - 1, (1 << bit) + 1] }
        var samples: [Sample] = []
        for a in jumps {
            for b in jumps { samples += [a, b].map { Sample(timeMilliseconds: $0, value: 7) } }
        }
        #expect(try roundTrip(samples))
        // Every border of a bucket, as a delta of deltas.
        var time: Int64 = 0
        var delta: Int64 = 0
        samples = []
        for border in [0, 32, 64, 544, 1_088, 4_640, 9_280, 528_928, 1 << 20, 1 << 31, 1 << 32, 1 << 33] as [Int64] {
            for step in -3...3 as ClosedRange<Int64> {
                for sign in [1, -1] as [Int64] {
                    delta &+= sign * border + step
                    time &+= delta
                    samples.append(Sample(timeMilliseconds: time, value: 1))
                }
            }
        }
        #expect(try roundTrip(samples))
    }

    @Test func randomShapesComeBack() throws {
        for seed in UInt64(1)...150 {
            var generator = SeededGenerator(seed: seed)
            var samples: [Sample] = []
            var time = Int64.random(in: .min ... .max, using: &generator)
            var value = 0.0
            for _ in 0..<400 {
                switch Int.random(in: 0..<12, using: &generator) {
                case 0: value = Double(bitPattern: generator.next())
                case 1: value = Double(Int64(bitPattern: generator.next()) >> Int64.random(in: 0..<64, using: &generator))
                case 2: value = -value
                case 3...6:
                    let power = [1.0, 10, 100, 1_000, 10_000, 100_000, 1_000_000][Int.random(in: 0..<7, using: &generator)]
                    value = Double(Int64(bitPattern: generator.next()) >> Int64.random(in: 12..<64, using: &generator)) / power
                case 7: value += 1
                default: break
                }
                if !value.isFinite { value = 0 }
                let shift = Int64.random(in: 0..<64, using: &generator)
                time &+= Bool.random(using: &generator) ? 60_000 : Int64(bitPattern: generator.next()) >> shift
                samples.append(Sample(timeMilliseconds: time, value: value))
            }
            let capacity = Int.random(in: 40...600, using: &generator)
            #expect(try roundTrip(samples, capacityBytes: capacity), "seed \(seed), capacity \(capacity)")
        }
    }

    /// The bytes are a valid chunk at any moment, and the same ones whoever writes them.
    @Test func everyPrefixIsAChunk() throws {
        var generator = SeededGenerator(seed: 11)
        let values = Series.mixed.values(200, &generator)
        let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
        defer { storage.deallocate() }
        var encoder = SampleEncoder()
        var appended: [Sample] = []
        for (index, value) in values.enumerated() {
            let sample = Sample(timeMilliseconds: Int64(index) * 977, value: value)
            let before = Array(storage[..<encoder.byteCount])
            let state = encoder
            guard encoder.append(timeMilliseconds: sample.timeMilliseconds, value: value, into: storage) else {
                #expect(encoder == state)
                #expect(Array(storage[..<encoder.byteCount]) == before)
                break
            }
            appended.append(sample)
            #expect(encoder.count == appended.count)
            #expect(encoder.lastMilliseconds == sample.timeMilliseconds)
            let decoded = try SampleChunk.decode(UnsafeRawBufferPointer(rebasing: storage[..<encoder.byteCount]), count: appended.count)
            #expect(Chunks.areIdentical(decoded, appended))
        }
        #expect(appended.count > 20 && appended.count < 200)
        #expect(encoder.firstMilliseconds == 0)
    }

    @Test(arguments: [Double.nan, -.nan, .signalingNaN, .infinity, -.infinity]) func refusesWhatIsNotFinite(_ value: Double) {
        let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
        defer { storage.deallocate() }
        var encoder = SampleEncoder()
        let isTaken = encoder.append(timeMilliseconds: 1, value: value, into: storage)
        #expect(!isTaken)
        let isTakenByNothing = encoder.append(timeMilliseconds: 1, value: 1, into: UnsafeMutableRawBufferPointer(start: nil, count: 0))
        #expect(!isTakenByNothing)
        let isTakenByOneWord = encoder.append(timeMilliseconds: 1, value: 1, into: UnsafeMutableRawBufferPointer(rebasing: storage[..<8]))
        #expect(!isTakenByOneWord)
        #expect(encoder == SampleEncoder())
    }
}

@Suite struct SampleChunkHostileTests {
    @Test func refusesImpossibleCounts() {
        let bytes: [UInt8] = Array(repeating: 0, count: 256)
        bytes.withUnsafeBytes { raw in
            #expect(throws: ChunkError.negativeCount(-1)) { try SampleChunk.decode(raw, count: -1) }
            #expect(throws: ChunkError.negativeCount(.min)) { try SampleChunk.decode(raw, count: .min) }
            #expect(throws: ChunkError.truncated(sampleIndex: 0)) { try SampleChunk.decode(raw, count: .max) }
            #expect(throws: ChunkError.truncated(sampleIndex: 992)) { try SampleChunk.decode(raw, count: 993) }
        }
    }

    @Test func everyTruncationIsSeen() throws {
        var generator = SeededGenerator(seed: 3)
        let samples = Series.temperatureTwoDecimals.values(100, &generator).enumerated().map {
            Sample(timeMilliseconds: Int64($0) * 60_000, value: $1)
        }
        let chunk = try #require(Chunks.encode(samples, capacityBytes: 512)?.first)
        for length in 0..<chunk.bytes.count {
            let cut = Array(chunk.bytes[..<length])
            #expect(throws: ChunkError.self) { try cut.withUnsafeBytes { try SampleChunk.decode($0, count: chunk.count) } }
        }
    }

    @Test func randomAndDamagedBytesNeverTrap() throws {
        var generator = SeededGenerator(seed: 99)
        var refused = 0
        var base = try #require(Chunks.encode(Series.mixed.values(60, &generator).map { Sample(timeMilliseconds: 1, value: $0) })?.first)
        for round in 0..<8_000 {
            var bytes = base.bytes
            if round % 2 == 0 {
                bytes = (0..<Int.random(in: 0...300, using: &generator)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            } else {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            }
            let count = Int.random(in: 0...(round % 3 == 0 ? 1_200 : 80), using: &generator)
            do {
                let samples = try bytes.withUnsafeBytes { try SampleChunk.decode($0, count: count) }
                #expect(samples.count == count && samples.allSatisfy(\.value.isFinite), "round \(round)")
            } catch {
                refused += 1
            }
            if round % 500 == 0 { base.bytes.shuffle(using: &generator) }
        }
        #expect(refused > 1_000)
    }
}
