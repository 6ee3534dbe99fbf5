/// What lies in the cupboard of the site, by item, and for which needs it is meant.
///
/// A need that stock covers is not ordered: it takes a unit aside under the id that its order would have, so that a second device with
/// the same need does not count the same unit. The unit leaves the stock when a new cartridge is seen in the slot.
public struct StockLedger: Equatable, Sendable, Codable {
    public struct Need: Equatable, Sendable, Codable {
        /// The id that an order for it would have.
        public var order: String
        public var item: String
    }

    public static let maximumItems = 10_000
    public static let maximumUnits = 1_000_000

    public private(set) var unitsOnHand: [String: Int] = [:]
    /// In the order in which they came; the first ones are covered when there is not enough for all.
    public private(set) var needs: [Need] = []

    /// How often each item was ordered for the stock; nil in what earlier versions stored.
    private var orders: [String: Int32]?

    public init() {}

    public var items: [String] { unitsOnHand.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    /// Somebody has said how many there are.
    public func isCounted(_ item: String) -> Bool { unitsOnHand[item] != nil }

    public func unitsOnHand(_ item: String) -> Int { unitsOnHand[item] ?? 0 }
    public func unitsReserved(_ item: String) -> Int { min(unitsOnHand(item), needs.reduce(0) { $0 + ($1.item == item ? 1 : 0) }) }

    /// What is on hand and not taken aside for a need.
    public func unitsAvailable(_ item: String) -> Int { unitsOnHand(item) - unitsReserved(item) }

    /// What a person counted. False when there are too many items, or the number makes no sense.
    public mutating func set(_ item: String, units: Int) -> Bool {
        guard !item.isEmpty, (0...Self.maximumUnits).contains(units), unitsOnHand[item] != nil || unitsOnHand.count < Self.maximumItems
        else { return false }
        unitsOnHand[item] = units
        return true
    }

    /// What came or was taken; never below zero.
    public mutating func add(_ item: String, units: Int) -> Bool {
        let (sum, overflow) = unitsOnHand(item).addingReportingOverflow(units)
        return !overflow && set(item, units: max(0, sum))
    }

    /// What was taken aside for a need; nil when nothing was.
    public func item(reservedFor order: String) -> String? { needs.first { $0.order == order }?.item }

    public func isReserved(_ order: String) -> Bool { needs.contains { $0.order == order } }

    /// Whether stock covers this need, and takes a unit aside for it. A need that stock no longer covers is forgotten.
    public mutating func cover(_ order: String, item: String) -> Bool {
        let before = needs.prefix { $0.order != order }.reduce(0) { $0 + ($1.item == item ? 1 : 0) }
        guard before < unitsOnHand(item) else {
            release(order)
            return false
        }
        if !isReserved(order) { needs.append(Need(order: order, item: item)) }
        return true
    }

    public mutating func release(_ order: String) { needs.removeAll { $0.order == order } }

    /// The number of one more order for the stock of this item, counted from 1.
    public mutating func nextOrderNumber(_ item: String) -> Int32 {
        let number = (orders?[item] ?? 0) &+ 1
        orders = (orders ?? [:]).merging([item: number]) { $1 }
        return number
    }

    /// A need is known under another id from now on.
    public mutating func rename(_ order: String, to id: String) {
        guard let index = needs.firstIndex(where: { $0.order == order }), !isReserved(id) else { return }
        needs[index].order = id
    }

    /// A new cartridge is in the slot: the unit taken aside for it, or else one that is free, has left the stock. False when there was none.
    public mutating func install(_ item: String, for order: String) -> Bool {
        let wasMeant = isReserved(order)
        release(order)
        guard let units = unitsOnHand[item], units > 0, wasMeant || unitsAvailable(item) > 0 else { return false }
        unitsOnHand[item] = units - 1
        return true
    }
}
