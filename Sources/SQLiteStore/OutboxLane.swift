/// The deliveries that wait for one receiver. Lanes neither wait for one another nor take one another's room.
public struct OutboxLane: Sendable, Hashable {
    /// "command", "order", "ticket" and so on.
    public var channel: String
    /// The supplier's name; empty where a channel has one receiver only, and for orders written before receivers were noted.
    public var receiver: String

    public init(channel: String, receiver: String = "") {
        self.channel = channel
        self.receiver = receiver
    }

    /// Reads the columns 0 and 1.
    init(_ row: Statement) { self.init(channel: row.text(0), receiver: row.text(1)) }
}

extension StoreReader {
    /// How many entries are open in each lane that has any.
    public func outboxLanes() throws -> [OutboxLane: Int64] {
        Dictionary(uniqueKeysWithValues: try connection.rows(.openLanes) { (OutboxLane($0), $0.integer(2)) })
    }
}
