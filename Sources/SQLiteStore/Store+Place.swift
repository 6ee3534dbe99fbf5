import Glibc

/// Tells one file from another of the same name.
struct FileIdentity: Equatable {
    let device: UInt
    let number: UInt

    init(_ status: stat) {
        device = UInt(status.st_dev)
        number = UInt(status.st_ino)
    }
}

extension Store {
    /// What the file system still has for this user; nil when it does not say.
    public func freeDiskBytes() -> Int64? {
        var status = statvfs()
        guard statvfs(connection.path, &status) == 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    /// Why the next start would not find what is committed now; nil when the file is at its path.
    ///
    /// A file that is deleted or replaced while it is open goes on accepting commits without an error.
    /// Costs three calls of `stat`.
    public func misplacement() -> String? {
        guard connection.isOpen else { return nil }
        var opened = stat()
        guard fstat(database, &opened) == 0 else { return "the store's file cannot be looked at: \(String(cString: strerror(errno)))" }
        let path = connection.path
        var status = stat()
        guard stat(path, &status) == 0 else { return "\(path) was deleted or moved away" }
        guard FileIdentity(status) == FileIdentity(opened) else { return "\(path) was replaced by another file" }
        for name in [path + "-wal", path + "-shm"] {
            guard stat(name, &status) == 0 else {
                if besideFiles[name] == nil { continue }
                return "\(name) was deleted or moved away"
            }
            let found = FileIdentity(status)
            if let known = besideFiles[name], known != found { return "\(name) was replaced by another file" }
            besideFiles[name] = found
        }
        return nil
    }
}
