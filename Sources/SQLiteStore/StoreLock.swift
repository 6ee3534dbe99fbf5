import Glibc

/// An exclusive lock on a file beside the database: two gateways on one store would each take the other's events for its own.
/// The kernel drops the lock when the process ends, however it ends, so there is never a stale one.
struct StoreLock: ~Copyable {
    private let descriptor: Int32

    init(path: String) throws {
        let lockPath = path + ".lock"
        descriptor = Glibc.open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw Self.openError(path, errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = Self.readHolder(descriptor)
            Glibc.close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw StoreError(.ioError, message: "cannot lock \(lockPath): \(String(cString: strerror(reason)))")
            }
            throw StoreError(.inUse, message: "\(path) is in use by process \(holder): stop that gateway first, or name another store path")
        }
        // The number is there for people only; the lock is what counts, so a full disk here is no reason to fail.
        let holder = "\(getpid())\n"
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, holder, holder.utf8.count, 0) }
    }

    /// The lock belongs to the open file, not to the descriptor: a process that another thread starts at this moment has a copy of the
    /// descriptor until its exec, and closing ours alone would leave the lock standing for that long.
    deinit {
        _ = flock(descriptor, LOCK_UN)
        Glibc.close(descriptor)
    }

    private static func readHolder(_ descriptor: Int32) -> String {
        var digits = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &digits, digits.count, 0)
        let number = String(decoding: digits.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").first.flatMap { Int32($0) }
        return number.map { "\($0)" } ?? "(unknown)"
    }

    private static func openError(_ path: String, _ reason: Int32) -> StoreError {
        let text = String(cString: strerror(reason))
        switch reason {
        case ENOENT, ENOTDIR:
            return StoreError(.missing, message: "the directory of \(path) does not exist: create it and give it to the gateway's user")
        case EROFS, EACCES, EPERM:
            return StoreError(
                .readOnly, message: "cannot write beside \(path) (\(text)): make its directory writable for the gateway's user")
        case ENOSPC, EDQUOT:
            return StoreError(.diskFull, message: "no room left for \(path).lock (\(text)): free space on the file system")
        default:
            return StoreError(.ioError, message: "cannot open \(path).lock: \(text)")
        }
    }
}
