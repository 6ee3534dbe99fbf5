import Glibc

/// Checks of the database file before and while SQLite opens it, so that the errors of a start say what to do.
enum StoreFile {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func requireFile(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw StoreError(.missing, message: "there is no store at \(path): check the path, or start the gateway once")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError(.notADatabase, message: "\(path) is not a regular file: the store's path must name a file")
        }
    }

    /// The path with symbolic links resolved where the file exists, so that one file has one lock whatever name leads to it.
    static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// Opens a file of the store for reading and writing, or makes it with mode 0600. What others may do with an older one is taken away.
    /// - Parameter store: the database's path, for errors.
    static func openOwn(_ path: String, of store: String) throws -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        let reason = errno
        guard descriptor >= 0 else { throw openError(path, of: store, reason) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            Glibc.close(descriptor)
            throw StoreError(.notADatabase, message: "\(path) is not a regular file: remove it, or name another store path")
        }
        if status.st_mode & 0o007 != 0 { fchmod(descriptor, status.st_mode & 0o770) }
        return descriptor
    }

    /// Refuses what SQLite would follow or overwrite beside the database. Before SQLite opens it.
    static func checkBeside(_ path: String) throws {
        for name in ["-wal", "-shm", "-journal"].map({ path + $0 }) {
            var status = stat()
            guard lstat(name, &status) == 0 else { continue }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw StoreError(
                    .notADatabase, message: "\(name) is a symbolic link or no regular file: find out who made it, and remove it")
            }
            if status.st_mode & 0o007 != 0 { chmod(name, status.st_mode & 0o770) }
        }
    }

    private static func openError(_ path: String, of store: String, _ reason: Int32) -> StoreError {
        let text = String(cString: strerror(reason))
        switch reason {
        case ELOOP:
            return StoreError(
                .notADatabase, message: "\(path) is a symbolic link, which the gateway does not follow: find out who made it, and remove it"
            )
        case ENOENT, ENOTDIR:
            return StoreError(.missing, message: "the directory of \(store) does not exist: create it and give it to the gateway's user")
        case EROFS, EACCES, EPERM:
            return StoreError(
                .readOnly, message: "cannot write \(path) (\(text)): make it and its directory writable for the gateway's user")
        case ENOSPC, EDQUOT:
            return StoreError(.diskFull, message: "no room left for \(path) (\(text)): free space on the file system")
        default:
            return StoreError(.ioError, message: "cannot open \(path): \(text)")
        }
    }

    /// Puts the path into errors of `body`, for those that read them in a log.
    static func explaining<T>(_ path: String, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as StoreError where !error.message.contains(path) {
            throw StoreError(error.kind, code: error.code, message: "\(path): \(error.message)", sql: error.sql)
        }
    }
}
