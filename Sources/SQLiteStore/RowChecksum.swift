import CSQLite

/// `steward_checksum(value, …)` in SQL: the checksum of a row's columns with their types.
///
/// Tables whose rows change are kept right by triggers, so that no statement can forget it.
enum RowChecksum {
    static func register(on database: OpaquePointer?) -> Int32 {
        sqlite3_create_function_v2(
            database, "steward_checksum", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nil,
            { context, count, values in
                var checksum = Checksum()
                for index in 0..<Int(count) {
                    let value = values?[index]
                    checksum.add(Int64(sqlite3_value_type(value)))
                    switch sqlite3_value_type(value) {
                    case SQLITE_INTEGER: checksum.add(sqlite3_value_int64(value))
                    case SQLITE_NULL: break
                    default:
                        let bytes = sqlite3_value_blob(value)
                        checksum.add(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(sqlite3_value_bytes(value))))
                    }
                }
                sqlite3_result_int64(context, checksum.signed)
            }, nil, nil, nil)
    }
}
