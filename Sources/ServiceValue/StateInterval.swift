/// A device was in one state from one event time to another: an entry of the ledger, written when the state ends.
public struct StateInterval: Equatable, Sendable {
    public var device: String
    public var state: EquipmentState
    public var fromMilliseconds: Int64
    public var toMilliseconds: Int64
    /// Of unscheduled downtime: the conditions that had come up by its end, the first of them first. Overlapping ones are one downtime, and the
    /// first is its cause.
    public var causes: [String]

    public init(device: String, state: EquipmentState, fromMilliseconds: Int64, toMilliseconds: Int64, causes: [String] = []) {
        self.device = device
        self.state = state
        self.fromMilliseconds = fromMilliseconds
        self.toMilliseconds = toMilliseconds
        self.causes = causes
    }
}
