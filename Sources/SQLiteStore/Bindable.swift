import CSQLite

/// A value for a parameter of a statement.
protocol Bindable {
    /// - Returns: a result code of SQLite.
    func bind(to statement: OpaquePointer, _ index: Int32) -> Int32
}

extension Int64: Bindable {
    func bind(to statement: OpaquePointer, _ index: Int32) -> Int32 { sqlite3_bind_int64(statement, index, self) }
}

extension Int: Bindable {
    func bind(to statement: OpaquePointer, _ index: Int32) -> Int32 { Int64(self).bind(to: statement, index) }
}

/// Nil is bound as NULL.
extension Optional: Bindable where Wrapped: Bindable {
    func bind(to statement: OpaquePointer, _ index: Int32) -> Int32 {
        self?.bind(to: statement, index) ?? sqlite3_bind_null(statement, index)
    }
}

/// SQLITE_TRANSIENT, a macro that Swift does not import: SQLite makes its own copy.
private var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

extension String: Bindable {
    func bind(to statement: OpaquePointer, _ index: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { utf8 in
            // An empty buffer may have no address, which SQLite would take for NULL.
            guard let base = utf8.baseAddress else { return sqlite3_bind_text(statement, index, "", 0, copied) }
            return base.withMemoryRebound(to: CChar.self, capacity: utf8.count) {
                sqlite3_bind_text64(statement, index, $0, UInt64(utf8.count), copied, UInt8(SQLITE_UTF8))
            }
        }
    }
}

/// Bound without a copy: the bytes must stay valid until the statement is reset.
extension UnsafeRawBufferPointer: Bindable {
    func bind(to statement: OpaquePointer, _ index: Int32) -> Int32 {
        guard let base = baseAddress, count > 0 else { return sqlite3_bind_zeroblob(statement, index, 0) }
        return sqlite3_bind_blob64(statement, index, base, UInt64(count), nil)
    }
}

extension [UInt8]: Bindable {
    func bind(to statement: OpaquePointer, _ index: Int32) -> Int32 {
        isEmpty ? sqlite3_bind_zeroblob(statement, index, 0) : sqlite3_bind_blob64(statement, index, self, UInt64(count), copied)
    }
}
