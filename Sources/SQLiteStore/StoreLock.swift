import Glibc

/// Exclusive locks on the database file and on a file beside it: two gateways on one store would each take the other's events for its own.
/// The kernel drops them when the process ends, however it ends, so there is never a stale one.
///
/// The file beside holds off a second gateway also where the database was replaced meanwhile, and names the holder; the lock on the database
/// itself holds where that file was removed, and under every name of the database.
struct StoreLock: ~Copyable {
    private let lockFile: Int32
    /// Must stay open for longer than SQLite has the file open: closing any descriptor of a file drops the process's POSIX locks on it,
    /// which are SQLite's.
    let database: Int32

    /// Makes the database file when it is not there: for nobody but its owner, whatever the umask, and never through a symbolic link.
    /// SQLite gives the files beside it the same mode.
    init(path: String) throws {
        (lockFile, database) = try Self.open(path)
        // The number is there for people only; the lock is what counts, so a full disk here is no reason to fail.
        let holder = "\(getpid())\n"
        if ftruncate(lockFile, 0) == 0 { _ = pwrite(lockFile, holder, holder.utf8.count, 0) }
    }

    private static func open(_ path: String) throws -> (lockFile: Int32, database: Int32) {
        let lockPath = path + ".lock"
        let lockFile = try StoreFile.openOwn(lockPath, of: path)
        var database: Int32 = -1
        do {
            try lock(lockFile, lockPath, path)
            database = try StoreFile.openOwn(path, of: path)
            try lock(database, path, path, holderIn: lockFile)
        } catch {
            unlock([database, lockFile])
            throw error
        }
        return (lockFile, database)
    }

    private static func lock(_ descriptor: Int32, _ name: String, _ path: String, holderIn lockFile: Int32? = nil) throws {
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return }
        let reason = errno
        guard reason == EWOULDBLOCK else {
            throw StoreError(.ioError, message: "cannot lock \(name): \(String(cString: strerror(reason)))")
        }
        let holder = readHolder(lockFile ?? descriptor)
        throw StoreError(.inUse, message: "\(path) is in use by process \(holder): stop that gateway first, or name another store path")
    }

    deinit { Self.unlock([database, lockFile]) }

    /// The lock belongs to the open file, not to the descriptor: a process that another thread starts at this moment has a copy of the
    /// descriptor until its exec, and closing ours alone would leave the lock standing for that long.
    private static func unlock(_ descriptors: [Int32]) {
        for descriptor in descriptors where descriptor >= 0 {
            _ = flock(descriptor, LOCK_UN)
            Glibc.close(descriptor)
        }
    }

    private static func readHolder(_ descriptor: Int32) -> String {
        var digits = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &digits, digits.count, 0)
        let number = String(decoding: digits.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").first.flatMap { Int32($0) }
        return number.map { "\($0)" } ?? "(unknown)"
    }
}
