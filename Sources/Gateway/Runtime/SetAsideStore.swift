import GatewayCore
import Glibc
import SQLiteStore

/// A store that SQLite cannot read, moved out of the way with its log: nothing of it is thrown away.
struct SetAsideStore {
    let path: String
    private let reason: String

    /// Moves `steward.db` to `steward.db.damaged-TIME`. Throws when that cannot be done.
    init(_ original: String, _ error: StoreError, nowMilliseconds now: Int64) throws {
        let resolved = realpath(original, nil)
        defer { free(resolved) }
        let source = resolved.map { String(cString: $0) } ?? original
        path = source + ".damaged-\(now)"
        reason = error.message
        guard Self.count(source) < 3 else {
            throw ConfigurationError(
                "\(source) is damaged (\(error.message)), and three damaged stores lie beside it already: check the disk")
        }
        for suffix in ["-wal", ""] where access(source + suffix, F_OK) == 0 {
            guard rename(source + suffix, path + suffix) == 0 else {
                throw ConfigurationError("\(source + suffix) is damaged and cannot be set aside: \(String(cString: strerror(errno)))")
            }
        }
        unlink(source + "-shm")
    }

    /// Takes over what can be read.
    /// - Returns: the sentence that tells of it.
    func salvage(into store: Store) throws -> String {
        let found = try store.salvage(from: path, formats: StewardCore.snapshotFormats)
        let state =
            found.snapshotEvent.map { "the state after event \($0) and \(found.segments) batches behind it" } ?? "\(found.segments) batches"
        let outbox = found.hasWholeOutbox ? "the outbox (\(found.deliveries) entries)" : "\(found.deliveries) entries of the outbox"
        return "the store could not be read (\(reason)); it was set aside as \(path), and \(state) and \(outbox) were taken over; "
            + "history, journal and dead letters begin anew"
    }

    private static func count(_ source: String) -> Int {
        var found = glob_t()
        defer { globfree(&found) }
        return glob(source + ".damaged-*[0-9]", 0, nil, &found) == 0 ? Int(found.gl_pathc) : 0
    }

    static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
