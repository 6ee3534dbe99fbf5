import CSQLite
import Testing

@testable import SQLiteStore

/// The first column of the first row that `sql` gives on the file at `path`, 0 without one.
func query(_ path: String, _ sql: String) throws -> Int64 {
    var database: OpaquePointer?
    try #require(sqlite3_open(path, &database) == SQLITE_OK)
    defer { sqlite3_close(database) }
    try #require(RowChecksum.register(on: database) == SQLITE_OK)
    var statement: OpaquePointer?
    try #require(sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK, "\(String(cString: sqlite3_errmsg(database)))")
    defer { sqlite3_finalize(statement) }
    let code = sqlite3_step(statement)
    try #require(code == SQLITE_ROW || code == SQLITE_DONE, "\(String(cString: sqlite3_errmsg(database)))")
    return sqlite3_column_int64(statement, 0)
}

/// A text column of all rows that `sql` gives on the file at `path`.
func queryTexts(_ path: String, _ sql: String, column: Int32) throws -> [String] {
    var database: OpaquePointer?
    try #require(sqlite3_open(path, &database) == SQLITE_OK)
    defer { sqlite3_close(database) }
    try #require(RowChecksum.register(on: database) == SQLITE_OK)
    var statement: OpaquePointer?
    try #require(sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK, "\(String(cString: sqlite3_errmsg(database)))")
    defer { sqlite3_finalize(statement) }
    var texts: [String] = []
    while sqlite3_step(statement) == SQLITE_ROW { texts.append(sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "") }
    return texts
}

extension StoreReader {
    /// What a check of the whole file finds; empty when it finds no damage.
    func integrityProblems() throws -> [String] {
        let lines = try queryTexts(connection.path, "PRAGMA quick_check(20)", column: 0)
        // Some damage ends the check itself.
        return lines.isEmpty ? ["the check broke off"] : lines.filter { $0 != "ok" }
    }

    /// Moves what it can of the write-ahead log into the file, without waiting for readers.
    func checkpoint() throws { try connection.execute("PRAGMA wal_checkpoint(PASSIVE)") }
}
