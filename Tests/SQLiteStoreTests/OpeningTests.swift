import Glibc
import Testing

@testable import SQLiteStore

@Suite struct OpeningTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    private func openError(_ path: String) -> StoreError? { storeError { _ = try Store(path: path) } }

    @Test func twoStoresNeverShareAPath() throws {
        let store = try Store(path: directory.storePath)
        let error = openError(directory.storePath)
        #expect(error?.kind == .inUse)
        #expect(error?.message.contains("process \(getpid())") == true)
        let link = directory.path + "/link.db"
        #expect(symlink(directory.storePath, link) == 0)
        #expect(openError(link)?.kind == .inUse, "another name of the same file")
        try store.append()
    }

    @Test func theLockGoesWithTheStore() throws {
        do { try Store(path: directory.storePath).append() }
        let store = try Store(path: directory.storePath)
        #expect(try store.lastEvent() == 1)
        try store.close()
        try Store(path: directory.storePath).close()
    }

    /// A process that is started at this moment holds copies of all descriptors until its exec, also of those that are closed on exec.
    @Test func theLockGoesWithTheStoreAlsoWhereACopyOfItsDescriptorLives() throws {
        let store = try Store(path: directory.storePath)
        let copies = descriptors(of: directory.storePath + ".lock").map { dup($0) }
        defer { for copy in copies { close(copy) } }
        try #require(copies.count == 1 && copies[0] >= 0)
        #expect(openError(directory.storePath)?.kind == .inUse)
        try store.close()
        try Store(path: directory.storePath).close()
    }

    @Test func storesAreOpenedAgainWhileProcessesAreStarted() throws {
        let path = directory.storePath
        try Store(path: path).close()
        var spawner = pthread_t()
        let started = pthread_create(
            &spawner, nil,
            { _ in
                for _ in 0..<100 { run(["/bin/true"]) }
                return nil
            }, nil)
        try #require(started == 0)
        defer { pthread_join(spawner, nil) }
        for _ in 0..<100 { try Store(path: path).close() }
    }

    private func descriptors(of path: String) -> [Int32] {
        (0..<1024).filter { descriptor in
            guard let target = realpath("/proc/self/fd/\(descriptor)", nil) else { return false }
            defer { free(target) }
            return String(cString: target) == path
        }
    }

    @Test func aMissingDirectoryIsNamed() {
        let path = directory.path + "/none/steward.db"
        let error = openError(path)
        #expect(error?.kind == .missing)
        #expect(error?.message.contains(path) == true)
        #expect(storeError { _ = try StoreReader(path: path) }?.kind == .missing)
    }

    @Test func aDirectoryIsNoStore() {
        #expect(openError(directory.path)?.kind == .notADatabase)
        #expect(storeError { _ = try StoreReader(path: directory.path) }?.kind == .notADatabase)
    }

    @Test func anotherFileIsNoStoreAndIsLeftAlone() throws {
        let text = Array(String(repeating: "A letter, not a database. ", count: 1_000).utf8)
        try writeFile(directory.storePath, text)
        let error = openError(directory.storePath)
        #expect(error?.kind == .notADatabase)
        #expect(error?.message.contains(directory.storePath) == true)
        #expect(openError(directory.storePath)?.kind == .notADatabase, "a failed start lets go of the lock")
        #expect(try readFile(directory.storePath) == text)
    }

    @Test func theDatabaseOfAnotherProgramIsLeftAlone() throws {
        _ = try query(directory.storePath, "CREATE TABLE browser_history(url TEXT)")
        let before = try readFile(directory.storePath)
        #expect(openError(directory.storePath)?.kind == .notADatabase)
        #expect(try readFile(directory.storePath) == before)
    }

    @Test func aNewerStoreIsRefused() throws {
        try Store(path: directory.storePath).close()
        _ = try query(directory.storePath, "PRAGMA user_version = 99")
        let error = openError(directory.storePath)
        #expect(error?.kind == .newerVersion)
        #expect(error?.message.contains("99") == true)
        #expect(storeError { _ = try StoreReader(path: directory.storePath) }?.kind == .newerVersion)
    }

    @Test func aTruncatedStoreIsCorrupt() throws {
        let store = try Store(path: directory.storePath)
        for _ in 0..<50 { try store.append(bytes: 10_000) }
        try store.close()
        #expect(truncate(directory.storePath, 100_000) == 0)
        #expect(openError(directory.storePath)?.kind == .corrupt)
    }

    @Test func damageInThePagesIsFoundByTheCheck() throws {
        let store = try Store(path: directory.storePath)
        for _ in 0..<50 { try store.append(bytes: 5_000) }
        #expect(try store.integrityProblems().isEmpty)
        try store.close()
        let pages = try readFile(directory.storePath).count / 8192
        try overwrite(directory.storePath, at: (pages - 2) * 8192, Array(repeating: 0xff, count: 4096))
        #expect(try !StoreReader(path: directory.storePath).integrityProblems().isEmpty)
    }

    /// File modes do not bind root, so this mounts the directory read-only; without the right to mount it is skipped.
    @Test(.enabled(if: canMount(), "needs the right to mount")) func aReadOnlyFileSystemIsRefused() throws {
        try Store(path: directory.storePath).close()
        let mounted = try Mount(["--bind", directory.path], at: directory.path + "/view")
        #expect(run(["/bin/mount", "-o", "remount,bind,ro", mounted.path]) == 0)
        #expect(openError(mounted.path + "/steward.db")?.kind == .readOnly)
        #expect(openError(mounted.path + "/new.db")?.kind == .readOnly)
    }

    /// The directory can be written and the file cannot: only a bind mount of the one file does that to root.
    @Test(.enabled(if: canMount(), "needs the right to mount")) func aReadOnlyFileIsRefused() throws {
        try Store(path: directory.storePath).close()
        let mounted = try Mount(["--bind", directory.storePath], at: directory.storePath)
        #expect(run(["/bin/mount", "-o", "remount,bind,ro", mounted.path]) == 0)
        #expect(openError(directory.storePath)?.kind == .readOnly)
    }

    @Test func aMigrationThatFailsLeavesTheVersionBefore() throws {
        let connection = try Connection(path: directory.storePath, mode: .readWrite, busyTimeoutMilliseconds: 100)
        let bad = Schema.migrations + ["CREATE TABLE extra(id INTEGER); CREATE TABLE counter(id INTEGER);"]
        #expect(throws: StoreError.self) { try Schema.prepare(connection, migrations: bad) }
        #expect(try connection.pragma("PRAGMA user_version") == Int64(Schema.migrations.count))
        #expect(try connection.pragma("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'") == 0)
        try Schema.prepare(connection, migrations: Schema.migrations + ["CREATE TABLE extra(id INTEGER);"])
        #expect(try connection.pragma("PRAGMA user_version") == Int64(Schema.migrations.count + 1))
    }

    @Test func aStoreOfTheFirstVersionKeepsItsDeadLetters() throws {
        do {
            let connection = try Connection(path: directory.storePath, mode: .readWrite, busyTimeoutMilliseconds: 100)
            try Schema.prepare(connection, migrations: [Schema.migrations[0]])
            try connection.execute("INSERT INTO dead_letter VALUES(7, 1, 2, 'r', NULL, x'61', x'62'); INSERT INTO counter VALUES(12, 1)")
            connection.close()
        }
        let store = try Store(path: directory.storePath)
        let old = try #require(try store.deadLetter(id: 7))
        #expect(old.reason == "r" && old.payload == [0x62] && !old.isRetained)
        try store.appendDeadLetter(event: 2, arrivalMilliseconds: 3, topic: [], payload: [], reason: "s", profile: nil)
        #expect(try store.deadLetters(limit: 2).map(\.id) == [8, 7])
    }

    @Test func theFileIsSetUpAsDesigned() throws {
        let store = try Store(path: directory.storePath)
        for query in Query.allCases { _ = try store.connection.statement(query) }
        #expect(try store.connection.pragma("PRAGMA page_size") == 8192)
        #expect(try store.connection.pragma("PRAGMA auto_vacuum") == 2)
        #expect(try store.connection.pragma("PRAGMA synchronous") == 2)
        #expect(try store.connection.pragma("PRAGMA application_id") == Schema.applicationID)
        #expect(try store.connection.pragma("SELECT journal_mode = 'wal' FROM pragma_journal_mode") == 1)
    }
}

/// A mount that ends with the test.
final class Mount {
    let path: String

    init(_ arguments: [String], at path: String) throws {
        self.path = path
        if access(path, F_OK) != 0 { mkdir(path, 0o755) }
        try #require(run(["/bin/mount"] + arguments + [path]) == 0, "mount \(arguments) \(path)")
    }

    deinit { run(["/bin/umount", "-l", path]) }
}

func canMount() -> Bool {
    var template = Array("/tmp/steward-mount-XXXXXX".utf8CString)
    guard geteuid() == 0, let path = mkdtemp(&template) else { return false }
    let directory = String(cString: path)
    defer { rmdir(directory) }
    guard run(["/bin/mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", directory]) == 0 else { return false }
    return run(["/bin/umount", directory]) == 0
}
