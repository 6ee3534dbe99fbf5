/// A place in one of the core's tables. Each table has a type of its own for it, so that the place of a device is not taken for that of a profile.
package protocol TableIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
    var place: Int32 { get }
    init(place: Int32)
}

extension TableIndex {
    /// Stands for no place at all in flat data, where an optional would take more room.
    static var none: Self { Self(place: -1) }
    var isNone: Bool { place < 0 }
    package var description: String { String(place) }
    @inline(__always)
    package static func < (a: Self, b: Self) -> Bool { a.place < b.place }
}

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
    package subscript(position: Int) -> Index { Index(place: Int32(position)) }
}

/// Rows in one flat array, reached only by the index type of the table.
package struct Table<Index: TableIndex, Row: Sendable>: Sendable {
    private var rows: [Row] = []

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

    /// Puts a row behind the others.
    mutating func append(_ row: Row) -> Index {
        rows.append(row)
        return Index(place: Int32(rows.count - 1))
    }
}
