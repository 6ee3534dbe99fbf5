import Glibc
import Testing

@testable import SQLiteStore

@Suite struct DiskFullTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    @Test func aFullDatabaseRollsBackAndStaysUsable() throws {
        var limits = StoreLimits()
        limits.maximumPages = 100
        let store = try Store(path: directory.storePath, limits: limits)
        let last = try fill(store)
        #expect(last > 0)
        try expectRecovery(store, last)
        // Room comes from trimming, which a full database must allow.
        try store.setCursor(last)
        try store.snapshot(at: last, [])
        try store.snapshot(at: last, [])
        #expect(try store.trimInbox(through: last, keepBytes: 0) > 0)
        try store.append(bytes: 20_000)
        #expect(try store.lastEvent() == last + 1)
    }

    /// A real full disk, with a file system of 2 MiB: the log is what hits the end.
    @Test(.enabled(if: canMount(), "needs the right to mount")) func aFullDiskRollsBackAndTheNextCommitWorksOnceThereIsRoom() throws {
        let mounted = try Mount(["-t", "tmpfs", "-o", "size=2m", "tmpfs"], at: directory.path + "/disk")
        let ballast = mounted.path + "/ballast"
        try writeFile(ballast, Array(repeating: 0, count: 200_000))
        let store = try Store(path: mounted.path + "/steward.db")
        let last = try fill(store)
        #expect(last > 0)
        try expectRecovery(store, last)
        #expect(unlink(ballast) == 0)
        try store.append(bytes: 20_000)
        #expect(try store.lastEvent() == last + 1)
        #expect(storeError { try store.close() }?.kind == .diskFull, "there is no room for the log's pages in the file yet")
        #expect(run(["/bin/mount", "-o", "remount,size=16m", mounted.path]) == 0)
        let reopened = try Store(path: mounted.path + "/steward.db")
        #expect(try reopened.lastEvent() == last + 1)
        #expect(try reopened.integrityProblems().isEmpty)
    }

    private func fill(_ store: Store) throws -> Int64 {
        for _ in 0..<1_000 {
            let error = storeError {
                try store.transaction {
                    _ = try store.enqueue(entry("key-\(try store.lastEvent())"))
                    try store.append(bytes: 20_000)
                }
            }
            if let error {
                #expect(error.kind == .diskFull, "\(error)")
                return try store.lastEvent()
            }
        }
        Issue.record("the disk never filled")
        return 0
    }

    private func expectRecovery(_ store: Store, _ last: Int64) throws {
        #expect(storeError { try store.append(bytes: 200_000) }?.kind == .diskFull)
        #expect(try store.lastEvent() == last)
        #expect(try store.statistics().outboxOpen == last)
        #expect(try store.dueOutbox(nowMilliseconds: 1, limit: 10_000).count == Int(last))
        var segments: Int64 = 0
        try store.forEachSegment(from: 1) { _ in segments += 1 }
        #expect(segments == last)
    }
}
