/// A place in a table. Each table has a type of its own for it, so that the place of a device is not taken for that of a profile.
public protocol TableIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
    var place: Int32 { get }
    init(place: Int32)
}

extension TableIndex {
    /// Stands for no place at all in flat data, where an optional would take more room.
    @inlinable public static var none: Self { Self(place: -1) }
    @inlinable public var isNone: Bool { place < 0 }
    public var description: String { String(place) }

    @inlinable public init(_ place: Int) { self.init(place: Int32(place)) }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.place < b.place }
}

/// The place of a metric among those of a layout.
public struct SlotIndex: TableIndex {
    public let place: Int32
    @inlinable public init(place: Int32) { self.place = place }
}

/// The number of a supply in a layout.
public struct SupplyIndex: TableIndex {
    public let place: Int32
    @inlinable public init(place: Int32) { self.place = place }
}
