import CivilCalendar

/// One cartridge and the orders for its successor.
struct Need: Sendable {
    struct Order: Sendable {
        enum End: Sendable {
            case open, calledOff, cancelledBySupplier, wrongItem
            /// The core means it for another cartridge now.
            case carried
        }

        var id: String
        var decided: Int64
        var percent: Double
        /// Nil until a supplier has taken it.
        var taken: Int64?
        var delivered: Int64?
        var end = End.open

        var summary: String {
            "\(id) decided \(UTCText.iso8601(decided)) at \(Int(percent)) %"
                + (taken.map { ", taken \(UTCText.iso8601($0))" } ?? ", never taken") + (end == .open ? "" : ", \(end)")
        }

        /// It brings, or has brought, a cartridge.
        var counts: Bool { taken != nil && end == .open }
    }

    var orders: [Order] = []
    /// When a unit was taken aside for it that lay in the cupboard.
    var covered: Int64?
    /// A unit was taken aside for it that is of another item, which nobody has told the gateway.
    var hasWrongUnit = false

    /// The first decision that led to an order, also one from which no cartridge came through no fault of the gateway.
    var firstOrdered: Int64? {
        (orders.filter { $0.taken != nil && $0.end != .calledOff }.map(\.decided) + [covered].compactMap(\.self)).min()
    }
    var firstTaken: Int64? { orders.filter(\.counts).map(\.decided).min() }
    var firstDelivered: Int64? { orders.filter(\.counts).compactMap(\.delivered).min() }
}

/// A cartridge among all: the place of its device in the fleet and its number there.
struct NeedKey: Hashable, Comparable, Sendable {
    var device: Int
    var cartridge: Int

    static func < (one: Self, other: Self) -> Bool { (one.device, one.cartridge) < (other.device, other.cartridge) }
}
