import Telemetry

/// A replenishment request for one generation of one supply, with the life that DESIGN.md gives it.
public struct SupplyOrder: Equatable, Sendable, Codable {
    public enum State: String, CaseIterable, Sendable, Codable {
        case planned
        case awaitingApproval = "awaiting-approval"
        case sent
        case accepted
        case shipped
        case delivered
        case installed
        case cancelled
        case failed

        /// How far along the way; a supplier's report never moves an order backwards.
        fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
        public var isFinal: Bool { self == .installed || self == .cancelled || self == .failed }
    }

    /// One order for a device, slot and generation, over restarts, replays and two gateways: the id is made of just these.
    public let id: String
    public let device: String
    public let supply: String
    public let item: String
    public let generation: Int32
    public let reason: String
    /// Event time of the reading that decided.
    public let decidedMilliseconds: Int64
    public let levelPercent: Double
    /// Days left at the decision: 5 %, 50 %, 95 %; nil when the floor decided.
    public let daysLeft: [Double]?
    public private(set) var state = State.planned
    /// The supplier's own number for it.
    public private(set) var reference: String?
    public private(set) var detail: String?

    public init(
        device: String, supply: String, item: String, generation: Int32, reason: String, decidedMilliseconds: Int64, levelPercent: Double,
        daysLeft: [Double]?
    ) {
        self.id = Self.id(device: device, supply: supply, generation: generation)
        self.device = device
        self.supply = supply
        self.item = item
        self.generation = generation
        self.reason = reason
        self.decidedMilliseconds = decidedMilliseconds
        self.levelPercent = levelPercent
        self.daysLeft = daysLeft
    }

    public static func id(device: String, supply: String, generation: Int32) -> String {
        "or-" + StableID.make(device, supply, String(generation))
    }

    /// What a report did.
    public enum Change: Equatable, Sendable {
        case moved, repeated
        case refused(String)
    }

    /// A report of the supplier, of the delivery, or of an operator. Repeats and reports out of order are told apart from changes.
    public mutating func report(_ next: State, reference: String? = nil, detail: String? = nil) -> Change {
        if next == state { return .repeated }
        if state.isFinal { return .refused("the order is \(state.rawValue) already") }
        if next == .cancelled || next == .failed {
            // What has arrived cannot be called off any more.
            if state == .delivered { return .refused("the order is delivered already") }
        } else if next.rank < state.rank {
            return .repeated
        }
        state = next
        if let reference { self.reference = reference }
        if let detail { self.detail = detail }
        return .moved
    }
}
