import Glibc
import Testing

@testable import SQLiteStore

/// What a start finds, when the store is not what was committed to it.
@Suite struct ExaminationTests {
    let directory: TemporaryDirectory
    let page = UnsafeMutableRawPointer.allocate(byteCount: CommitWitness.byteCount, alignment: 8)
    init() throws {
        directory = try TemporaryDirectory()
        memset(page, 0, CommitWitness.byteCount)
    }

    /// A closed store with `batches` of ten events, and its record beside it.
    private func made(batches: Int = 20) throws {
        let store = try Store(path: directory.storePath)
        var witness = CommitWitness(memory: page)
        for index in 0..<batches {
            try store.append(count: 10, bytes: 3_000, value: UInt8(index))
            witness.note(store.commitRecord(milliseconds: 5))
        }
        _ = try store.enqueue(entry("a"))
        _ = try store.enqueue(entry("b"))
        try store.close()
    }

    private func examined(from event: Int64 = 1) throws -> Examination {
        let store = try Store(path: directory.storePath)
        defer { try? store.close() }
        return try store.examine(from: event, witness: CommitWitness(memory: page))
    }

    @Test func aWholeStoreIsClean() throws {
        try made()
        let found = try examined()
        #expect(found == Examination(), "\(found)")
        #expect(try examined(from: 11).isClean)
        #expect(try examined(from: 201).isClean)
    }

    @Test(
        arguments: [
            ("UPDATE inbox SET bytes = zeroblob(3000) WHERE first_event = 51", [51...60]),
            ("UPDATE inbox SET arrival_ms = arrival_ms + 1 WHERE first_event = 51", [51...60]),
            ("UPDATE inbox SET event_count = 9 WHERE first_event = 51", [51...60]),
            ("UPDATE inbox SET checksum = NULL WHERE first_event = 51", [51...60]),
            ("UPDATE inbox SET checksum = NULL, previous = NULL WHERE first_event = 51", [51...60]),
            ("DELETE FROM inbox WHERE first_event BETWEEN 51 AND 71", [51...80]),
            ("DELETE FROM inbox WHERE first_event IN (1, 101)", [1...10, 101...110]),
            ("DELETE FROM inbox WHERE first_event > 150", [151...200]),
            ("DELETE FROM inbox", [1...200]),
            ("UPDATE inbox SET first_event = first_event + 5 WHERE first_event = 191", [191...200]),
        ] as [(String, [ClosedRange<Int64>])])
    func whatIsMissingIsNamed(damage: String, missing: [ClosedRange<Int64>]) throws {
        try made()
        _ = try query(directory.storePath, damage)
        let found = try examined()
        #expect(found.missing.map { $0.first...$0.last } == missing, "\(found)")
        #expect(found.problems.isEmpty && found.warnings.isEmpty, "\(found)")
    }

    @Test(arguments: [
        "INSERT INTO counter VALUES(1, 5)", "UPDATE counter SET value = 7 WHERE id = 0",
        "DELETE FROM counter WHERE id = 5", "DELETE FROM counter WHERE id = -1", "DELETE FROM counter",
        "UPDATE outbox SET state = 1 WHERE key = 'a'", "UPDATE outbox SET payload = x'02' WHERE key = 'a'",
        "UPDATE outbox SET checksum = 1 WHERE key = 'a'", "DELETE FROM outbox WHERE key = 'a'",
    ])
    func changedRowsThatDecideAreAProblem(damage: String) throws {
        try made()
        // As damage does it: without the triggers.
        _ = try query(directory.storePath, "DROP TRIGGER outbox_changed")
        _ = try query(directory.storePath, damage)
        let found = try examined()
        #expect(!found.problems.isEmpty, "\(found)")
    }

    @Test func aStoreThatIsCutMissesItsEnd() throws {
        try made(batches: 10)
        try copyStore(directory.storePath, directory.path + "/early.db")
        let store = try Store(path: directory.storePath)
        var witness = CommitWitness(memory: page)
        for _ in 0..<5 { try store.append(count: 10) }
        witness.note(store.commitRecord(milliseconds: 1_760_000_000_999))
        try store.close()
        #expect(rename(directory.path + "/early.db", directory.storePath) == 0)
        let found = try examined()
        #expect(found.missing.count == 1)
        #expect(found.missing.first?.first == 101 && found.missing.first?.last == 150)
        #expect(found.missing.first?.afterMilliseconds == 1_760_000_000_091)
        #expect(found.missing.first?.beforeMilliseconds == 1_760_000_000_999)
    }

    @Test func anEmptyStoreInItsPlaceMissesEverything() throws {
        try made()
        #expect(unlink(directory.storePath) == 0)
        let found = try examined()
        #expect(found.missing.map { $0.first...$0.last } == [1...200])
    }

    @Test func anotherStoreInItsPlaceIsRecognised() throws {
        try made()
        #expect(unlink(directory.storePath) == 0)
        let other = try Store(path: directory.storePath)
        for _ in 0..<30 { try other.append(count: 10) }
        try other.close()
        #expect(try examined().problems.count == 1)
    }

    @Test func aHistoryThatWentAnotherWayIsRecognised() throws {
        try made(batches: 10)
        try copyStore(directory.storePath, directory.path + "/early.db")
        var witness = CommitWitness(memory: page)
        do {
            let store = try Store(path: directory.storePath)
            try store.append(count: 10, value: 1)
            witness.note(store.commitRecord(milliseconds: 5))
            try store.close()
        }
        #expect(rename(directory.path + "/early.db", directory.storePath) == 0)
        let store = try Store(path: directory.storePath)
        try store.append(count: 10, value: 2)
        try store.append(count: 10, value: 3)
        try store.close()
        let found = try examined()
        #expect(found.missing.isEmpty && found.problems.count == 1, "\(found)")
    }

    @Test func aRecordThatIsGoneOrDamagedIsAWarning() throws {
        try made()
        page.storeBytes(of: page.load(fromByteOffset: 9, as: UInt8.self) ^ 1, toByteOffset: 9, as: UInt8.self)
        #expect(try examined() == Examination(), "the other record stands in")
        page.storeBytes(of: page.load(fromByteOffset: 57, as: UInt8.self) ^ 1, toByteOffset: 57, as: UInt8.self)
        var found = try examined()
        #expect(found.isClean && found.warnings.count == 1)
        memset(page, 0, CommitWitness.byteCount)
        found = try examined()
        #expect(found.isClean && found.warnings.count == 1)
    }

    @Test func whatIsReplacedIsWholeAgain() throws {
        try made()
        _ = try query(directory.storePath, "UPDATE inbox SET bytes = zeroblob(3000) WHERE first_event = 51")
        _ = try query(directory.storePath, "DELETE FROM inbox WHERE first_event > 180")
        do {
            let store = try Store(path: directory.storePath)
            let found = try store.examine(from: 1, witness: CommitWitness(memory: page))
            for missing in found.missing { try [1, 2, 3].withUnsafeBytes { try store.replace(missing, bytes: $0) } }
            #expect(try store.lastEvent() == 200)
            #expect(try store.deadLetters(limit: 9).map(\.payload.count) == [3000])
            try store.append(count: 10)
            var seen: [Int64] = []
            try store.forEachSegment(from: 1) { if $0.isReplacement { seen.append($0.lastEvent) } }
            #expect(seen == [60, 200])
            var witness = CommitWitness(memory: page)
            witness.note(store.commitRecord(milliseconds: 5))
            try store.close()
        }
        #expect(try examined() == Examination())
    }

    @Test func countersAreCountedAnew() throws {
        try made()
        let before = try StoreReader(path: directory.storePath).counters()
        _ = try query(directory.storePath, "UPDATE counter SET value = value + 3 WHERE id IN (0, 2, 3, 5)")
        do {
            let store = try Store(path: directory.storePath)
            let witness = CommitWitness(memory: page)
            #expect(store.areCountersDamaged)
            try store.recount(snapshotEvent: 0, storeID: witness.record?.storeID)
            #expect(try store.examine(from: 1, witness: witness).isClean)
            try store.append()
            try store.close()
        }
        let after = try StoreReader(path: directory.storePath).counters()
        #expect(after[.lastEvent] == 201 && after[.inboxSegments] == before[.inboxSegments] + 1)
        #expect(after[.outboxOpen] == before[.outboxOpen])
    }

    @Test func damagedDeliveriesAreNotSent() throws {
        try made()
        _ = try query(directory.storePath, "DROP TRIGGER outbox_changed")
        _ = try query(directory.storePath, "UPDATE outbox SET payload = x'02' WHERE key = 'a'")
        let store = try Store(path: directory.storePath)
        let repaired = try store.repairDeliveries(atMilliseconds: 9)
        #expect(repaired.abandoned.map(\.key) == ["a"] && repaired.abandoned.map(\.channel) == ["order"])
        #expect(try store.dueOutbox(OutboxLane(channel: "order", receiver: ""), nowMilliseconds: 10, limit: 9).map(\.entry.key) == ["b"])
        #expect(try store.statistics().outboxOpen == 1)
    }

    @Test func rowsThatAreOlderThanChecksumsAreTaken() throws {
        do {
            let connection = try Connection(path: directory.storePath, mode: .readWrite, busyTimeoutMilliseconds: 100)
            try Schema.prepare(connection, migrations: Array(Schema.migrations.prefix(2)))
            try connection.execute(
                """
                INSERT INTO inbox VALUES(1, 10, 5, x'61'), (11, 10, 6, x'62');
                INSERT INTO outbox(key, channel, device, created_ms, not_before_ms, payload) VALUES('k', 'order', 'd', 1, 1, x'01');
                INSERT INTO counter VALUES(0, 20), (1, 20), (2, 2), (3, 2), (5, 1);
                """)
            connection.close()
        }
        do {
            let store = try Store(path: directory.storePath)
            #expect(store.isSealedAnew)
            #expect(try store.examine(from: 1, witness: CommitWitness(memory: page)) == Examination())
            try store.append(count: 10)
            try store.close()
        }
        #expect(try examined().isClean)
        _ = try query(directory.storePath, "UPDATE inbox SET checksum = NULL, previous = NULL WHERE first_event = 21")
        #expect(try examined().missing.map { $0.first...$0.last } == [21...30])
    }
}
