import TestSupport
import Testing

@testable import SQLiteStore

@Suite struct HistoryTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    private func starts(_ reader: StoreReader, _ from: Int64, _ through: Int64, metric: String = "temp") throws -> [Int64] {
        try reader.chunks(device: "p", metric: metric, fromMilliseconds: from, throughMilliseconds: through).map(\.firstMilliseconds)
    }

    @Test func aRepeatedChunkIsIgnored() throws {
        let store = try Store(path: directory.storePath)
        let series = try #require(try store.series(device: "p", metric: "temp", unit: "Cel"))
        #expect(try store.chunk(series, from: 100, to: 199, count: 10))
        #expect(try !store.chunk(series, from: 100, to: 199, count: 10))
        #expect(try store.chunk(series, from: 100, to: 199, count: 11), "another count is another chunk")
        let other = try #require(try store.series(device: "p", metric: "temp", unit: "[degF]"))
        #expect(other != series)
        #expect(try store.chunk(other, from: 100, to: 199, count: 10))
        #expect(store.current[.chunks] == 3)
        #expect(try store.statistics().historySamples == 31)
    }

    @Test func aRangeGivesEveryChunkThatReachesIntoIt() throws {
        let store = try Store(path: directory.storePath)
        let series = try #require(try store.series(device: "p", metric: "temp", unit: "Cel"))
        for (first, last) in [(100, 199), (200, 299), (50, 1_000), (300, 399), (0, 10)] as [(Int64, Int64)] {
            #expect(try store.chunk(series, from: first, to: last, bytes: [UInt8(first / 50)]))
        }
        let reader = try StoreReader(path: directory.storePath)
        for reading in [store, reader] {
            #expect(try starts(reading, 199, 200) == [50, 100, 200])
            #expect(try starts(reading, 0, 49) == [0])
            #expect(try starts(reading, 11, 49) == [])
            #expect(try starts(reading, 400, 5_000) == [50])
            #expect(try starts(reading, 1_001, 5_000) == [])
            #expect(try starts(reading, .min, .max) == [0, 50, 100, 200, 300])
            #expect(try starts(reading, .min, .max, metric: "none") == [])
        }
        let chunk = try #require(try reader.chunks(device: "p", metric: "temp", fromMilliseconds: 0, throughMilliseconds: 0).first)
        #expect(chunk == HistoryChunk(unit: "Cel", firstMilliseconds: 0, lastMilliseconds: 10, count: 10, bytes: [0]))
    }

    @Test func impossibleChunksAreRefused() throws {
        let store = try Store(path: directory.storePath)
        let series = try #require(try store.series(device: "p", metric: "temp", unit: "Cel"))
        #expect(storeError { _ = try store.chunk(series + 1, from: 0, to: 1) }?.kind == .constraint)
        #expect(storeError { _ = try store.chunk(series, from: 1, to: 0) }?.kind == .constraint)
        #expect(storeError { _ = try store.chunk(series, from: .min, to: .max) }?.kind == .constraint)
        #expect(storeError { _ = try store.chunk(series, from: 0, to: 1, count: 0) }?.kind == .constraint)
    }

    @Test func aSeriesSurvivesARollbackOfOtherWork() throws {
        struct Stop: Error {}
        let store = try Store(path: directory.storePath)
        let series = try #require(try store.series(device: "p", metric: "temp", unit: "Cel"))
        #expect(throws: Stop.self) {
            try store.transaction {
                _ = try store.chunk(series, from: 0, to: 500)
                throw Stop()
            }
        }
        #expect(try store.chunk(series, from: 0, to: 500))
        #expect(try starts(store, 400, 450) == [0], "the longest duration was rolled back, and is known again")
    }

    @Test func oldAndSurplusChunksGoInSmallSteps() throws {
        let store = try Store(path: directory.storePath)
        let series = try #require(try store.series(device: "p", metric: "temp", unit: "Cel"))
        try store.transaction {
            _ = try store.chunk(series, from: 1_000_000, to: 1_000_001)  // Out of its time; it must not keep the others.
            for index in 0..<200 as Range<Int64> { _ = try store.chunk(series, from: index * 10, to: index * 10 + 9) }
        }
        #expect(try store.trimHistory(beforeMilliseconds: 1_000, maximumBytes: .max) == 63)
        while try store.trimHistory(beforeMilliseconds: 1_000, maximumBytes: .max) > 0 {}
        #expect(try starts(store, 0, 5_000).first == 1_000)
        #expect(store.current[.chunks] == 101)
        while try store.trimHistory(beforeMilliseconds: 0, maximumBytes: 43 * 20) > 0 {}
        #expect(store.current[.chunks] == 20)
        #expect(try store.statistics().historyBytes == 43 * 20)
        #expect(try starts(store, 0, .max).first == 1_800)
    }

    @Test func seriesAreBoundedAndEmptyOnesMakeRoomAtTheNextStart() throws {
        var limits = StoreLimits()
        limits.series = 2
        do {
            let store = try Store(path: directory.storePath, limits: limits)
            let kept = try #require(try store.series(device: "kept", metric: "m", unit: "1"))
            _ = try store.chunk(kept, from: 0, to: 1)
            _ = try store.series(device: "empty", metric: "m", unit: "1")
            #expect(try store.series(device: "new", metric: "m", unit: "1") == nil)
            #expect(try store.series(device: "kept", metric: "m", unit: "1") == kept)
            #expect(store.current[.seriesRefused] == 1)
            try store.close()
        }
        let store = try Store(path: directory.storePath, limits: limits)
        #expect(try store.series(device: "new", metric: "m", unit: "1") != nil)
        #expect(try query(directory.storePath, "SELECT count(*) FROM series WHERE device = 'kept'") == 1)
    }

    /// A thousand series whose chunks end in no order, as those of a real site do.
    @Test func aChunkCostsLessThanFortyBytesBesidesItsOwn() throws {
        let store = try Store(path: directory.storePath)
        let before = try store.statistics().fileBytes
        var generator = SeededGenerator(seed: 7)
        var bytes: Int64 = 0
        let series = try (0..<1_000).compactMap { try store.series(device: "printer-\($0)", metric: "m", unit: "1") }
        let seriesBytes = try store.statistics().fileBytes - before
        for round in 0..<40 as Range<Int64> {
            try store.transaction {
                for series in series.shuffled(using: &generator) {
                    let first = 1_760_000_000_000 + round * 5_000_000 + .random(in: 0..<5_000_000, using: &generator)
                    let size = Int.random(in: 30...120, using: &generator)
                    _ = try store.chunk(series, from: first, to: first + 4_999_999, count: 300, bytes: Array(repeating: 1, count: size))
                    bytes += Int64(size)
                }
            }
        }
        let overhead = Double(try store.statistics().fileBytes - before - seriesBytes - bytes) / Double(series.count * 40)
        print("history: \(overhead) bytes a chunk besides its own")
        #expect(overhead < 40)
        #expect(overhead > 20, "the estimate in chunkOverheadBytes would be far off")
    }
}
