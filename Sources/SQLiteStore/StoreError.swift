import CSQLite

/// What went wrong in the store, in words that say what to do about it.
public struct StoreError: Error, Equatable, CustomStringConvertible {
    /// The cases that callers treat differently.
    public enum Kind: String, Sendable {
        /// No room left. The transaction was rolled back, the store stays usable, and a later commit works once there is room.
        case diskFull
        case readOnly
        /// The file was written by a later version of this program.
        case newerVersion
        /// Another gateway has this store open.
        case inUse
        case corrupt
        case notADatabase
        /// The directory or the file is not there.
        case missing
        case ioError
        /// Another connection kept its lock for longer than the busy timeout.
        case busy
        case constraint
        /// The store was called in a way it does not allow: nested transactions, use after close.
        case misuse
        case other
    }

    public let kind: Kind
    /// The extended result code of SQLite, or 0 where the error is not SQLite's.
    public let code: Int32
    public let message: String
    /// The statement that failed, empty where there was none.
    public let sql: String

    public init(_ kind: Kind, code: Int32 = 0, message: String, sql: String = "") {
        self.kind = kind
        self.code = code
        self.message = message
        self.sql = sql
    }

    public var description: String {
        var text = "store: \(message)"
        if code != 0 { text += " (SQLite code \(code))" }
        if !sql.isEmpty { text += " in: \(sql)" }
        return text
    }

    /// Reads the error that `database` holds for the call that has just returned `code`.
    static func last(of database: OpaquePointer?, code: Int32, sql: String = "") -> StoreError {
        var extended = code
        if let database {
            let latest = sqlite3_extended_errcode(database)
            // The handle keeps the error of the last call on it; it refines `code` only where the primary codes agree.
            if latest & 0xff == code & 0xff { extended = latest }
        }
        let kind = kind(of: code)
        let text = String(cString: database == nil ? sqlite3_errstr(code) : sqlite3_errmsg(database))
        return StoreError(kind, code: extended, message: advice(kind, text), sql: sql)
    }

    static func kind(of code: Int32) -> Kind {
        switch code & 0xff {
        case SQLITE_FULL: .diskFull
        case SQLITE_READONLY, SQLITE_PERM: .readOnly
        case SQLITE_CORRUPT: .corrupt
        case SQLITE_NOTADB: .notADatabase
        case SQLITE_IOERR, SQLITE_CANTOPEN: .ioError
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CONSTRAINT, SQLITE_TOOBIG: .constraint
        case SQLITE_MISUSE: .misuse
        default: .other
        }
    }

    private static func advice(_ kind: Kind, _ text: String) -> String {
        switch kind {
        case .diskFull: "no room left (\(text)): free space on the file system; nothing of this transaction was kept"
        case .readOnly: "cannot write (\(text)): make the file and its directory writable for the gateway's user"
        case .corrupt: "the file is damaged (\(text)): stop the gateway and restore the newest backup"
        case .notADatabase: "the file is not a store (\(text)): name another path, or move the file away"
        case .ioError: "reading or writing failed (\(text)): check the disk and the system log"
        case .busy: "another program holds the database (\(text)): end whatever else writes to it"
        default: text
        }
    }
}
