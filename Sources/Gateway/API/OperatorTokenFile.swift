import Glibc
import Outbound

/// The file with the operator's token: whoever may read it may change things.
enum OperatorTokenFile {
    /// Makes it whole or not at all: it is written under another name, and linked to its own, which fails if it is there already.
    static func makeIfMissing(_ path: String) throws {
        guard access(path, F_OK) != 0, errno == ENOENT else { return }
        let draft = path + ".new"
        unlink(draft)
        let token = try Digests.randomBytes(count: 32).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        defer { unlink(draft) }
        let bytes = Array((token + "\n").utf8)
        let isWritten = write(descriptor, bytes, bytes.count) == bytes.count && fchmod(descriptor, 0o600) == 0 && fsync(descriptor) == 0
        let problem = isWritten ? nil : failure(path)
        close(descriptor)
        if let problem { throw problem }
        guard link(draft, path) == 0 || errno == EEXIST else { throw failure(path) }
    }

    private static func failure(_ path: String) -> ConfigurationError {
        ConfigurationError("the operator's token cannot be written to \(path): \(String(cString: strerror(errno)))")
    }
}
