import Replenishment

/// One cartridge from its installation to the next one's: what a backtest can know without anybody telling it.
public struct SupplyLife: Equatable, Sendable {
    public var supply: String
    /// When it came; nil for the one that was found in the slot.
    public var installedMilliseconds: Int64?
    /// From the last report of it to the first one of its successor.
    public var endedMilliseconds: ClosedRange<Int64>
    /// When the reorder rule placed its order; nil when it did not.
    public var orderedMilliseconds: Int64?
    /// When a fixed threshold of 20 % would have placed one; nil when the level never was at or below it.
    public var thresholdMilliseconds: Int64?
    public var leadDays: Double
    public var leadSpread: Double
    /// The days on which its supplier works; nil: every day.
    public var calendar: SupplierCalendar?
    public var residualPercent: Double
}
