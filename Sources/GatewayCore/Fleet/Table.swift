import Telemetry

/// The place of a device in the fleet. Places of devices that are gone are given to new ones.
package struct DeviceIndex: TableIndex {
    package let place: Int32
    package init(place: Int32) { self.place = place }
}

/// The place of a profile, or of a layout that one device of a profile has to itself.
package struct ProfileIndex: TableIndex {
    package let place: Int32
    package init(place: Int32) { self.place = place }
}

/// All places of a table, in order.
package struct TableIndices<Index: TableIndex>: RandomAccessCollection {
    package let count: Int
    package var startIndex: Int { 0 }
    package var endIndex: Int { count }
    package subscript(position: Int) -> Index { Index(position) }
}

/// Rows in one flat array, reached only by the index type of the table.
package struct Table<Index: TableIndex, Row: Sendable>: Sendable {
    private(set) var rows: [Row]

    init(_ rows: [Row] = []) { self.rows = rows }

    package var count: Int { rows.count }
    var isEmpty: Bool { rows.isEmpty }
    package var indices: TableIndices<Index> { TableIndices(count: rows.count) }

    @inline(__always)
    package func contains(_ index: Index) -> Bool { index.place >= 0 && index.place < Int32(truncatingIfNeeded: rows.count) }

    /// Read where it lies: an array hands out whole copies of its elements, and a device's row is hundreds of bytes with a dozen references.
    @inline(__always)
    package internal(set) subscript(index: Index) -> Row {
        _read {
            precondition(contains(index))
            yield rows.withUnsafeBufferPointer { $0.baseAddress.unsafelyUnwrapped + Int(index.place) }.pointee
        }
        _modify { yield &rows[Int(index.place)] }
    }

    mutating func reserve(_ count: Int) { rows.reserveCapacity(count) }

    /// Has a row at the place from now on; rows that have to be added are `blank`.
    mutating func reach(_ index: Index, with blank: @autoclosure () -> Row) {
        while rows.count <= Int(index.place) { rows.append(blank()) }
    }

    /// Puts a row behind the others.
    mutating func append(_ row: Row) -> Index {
        rows.append(row)
        return Index(rows.count - 1)
    }
}
