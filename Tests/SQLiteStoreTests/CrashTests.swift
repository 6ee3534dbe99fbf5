import TestSupport
import Testing

@testable import SQLiteStore

/// What a crash leaves is the database and a prefix of its log: these tests copy both while the store is open, as they are.
@Suite struct CrashTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }
    private var copyPath: String { directory.path + "/copy.db" }

    @Test func aCrashInATransactionLosesThatTransactionOnly() throws {
        let store = try Store(path: directory.storePath)
        try store.append(count: 10)
        try store.transaction {
            try store.setCursor(10)
            _ = try store.enqueue(entry("kept"))
        }
        try store.transaction {
            // More than the page cache holds, so that uncommitted pages are in the log when it is copied.
            for _ in 0..<20 { try store.append(count: 10, bytes: 300_000) }
            _ = try store.enqueue(entry("lost"))
            try store.setCursor(20)
            try copyStore(directory.storePath, copyPath)
        }
        #expect(try readFile(copyPath + "-wal").count > 2_000_000)
        let recovered = try Store(path: copyPath)
        #expect(try recovered.lastEvent() == 10)
        #expect(try recovered.cursor() == 10)
        #expect(try recovered.dueOutbox(nowMilliseconds: 1, limit: 9).map(\.entry.key) == ["kept"])
        #expect(try recovered.integrityProblems().isEmpty)
        #expect(try store.lastEvent() == 210)
    }

    @Test func everyPrefixOfTheLogGivesAPrefixOfTheCommits() throws {
        let store = try Store(path: directory.storePath)
        try store.checkpoint()
        for index in 0..<30 {
            try store.transaction {
                try store.append(count: 10, bytes: 1_000 + 700 * index)
                try store.setCursor(try store.lastEvent())
                _ = try store.enqueue(entry("key-\(index)", device: "p-\(index)"))
            }
        }
        try copyStore(directory.storePath, copyPath)
        let database = try readFile(copyPath)
        let log = try readFile(copyPath + "-wal")
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        var seen: Set<Int64> = []
        for _ in 0..<40 {
            let cut = Int.random(in: 0...log.count, using: &generator)
            try writeFile(copyPath, database)
            try writeFile(copyPath + "-wal", Array(log[..<cut]))
            let recovered = try Store(path: copyPath)
            let last = try recovered.lastEvent()
            seen.insert(last)
            #expect(try recovered.cursor() == last, "seed \(seed), cut \(cut)")
            #expect(try recovered.statistics().outboxOpen == last / 10, "seed \(seed), cut \(cut)")
            #expect(try recovered.dueOutbox(nowMilliseconds: 1, limit: 99).count == Int(last / 10), "seed \(seed), cut \(cut)")
            var next: Int64 = 1
            try recovered.forEachSegment(from: 1) { segment in
                #expect(segment.firstEvent == next, "seed \(seed), cut \(cut)")
                next = segment.lastEvent + 1
            }
            #expect(next == last + 1, "seed \(seed), cut \(cut)")
            try recovered.close()
        }
        #expect(seen.count > 5, "seed \(seed): the cuts must hit different commits")
    }
}
