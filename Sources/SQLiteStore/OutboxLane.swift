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

    /// The lane in the one row, if any, that an UPDATE returned.
    static func only(_ rows: Statement) throws -> OutboxLane? {
        guard try rows.step() else { return nil }
        let lane = OutboxLane(channel: rows.text(0), receiver: rows.text(1))
        // The row is returned before the statement ends; stepping on lets it.
        while try rows.step() {}
        return lane
    }
}

extension StoreReader {
    /// How many entries are open in each lane that has any.
    public func outboxLanes() throws -> [OutboxLane: Int64] {
        try connection.use(.openLanes) { rows in
            var lanes: [OutboxLane: Int64] = [:]
            while try rows.step() { lanes[OutboxLane(channel: rows.text(0), receiver: rows.text(1))] = rows.integer(2) }
            return lanes
        }
    }
}
