import Glibc
import Testing

@testable import SQLiteStore

/// The files of the store: whose they are, what they may be, and whether they are still where they were.
@Suite struct PlaceTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test func filesAreForTheirOwnerOnlyWhateverTheUmask() throws {
        let before = umask(0)
        defer { umask(before) }
        let store = try Store(path: directory.storePath)
        try store.append()
        for name in ["", "-wal", "-shm", ".lock"] { #expect(mode(directory.storePath + name) == 0o600, "\(name)") }
    }

    @Test func anOlderStoreIsClosedToOthers() throws {
        try Store(path: directory.storePath).close()
        #expect(chmod(directory.storePath, 0o644) == 0 && chmod(directory.storePath + ".lock", 0o666) == 0)
        let store = try Store(path: directory.storePath)
        try store.append()
        #expect(mode(directory.storePath) == 0o640 && mode(directory.storePath + ".lock") & 0o007 == 0)
        #expect(mode(directory.storePath + "-wal") == 0o640)
    }

    @Test(arguments: [".lock", "-wal", "-shm", "-journal"]) func aSymbolicLinkBesideTheStoreIsRefused(name: String) throws {
        let target = directory.path + "/victim"
        try writeFile(target, [1, 2, 3])
        #expect(symlink(target, directory.storePath + name) == 0)
        let error = storeError { _ = try Store(path: directory.storePath) }
        #expect(error?.message.contains("symbolic link") == true, "\(String(describing: error))")
        #expect(try readFile(target) == [1, 2, 3])
        #expect(unlink(directory.storePath + name) == 0)
        try Store(path: directory.storePath).close()
    }

    @Test func aLinkToNowhereIsNotFollowed() throws {
        #expect(symlink(directory.path + "/elsewhere.db", directory.storePath) == 0)
        #expect(storeError { _ = try Store(path: directory.storePath) }?.message.contains("symbolic link") == true)
        #expect(access(directory.path + "/elsewhere.db", F_OK) != 0)
    }

    /// Another process, because SQLite's own locks are a process's.
    @Test(arguments: ["", "link", "hard"]) func theLockHoldsWithoutItsFile(name: String) throws {
        let store = try Store(path: directory.storePath)
        #expect(unlink(directory.storePath + ".lock") == 0)
        var other = directory.storePath
        if name == "link" {
            other = directory.path + "/link.db"
            #expect(symlink(directory.storePath, other) == 0)
        } else if name == "hard" {
            other = directory.path + "/hard.db"
            #expect(link(directory.storePath, other) == 0)
        }
        #expect(run(["/usr/bin/flock", "--nonblock", "--conflict-exit-code", "7", other, "/bin/true"]) == 7)
        let error = storeError { _ = try Store(path: other) }
        #expect(error?.kind == .inUse)
        try store.append()
    }

    @Test func whatIsDeletedOrReplacedIsNoticed() throws {
        let store = try Store(path: directory.storePath)
        try store.append()
        #expect(store.misplacement() == nil)
        for name in ["", "-wal", "-shm"] {
            let path = directory.storePath + name
            #expect(rename(path, path + ".away") == 0)
            #expect(store.misplacement()?.contains("was deleted or moved away") == true)
            try writeFile(path, [])
            #expect(store.misplacement()?.contains("was replaced") == true)
            #expect(rename(path + ".away", path) == 0)
            #expect(store.misplacement() == nil)
        }
    }
}
