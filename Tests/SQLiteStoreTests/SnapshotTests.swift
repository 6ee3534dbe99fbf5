import TestSupport
import Testing

@testable import SQLiteStore

@Suite struct SnapshotTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    private func store(events: Int = 10) throws -> Store {
        let store = try Store(path: directory.storePath)
        for _ in 0..<events { try store.append() }
        return store
    }

    @Test func aLargeSnapshotComesBackFromPartsOfAnySize() throws {
        let store = try store()
        var generator = SeededGenerator(seed: 42)
        let bytes = (0..<3_500_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try store.saveSnapshot(event: 4, formatVersion: 1) { writer in
            try writer.append(Array(bytes[..<10]))
            try writer.append([])
            try writer.append(Array(bytes[10..<3_000_000]))
            try writer.append(Array(bytes[3_000_000...]))
        }
        let found = try store.loadSnapshot(formatVersion: 1)
        #expect(found.snapshot?.event == 4)
        #expect(found.snapshot?.bytes == bytes)
        #expect(found.problems.isEmpty)
    }

    @Test func anEmptyOneIsNotNone() throws {
        let store = try store()
        #expect(try store.loadSnapshot(formatVersion: 1) == FoundSnapshot(snapshot: nil, problems: []))
        try store.snapshot(at: 0, [])
        #expect(try store.loadSnapshot(formatVersion: 1).snapshot == FoundSnapshot.State(event: 0, bytes: []))
    }

    @Test func twoAreKeptAndNoParts() throws {
        let store = try store()
        for event in 1...5 as ClosedRange<Int64> { try store.snapshot(at: event, Array(repeating: UInt8(event), count: 2_500_000)) }
        try store.close()
        #expect(try count("SELECT count(*) FROM snapshot") == 2)
        #expect(try count("SELECT count(*) FROM snapshot_part") == 6)
    }

    @Test(arguments: [
        "UPDATE snapshot_part SET bytes = zeroblob(length(bytes)) WHERE id = (SELECT max(id) FROM snapshot_part)",
        "DELETE FROM snapshot_part WHERE id = (SELECT max(id) FROM snapshot_part)",
        "UPDATE snapshot SET event = 9 WHERE event = 8",
        "UPDATE snapshot SET part_count = part_count - 1 WHERE event = 8",
        "UPDATE snapshot SET byte_count = -1 WHERE event = 8",
    ])
    func aDamagedOneIsReportedAndTheOneBeforeIsUsed(damage: String) throws {
        let store = try store()
        try store.snapshot(at: 5, [5, 5])
        try store.snapshot(at: 8, [8, 8])
        try store.close()
        _ = try count(damage)
        let reader = try StoreReader(path: directory.storePath)
        let found = try reader.loadSnapshot(formatVersion: 1)
        #expect(found.snapshot == FoundSnapshot.State(event: 5, bytes: [5, 5]))
        #expect(found.problems.count == 1)
    }

    @Test func anotherFormatIsPassedOver() throws {
        let store = try store()
        try store.snapshot(at: 5, [5], formatVersion: 1)
        try store.snapshot(at: 8, [8], formatVersion: 2)
        #expect(try store.loadSnapshot(formatVersion: 1).snapshot?.event == 5)
        #expect(
            try store.loadSnapshot(formatVersion: 1).problems == ["the snapshot at event 8 has format 2, which this program does not read"])
        #expect(try store.loadSnapshot(formatVersion: 3).snapshot == nil)
    }

    @Test func oneThatFailsWhileItIsWrittenLeavesTheOthers() throws {
        struct Stop: Error {}
        let store = try store()
        try store.snapshot(at: 5, [5])
        #expect(throws: Stop.self) {
            try store.saveSnapshot(event: 8, formatVersion: 1) { writer in
                try writer.append(Array(repeating: 1, count: 2_000_000))
                throw Stop()
            }
        }
        #expect(throws: StoreError.self) { try store.snapshot(at: 11, [1]) }
        #expect(try store.loadSnapshot(formatVersion: 1).snapshot?.event == 5)
    }

    /// Runs one statement on the closed store through a connection of the test's own.
    private func count(_ sql: String) throws -> Int64 { try query(directory.storePath, sql) }
}
