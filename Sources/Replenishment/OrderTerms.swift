/// From whom an order is to come, what it may cost, who asked and who agreed, and with what it travels.
public struct OrderTerms: Equatable, Sendable, Codable {
    /// The requester of an order that no person has placed.
    public static let automatic = "steward"

    /// A name of the configuration's suppliers; nil where none is configured.
    public var supplier: String?
    public var site: String?
    /// Price of one unit in hundredths of the currency; nil when nobody told it. Unknown is not free.
    public var amountHundredths: Int64?
    public var currency: String?
    /// `automatic`, or the person who asked for it.
    public var requestedBy = Self.automatic
    /// Why a person has to agree; nil where none has to.
    public var approvalReason: String?
    public var approvedBy: String?
    /// Until then sending may wait for other orders to travel with.
    public var latestSendMilliseconds: Int64?
    /// Until then it waits for other orders to travel with; nil: it does not wait.
    public var holdUntilMilliseconds: Int64?
    /// The shipment that it travels with, where that has more than one order.
    public var shipment: String?
    /// It was decided and recorded, and is sent to nobody.
    public var isDryRun = false
    /// It went into the outbox.
    public var isHandedOver = false
    /// The supplier had the same order from another gateway; calling ours off must not call off theirs.
    public var isDuplicate = false
    /// It waits for a person because only one report told its level; a second one releases it.
    public var restsOnDoubt: Bool?
    /// When it went into the outbox, in arrival time; nil for one of an earlier version.
    public var handedMilliseconds: Int64?
    /// Another cartridge was installed before it came: it is for the next need of the slot, or for the shelf.
    public var isSpare: Bool?
    /// It replenishes the stock: no cartridge waits for it.
    public var isForStock: Bool?
    /// Arrival time by which a spare that nobody reports should have come.
    public var expectedMilliseconds: Int64?
    /// It was delivered and lies on the shelf, counted in the stock.
    public var isShelved: Bool?
    /// The state in which it was taken for installed.
    public var installedFrom: OrderLife.State?
    /// Of the serial number of the cartridge that it is to follow; nil where the device tells none.
    public var serial: UInt64?
    /// It failed, and a try may have reached the supplier all the same.
    public var mayHaveBeenTaken: Bool?
    /// It was called off because the level that it rests on was false; the supply may be ordered again.
    public var isRefuted: Bool?
}
