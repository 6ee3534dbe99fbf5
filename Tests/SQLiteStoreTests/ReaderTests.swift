import Foundation
import Glibc
import Synchronization
import Testing

@testable import SQLiteStore

@Suite struct ReaderTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    @Test func aReaderSeesWholeCommitsWhileTheWriterGoesOn() throws {
        let store = try Store(path: directory.storePath)
        try store.append()
        let progress = Progress()
        let path = directory.storePath
        // A thread of its own: the tests run on as many pool threads as there are cores, and all of them may be busy.
        let reading = Thread {
            let outcome = Result { try progress.read(path) }
            progress.outcome.withLock { $0 = outcome }
        }
        reading.start()
        // The writer must get through whatever the reader does, and goes on until the reader has read some of it.
        var commits = 0
        while commits < 200
            || (progress.reads.load(ordering: .relaxed) < 3 && commits < 100_000 && progress.outcome.withLock({ $0 == nil }))
        {
            try store.append(bytes: 2_000)
            commits += 1
            if commits % 50 == 0 { try store.checkpoint() }
        }
        progress.isDone.store(true, ordering: .releasing)
        while progress.outcome.withLock({ $0 == nil }) { usleep(1000) }
        try progress.outcome.withLock { try $0?.get() }
        #expect(progress.reads.load(ordering: .relaxed) >= 3)
    }

    private final class Progress: Sendable {
        let isDone = Atomic(false)
        let reads = Atomic(0)
        let outcome = Mutex<Result<Void, any Error>?>(nil)

        func read(_ path: String) throws {
            let reader = try StoreReader(path: path)
            repeat {
                var last: Int64 = 0
                try reader.forEachSegment(from: 1) { segment in
                    #expect(segment.firstEvent == last + 1)
                    last = segment.lastEvent
                }
                #expect(try reader.lastEvent() >= last)
                reads.add(1, ordering: .relaxed)
            } while !isDone.load(ordering: .acquiring)
        }
    }

    @Test func anOpenReadDoesNotStopTheWriterOrItsClose() throws {
        var limits = StoreLimits()
        limits.busyTimeoutMilliseconds = 50
        let store = try Store(path: directory.storePath, limits: limits)
        for _ in 0..<3 { try store.append() }
        let reader = try StoreReader(path: directory.storePath)
        var seen: [Int64] = []
        try reader.forEachSegment(from: 1) { segment in
            seen.append(segment.firstEvent)
            try store.append()
            try store.checkpoint()
            if segment.firstEvent == 3 { try store.close() }
        }
        #expect(seen == [1, 2, 3], "a read sees the commits from before it began")
        #expect(try reader.lastEvent() == 6)
    }

    @Test func aReaderCannotWriteAndOpensAStoreAtRest() throws {
        let store = try Store(path: directory.storePath)
        try store.append()
        try store.close()
        let reader = try StoreReader(path: directory.storePath)
        #expect(try reader.lastEvent() == 1)
        #expect(try reader.statistics().inboxBytes == 100)
        #expect(throws: StoreError.self) { try reader.connection.execute("DELETE FROM inbox") }
    }

    @Test func freePagesGoBackToTheFileSystem() throws {
        let store = try Store(path: directory.storePath)
        for _ in 0..<30 { try store.append(bytes: 300_000) }
        try store.setCursor(30)
        try store.snapshot(at: 30, [])
        try store.snapshot(at: 30, [])
        let before = try store.statistics()
        while try store.trimInbox(through: 30, keepBytes: 0) > 0 {}
        #expect(try query(directory.storePath, "PRAGMA freelist_count") * Schema.pageBytes > 8_000_000)
        while try store.releaseFreePages() {}
        #expect(try store.statistics().fileBytes < before.fileBytes - 8_000_000)
        #expect(try store.integrityProblems().isEmpty)
    }
}
