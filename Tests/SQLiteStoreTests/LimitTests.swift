import Testing

@testable import SQLiteStore

@Suite struct LimitTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    @Test func theJournalIsReadByDeviceKindTimeAndPage() throws {
        let store = try Store(path: directory.storePath)
        for index in 1...20 as ClosedRange<Int64> {
            try store.appendJournal(
                event: index, timeMilliseconds: index * 10, kind: index % 2 == 0 ? "order" : "command", device: "p-\(index % 3)",
                body: Array("{\"n\":\(index)}".utf8))
        }
        #expect(try store.journal(limit: 3).map(\.event) == [20, 19, 18])
        #expect(try store.journal(device: "p-0", limit: 3).map(\.event) == [18, 15, 12])
        #expect(try store.journal(device: "p-0", kind: "order", limit: 10).map(\.event) == [18, 12, 6])
        #expect(try store.journal(kind: "order", sinceMilliseconds: 170, limit: 10).map(\.event) == [20, 18])
        let page = try store.journal(limit: 15)
        #expect(try store.journal(before: page[14].id, limit: 15).map(\.event) == [5, 4, 3, 2, 1])
        #expect(page[0].body == Array("{\"n\":20}".utf8))
        #expect(try store.journal(limit: -1).isEmpty)
    }

    @Test func theOldestDecisionsGoFirst() throws {
        var limits = StoreLimits()
        limits.journalEntries = 10
        let store = try Store(path: directory.storePath, limits: limits)
        for index in 1...25 as ClosedRange<Int64> {
            try store.appendJournal(event: index, timeMilliseconds: index, kind: "order", device: "p", body: [1, 2, 3])
        }
        #expect(try store.journal(limit: 100).map(\.event) == Array((16...25).reversed()))
        #expect(store.current[.journalEntries] == 10)
        #expect(store.current[.journalBytes] == 30)
        #expect(try store.statistics().journalTrimmed == 15)
    }

    @Test func deadLettersAreBoundedInRowsAndInBytes() throws {
        var limits = StoreLimits()
        limits.deadLetterEntries = 5
        limits.deadLetterBytes = 100
        let store = try Store(path: directory.storePath, limits: limits)
        func append(_ event: Int64, bytes: Int) throws {
            try store.appendDeadLetter(
                event: event, arrivalMilliseconds: event, topic: Array("a/b".utf8), payload: Array(repeating: 0xff, count: bytes),
                reason: "not JSON", profile: event % 2 == 0 ? "laser" : nil)
        }
        for event in 1...7 as ClosedRange<Int64> { try append(event, bytes: 7) }
        #expect(try store.deadLetters(limit: 10).map(\.event) == [7, 6, 5, 4, 3])
        #expect(try store.deadLetters(limit: 10).map(\.profile) == [nil, "laser", nil, "laser", nil])
        try append(8, bytes: 77)
        #expect(try store.deadLetters(limit: 10).map(\.event) == [8, 7, 6])
        #expect(try store.statistics().deadLetters == 3)
        #expect(store.current[.deadLetterBytes] == 100)
        #expect(try store.statistics().deadLettersDropped == 5)
        let newest = try #require(try store.deadLetters(limit: 1).first)
        #expect(try store.removeDeadLetter(id: newest.id))
        #expect(try !store.removeDeadLetter(id: newest.id))
        #expect(try store.deadLetters(before: newest.id, limit: 1).map(\.event) == [7])
        #expect(store.current[.deadLetterBytes] == 20)
    }

    @Test func anIdOfADeadLetterIsNeverGivenAgain() throws {
        func append(_ store: Store, isRetained: Bool = false) throws -> DeadLetter {
            try store.appendDeadLetter(
                event: 1, arrivalMilliseconds: 1, topic: [0x61], payload: [], reason: "r", profile: nil, isRetained: isRetained)
            return try #require(try store.deadLetters(limit: 1).first)
        }
        var store = try Store(path: directory.storePath)
        let first = try append(store)
        #expect(try store.deadLetter(id: first.id) == first && !first.isRetained)
        #expect(try store.removeDeadLetter(id: first.id))
        #expect(try store.deadLetter(id: first.id) == nil && store.deadLetter(id: .max) == nil)
        try store.close()
        store = try Store(path: directory.storePath)
        let second = try append(store, isRetained: true)
        #expect(second.id > first.id && second.isRetained)
    }

    @Test func crashesAreCountedAcrossRestartsAndBounded() throws {
        var limits = StoreLimits()
        limits.quarantineEntries = 3
        do {
            let store = try Store(path: directory.storePath, limits: limits)
            #expect(try store.recordCrash(event: 5) == 1)
            try store.close()
        }
        let store = try Store(path: directory.storePath, limits: limits)
        #expect(try store.recordCrash(event: 5) == 2)
        #expect(try store.recordCrash(event: 9) == 1)
        #expect(try store.quarantinedEvents(minimumAttempts: 2) == [5])
        #expect(try store.quarantinedEvents(minimumAttempts: 1) == [5, 9])
        _ = try store.recordCrash(event: 10)
        _ = try store.recordCrash(event: 11)
        #expect(try store.quarantinedEvents(minimumAttempts: 1) == [9, 10, 11])
        #expect(store.current[.quarantined] == 3)
    }
}
