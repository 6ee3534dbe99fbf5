/// When the stock of an item itself is replenished: at the reorder point, up to a level (the (s, S) policy of inventory control).
public struct StockRule: Equatable, Sendable {
    /// At or below so many units, an order is due.
    public var reorderPoint: Int
    /// So many there are to be, with what is on order. Above the reorder point.
    public var orderUpTo: Int

    public init(reorderPoint: Int, orderUpTo: Int) {
        self.reorderPoint = max(0, reorderPoint)
        self.orderUpTo = max(orderUpTo, self.reorderPoint + 1)
    }

    /// - Parameters:
    ///   - available: units on hand that are not taken aside for a need.
    ///   - onOrder: units that are ordered for the stock and have not come.
    public func unitsToOrder(available: Int, onOrder: Int) -> Int {
        let position = available + onOrder
        return position <= reorderPoint ? orderUpTo - position : 0
    }
}
