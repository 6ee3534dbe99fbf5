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

    func use<T>(_ query: Query, _ body: (Statement) throws -> T) throws -> T { try statement(query).use(body) }

    @discardableResult
    func run(_ query: Query) throws -> Int { try use(query) { try $0.run() } }

    /// The first column of the first row, nil without a row or with NULL in it.
    func integer(_ query: Query) throws -> Int64? {
        try use(query) { try $0.step() && !$0.isNull(0) ? $0.integer(0) : nil }
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

extension Connection {
    /// The first column of all rows.
    func texts(_ query: Query) throws -> [String] {
        try use(query) { rows in
            var texts: [String] = []
            while try rows.step() { texts.append(rows.text(0)) }
            return texts
        }
    }

    /// The columns of the first row.
    func integers(_ query: Query, _ columns: Int32) throws -> [Int64] {
        try use(query) { rows in
            guard try rows.step() else { return Array(repeating: 0, count: Int(columns)) }
            return (0..<columns).map { rows.integer($0) }
        }
    }
}
