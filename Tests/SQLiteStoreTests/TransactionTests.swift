import TestSupport
import Testing

@testable import SQLiteStore

@Suite struct TransactionTests {
    struct Stop: Error {}
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    @Test func anErrorRollsEverythingBack() throws {
        let store = try Store(path: directory.storePath)
        try store.append()
        let before = try store.counters()
        #expect(throws: Stop.self) {
            try store.transaction {
                try store.append()
                try store.setCursor(2)
                _ = try store.enqueue(entry("a"))
                let series = try #require(try store.series(device: "p", metric: "m", unit: "1"))
                _ = try store.chunk(series, from: 0, to: 9)
                throw Stop()
            }
        }
        let after = try store.counters()
        #expect(after[.lastEvent] == 1 && after[.cursor] == 0 && after[.outboxOpen] == 0 && after[.series] == 0)
        #expect(after[.inboxBytes] == before[.inboxBytes])
        #expect(try store.enqueue(entry("a")) == .added)
    }

    @Test func nestingIsRefusedAndRollsBack() throws {
        let store = try Store(path: directory.storePath)
        let error = storeError {
            try store.transaction {
                try store.append()
                try store.transaction {}
            }
        }
        #expect(error?.kind == .misuse)
        #expect(try store.lastEvent() == 0)
        try store.transaction { try store.append() }
        #expect(try store.lastEvent() == 1)
    }

    @Test func aSwallowedErrorDoesNotCommitHalfAStep() throws {
        let store = try Store(path: directory.storePath)
        let error = storeError {
            try store.transaction {
                try store.append()
                do {
                    try store.saveSnapshot(event: 1, formatVersion: 1) { writer in
                        try writer.append(Array(repeating: 0, count: 2_000_000))
                        throw Stop()
                    }
                } catch is Stop {}
            }
        }
        #expect(error?.kind == .misuse)
        #expect(try store.lastEvent() == 0)
    }

    @Test func aClosedStoreSaysSo() throws {
        let store = try Store(path: directory.storePath)
        try store.close()
        try store.close()
        #expect(storeError { try store.append() }?.kind == .misuse)
        #expect(storeError { _ = try store.dueOutbox(nowMilliseconds: 0, limit: 1) }?.kind == .misuse)
    }

    /// Random work with random rollbacks and restarts: the kept counters must be what counting gives.
    @Test func countersAreExact() throws {
        var limits = StoreLimits()
        (limits.outboxEntries, limits.finishedOutboxEntries, limits.journalEntries) = (20, 10, 30)
        (limits.deadLetterEntries, limits.deadLetterBytes, limits.quarantineEntries, limits.series) = (10, 300, 5, 6)
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        var store = try Store(path: directory.storePath, limits: limits)
        for _ in 0..<300 {
            let rollsBack = Bool.random(using: &generator)
            do {
                try store.transaction {
                    for _ in 0..<Int.random(in: 1...8, using: &generator) { try randomStep(store, &generator) }
                    if rollsBack { throw Stop() }
                }
            } catch is Stop {}
            if Int.random(in: 0..<40, using: &generator) == 0 {
                try store.close()
                store = try Store(path: directory.storePath, limits: limits)
            }
        }
        let kept = try store.counters()
        try store.close()
        for (counter, sql) in Self.truth {
            #expect(try query(directory.storePath, sql) == kept[counter], "seed \(seed): \(counter)")
        }
    }

    private func randomStep(_ store: Store, _ generator: inout SeededGenerator) throws {
        let number = Int64.random(in: 0..<60, using: &generator)
        switch Int.random(in: 0..<12, using: &generator) {
        case 0, 1: try store.append(count: 3, bytes: Int(number))
        case 2: _ = try store.enqueue(entry("k\(number)"))
        case 3: try store.markDelivered(key: "k\(number)", atMilliseconds: number)
        case 4: try store.markAbandoned(key: "k\(number)", error: "x", atMilliseconds: number)
        case 5: try store.appendJournal(event: number, timeMilliseconds: 0, kind: "k", device: "d", body: [1, 2])
        case 6:
            try store.appendDeadLetter(
                event: 1, arrivalMilliseconds: 1, topic: [1], payload: Array(repeating: 0, count: Int(number)), reason: "r", profile: nil)
        case 7: _ = try store.recordCrash(event: number)
        case 8: _ = try store.enqueue(entry("n\(number)"))
        case 9:
            if let series = try store.series(device: "d\(number % 8)", metric: "m", unit: "1") {
                _ = try store.chunk(series, from: number * 10, to: number * 11, count: 3)
            }
        case 10: _ = try store.trimHistory(beforeMilliseconds: number * 2, maximumBytes: 2_000)
        default:
            try store.setCursor(try store.lastEvent())
            try store.snapshot(at: try store.lastEvent(), [1])
            _ = try store.trimInbox(through: .max, keepBytes: 100)
        }
    }

    private static let truth: [(Counter, String)] = [
        (.inboxSegments, "SELECT count(*) FROM inbox"), (.inboxBytes, "SELECT sum(length(bytes)) FROM inbox"),
        (.lastEvent, "SELECT max(first_event + event_count - 1) FROM inbox"),
        (.outboxOpen, "SELECT count(*) FROM outbox WHERE state = 0"), (.outboxFinished, "SELECT count(*) FROM outbox WHERE state <> 0"),
        (.journalEntries, "SELECT count(*) FROM journal"), (.journalBytes, "SELECT sum(length(body)) FROM journal"),
        (.deadLetters, "SELECT count(*) FROM dead_letter"),
        (.deadLetterBytes, "SELECT sum(length(topic) + length(payload)) FROM dead_letter"),
        (.quarantined, "SELECT count(*) FROM quarantine"), (.chunks, "SELECT count(*) FROM chunk_index"),
        (.chunkBytes, "SELECT sum(length(bytes)) FROM chunk"), (.samples, "SELECT sum(sample_count) FROM chunk"),
        (.series, "SELECT count(*) FROM series"),
    ]
}
