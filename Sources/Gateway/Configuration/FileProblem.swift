import Glibc

/// Files named in the configuration: read with a reason when they cannot be.
public enum FileProblem {
    static let maximumSecretBytes = 64 << 10

    /// Why a path cannot be read, in words.
    public static func reason(_ path: String) -> String {
        switch contents(path) {
        case .success: "it was changed just now"
        case .failure(let problem): problem.description
        }
    }

    /// The bytes of a regular file. Anything else is refused without waiting for it: a pipe without a writer would hold the caller for ever, and a
    /// device may have no end.
    /// - Parameter objection: what speaks against this file, from its status; nil: nothing.
    public static func contents(_ path: String, maximumBytes: Int = 16 << 20, objection: (stat) -> String? = { _ in nil })
        -> Result<[UInt8], ConfigurationError>
    {
        func failed() -> Result<[UInt8], ConfigurationError> { .failure(ConfigurationError(String(cString: strerror(errno)))) }
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return failed() }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return failed() }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(ConfigurationError("it is no regular file")) }
        if let objection = objection(status) { return .failure(ConfigurationError(objection)) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return failed() }
            if count == 0 { return .success(bytes) }
            bytes.append(contentsOf: piece[..<count])
            guard bytes.count <= maximumBytes else {
                return .failure(ConfigurationError("it has more than \(maximumBytes) bytes, which is no file of this kind"))
            }
        }
    }

    /// A secret: the file's first line. Relative names are looked for in `$CREDENTIALS_DIRECTORY` first, as systemd's LoadCredential lays them.
    public static func secret(_ path: String, key: String) throws -> String {
        var candidates = [path]
        if !path.hasPrefix("/"), let directory = getenv("CREDENTIALS_DIRECTORY") {
            candidates.insert(String(cString: directory) + "/" + path, at: 0)
        }
        var reason = String(cString: strerror(ENOENT))
        for candidate in candidates {
            var isOpenToAll = false
            let contents = contents(candidate, maximumBytes: maximumSecretBytes) { status in
                isOpenToAll = status.st_mode & S_IROTH != 0
                return whoElseWrites(status)
            }
            switch contents {
            case .failure(let problem):
                guard access(candidate, F_OK) != 0 else { throw ConfigurationError("\(key): \(candidate) cannot be read (\(problem))") }
                reason = "\(problem)"
            case .success(let bytes):
                let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
                guard !line.isEmpty else { throw ConfigurationError("\(key): \(candidate) is empty; its first line must be the secret") }
                if isOpenToAll {
                    Log.warning("everybody on this machine can read a secret; chmod o-r is better", ["key": key, "file": candidate])
                }
                return line
            }
        }
        throw ConfigurationError("\(key): \(path) cannot be read (\(reason))")
    }

    /// Refuses a secret that other users may write: they could replace it by one that they know.
    private static func whoElseWrites(_ status: stat) -> String? {
        let owner = geteuid()
        if status.st_uid != 0, status.st_uid != owner {
            return
                "it belongs to user \(status.st_uid), who could put another secret there; it must belong to root or to the gateway's user"
        }
        if status.st_mode & S_IWOTH != 0 {
            return "it can be written by everybody, who could put another secret there; chmod o-w"
        }
        if status.st_mode & S_IWGRP != 0, status.st_gid != 0, status.st_gid != getegid() {
            return "it can be written by group \(status.st_gid), who could put another secret there; chmod g-w"
        }
        return nil
    }
}
