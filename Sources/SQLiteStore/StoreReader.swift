/// Reads a store, also while the gateway writes to it, through a connection of its own. It belongs to one thread at a time.
///
/// Reads see the last commit. Each call is one short read transaction; a long one would keep the write-ahead log from being reused.
public class StoreReader {
    let connection: Connection

    /// Opens the store at `path` for reading only.
    /// - Throws: `StoreError` of kind `.missing`, `.notADatabase`, `.newerVersion`, `.corrupt` or `.ioError`.
    public convenience init(path: String, busyTimeoutMilliseconds: Int32 = 5_000) throws {
        try StoreFile.requireFile(path)
        let connection = try Connection(path: path, mode: .readOnly, busyTimeoutMilliseconds: busyTimeoutMilliseconds)
        try StoreFile.explaining(path) {
            try connection.execute("PRAGMA cache_size = -512")
            guard try Schema.check(connection) == Schema.migrations.count else {
                throw StoreError(.other, message: "\(path) is of an older version: start the gateway once, which brings it up to date")
            }
        }
        self.init(connection: connection)
    }

    init(connection: Connection) { self.connection = connection }

    /// The counters as of the last commit. The writer answers from memory.
    func counters() throws -> Counters { try Self.loadCounters(connection).counters }

    /// The counters, and their checksum as it was stored; nil in a store that had none yet.
    static func loadCounters(_ connection: Connection) throws -> (counters: Counters, checksum: Int64?) {
        var values = [Int64](repeating: 0, count: Counter.allCases.count)
        var checksum: Int64?
        try connection.use(.loadCounters) { rows in
            while try rows.step() {
                let row = rows.integer(0)
                if row == Int64(Counters.checksumRow) { checksum = rows.integer(1) }
                if let index = Int(exactly: row), values.indices.contains(index) { values[index] = rows.integer(1) }
            }
        }
        return (Counters(values), checksum)
    }
}
