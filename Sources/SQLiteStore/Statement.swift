import CSQLite

/// One prepared statement. It lives as long as its connection and is reset after each use.
final class Statement {
    private let handle: OpaquePointer
    private let database: OpaquePointer
    private let sql: StaticString
    private var isInUse = false

    init(_ database: OpaquePointer, _ sql: StaticString) throws {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(
            database, UnsafeRawPointer(sql.utf8Start).assumingMemoryBound(to: CChar.self), Int32(sql.utf8CodeUnitCount),
            UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw StoreError.last(of: database, code: code, sql: "\(sql)") }
        self.handle = handle
        self.database = database
        self.sql = sql
    }

    func finalize() { sqlite3_finalize(handle) }

    /// Lends the statement to `body` and resets it afterwards, so that no row, lock or bound pointer outlives the call.
    func use<T>(_ body: (Statement) throws -> T) throws -> T {
        guard !isInUse else {
            throw StoreError(.misuse, message: "a query was started inside itself: collect its rows first", sql: "\(sql)")
        }
        isInUse = true
        defer {
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
            isInUse = false
        }
        return try body(self)
    }

    var parameterCount: Int { Int(sqlite3_bind_parameter_count(handle)) }
    /// It changes nothing in the file.
    var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }

    /// Moves to the next row; false at the end.
    func step() throws -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        throw StoreError.last(of: database, code: code, sql: "\(sql)")
    }

    /// Runs a statement to its end and gives the number of rows it changed.
    @discardableResult
    func run() throws -> Int {
        while try step() {}
        return Int(sqlite3_changes(database))
    }

    /// Binds parameter `index`, counted from 1.
    func bind(_ index: Int32, _ value: any Bindable) throws {
        let code = value.bind(to: handle, index)
        if code != SQLITE_OK { throw StoreError.last(of: database, code: code, sql: "\(sql)") }
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(handle, column) else { return "" }
        return String(decoding: UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// The blob of a column, valid until the next step.
    func blob(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
    }

    func bytes(_ column: Int32) -> [UInt8] { Array(blob(column)) }
}
