import CSQLite

/// One connection to the database file with its prepared statements. It belongs to one thread at a time.
final class Connection {
    enum Mode { case readWrite, readOnly }

    let path: String
    private var handle: OpaquePointer?
    private var statements: [Statement?]

    init(path: String, mode: Mode, busyTimeoutMilliseconds: Int32) throws {
        self.path = path
        statements = Array(repeating: nil, count: Query.allCases.count)
        // NOMUTEX: the owner guarantees that only one thread is in here, so SQLite need not lock.
        let access = mode == .readWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
        let code = sqlite3_open_v2(path, &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, handle != nil else {
            let error = StoreError.last(of: handle, code: code)
            sqlite3_close_v2(handle)
            handle = nil
            throw StoreError(error.kind, code: error.code, message: "cannot open \(path): \(error.message)")
        }
        sqlite3_busy_timeout(handle, busyTimeoutMilliseconds)
        let registered = RowChecksum.register(on: handle)
        guard registered == SQLITE_OK else { throw StoreError.last(of: handle, code: registered) }
    }

    deinit { close() }

    func close() {
        for statement in statements { statement?.finalize() }
        statements = Array(repeating: nil, count: Query.allCases.count)
        sqlite3_close_v2(handle)
        handle = nil
    }

    func open() throws -> OpaquePointer {
        guard let handle else { throw StoreError(.misuse, message: "the store \(path) is closed") }
        return handle
    }

    /// The prepared statement of a query, prepared on its first use.
    func statement(_ query: Query) throws -> Statement {
        if let statement = statements[query.rawValue] { return statement }
        let statement = try Statement(try open(), query.sql)
        statements[query.rawValue] = statement
        return statement
    }

    /// Lends the statement of a query to `body`, with `values` bound to its parameters ?1, ?2 and so on.
    func use<T>(_ query: Query, _ values: [any Bindable] = [], _ body: (Statement) throws -> T) throws -> T {
        try statement(query).use { statement in
            precondition(
                values.isEmpty || values.count == statement.parameterCount,
                "\(query) has \(statement.parameterCount) parameters and got \(values.count) values; those left out would be NULL")
            for (offset, value) in values.enumerated() { try statement.bind(Int32(offset) + 1, value) }
            return try body(statement)
        }
    }

    /// Runs a query to its end and gives the number of rows it changed.
    @discardableResult
    func run(_ query: Query, _ values: any Bindable...) throws -> Int { try use(query, values) { try $0.run() } }

    /// What `read` makes of each row.
    func rows<T>(_ query: Query, _ values: any Bindable..., read: (Statement) throws -> T) throws -> [T] {
        try use(query, values) { rows in
            var found: [T] = []
            while try rows.step() { found.append(try read(rows)) }
            return found
        }
    }

    /// What `read` makes of the first row; nil without one. Not for a statement that changes rows, which has to run to its end.
    func first<T>(_ query: Query, _ values: any Bindable..., read: (Statement) throws -> T?) throws -> T? {
        try use(query, values) { row in
            assert(row.isReadOnly, "\(query) changes rows, and would be reset before its end")
            return try row.step() ? try read(row) : nil
        }
    }

    /// The first column of the first row, nil without a row or with NULL in it.
    func integer(_ query: Query, _ values: any Bindable...) throws -> Int64? {
        try use(query, values) { try $0.step() ? $0.optionalInteger(0) : nil }
    }

    /// Runs SQL that is built at start only: pragmas and migrations, never text that came from outside.
    func execute(_ sql: String) throws {
        let code = sqlite3_exec(try open(), sql, nil, nil, nil)
        if code != SQLITE_OK { throw StoreError.last(of: handle, code: code, sql: sql) }
    }

    func pragma(_ sql: StaticString) throws -> Int64 {
        let statement = try Statement(try open(), sql)
        defer { statement.finalize() }
        return try statement.use { try $0.step() ? $0.integer(0) : 0 }
    }

    var isOpen: Bool { handle != nil }

    var isInTransaction: Bool { handle.map { sqlite3_get_autocommit($0) == 0 } ?? false }

    var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

    var lastInsertedRow: Int64 { handle.map { sqlite3_last_insert_rowid($0) } ?? 0 }
}
