import CivilCalendar
import Hashing

/// A replenishment request for one generation of one supply, with its life from planned to installed.
public struct SupplyOrder: Equatable, Sendable, Codable {
    public typealias State = OrderLife.State
    public typealias Change = OrderLife.Change

    /// One order for a device, slot, generation and attempt, over restarts, replays and two gateways: the id is made of just these.
    public let id: String
    /// Whose it is now: a device that is renamed or replaced hands its orders on, and the id stays.
    public private(set) var device: String
    public private(set) var supply: String
    public let item: String
    public private(set) var generation: Int32
    /// Counted from 1; above 1 a person has asked again after the one before came to nothing.
    public var attempt: Int { laterAttempt ?? 1 }
    /// Nil for the first attempt, of which nothing is written.
    private let laterAttempt: Int?
    public let reason: String
    /// Event time of the reading that decided.
    public let decidedMilliseconds: Int64
    /// At the decision; nil for an order by hand while the device does not know its level.
    public let levelPercent: Double?
    /// Days left at the decision: 5 %, 50 %, 95 %; nil when the floor decided.
    public let daysLeft: [Double]?
    public private(set) var life: OrderLife
    /// From whom, for how much, and who has to agree.
    public var terms = OrderTerms()
    /// The supplier's own number for it.
    public private(set) var reference: String?
    public private(set) var detail: String?
    /// The present step takes longer than it may, and an alarm says so.
    public var isOverdue = false

    public var state: State { life.state }
    /// It may be sent, and waits for others to travel with.
    public var waitsForCompany: Bool { state == .planned && !terms.isHandedOver && terms.holdUntilMilliseconds != nil }

    /// It is over without a cartridge, so a person may ask again. A duplicate is not: the order of the other gateway is on its way.
    public var cameToNothing: Bool { (state == .failed || state == .cancelled) && !terms.isDuplicate }

    /// - Parameter latestSendMilliseconds: until when sending may wait for other orders without risk to the service level; nil: not at all.
    public init(
        device: String, supply: String, item: String, generation: Int32, attempt: Int = 1, reason: String, decidedMilliseconds: Int64,
        levelPercent: Double?, daysLeft: [Double]?, latestSendMilliseconds: Int64? = nil
    ) {
        self.id = Self.id(device: device, supply: supply, generation: generation, attempt: attempt)
        self.device = device
        self.supply = supply
        self.item = item
        self.generation = generation
        laterAttempt = attempt > 1 ? attempt : nil
        self.reason = reason
        self.decidedMilliseconds = decidedMilliseconds
        self.levelPercent = levelPercent
        self.daysLeft = daysLeft
        life = OrderLife(sinceMilliseconds: decidedMilliseconds)
        terms.latestSendMilliseconds = latestSendMilliseconds
    }

    /// One unit for the stock of an item. Its generation is the number of the order among those for this stock.
    ///
    /// - Parameters:
    ///   - device: one that uses the item, for whoever deals with the order.
    ///   - supply: the slot for which it uses it.
    public init(forStock item: String, number: Int32, device: String, supply: String, reason: String, decidedMilliseconds: Int64) {
        id = "or-" + StableID.make("stock", device, item, String(number))
        self.device = device
        self.supply = supply
        self.item = item
        generation = number
        laterAttempt = nil
        self.reason = reason
        self.decidedMilliseconds = decidedMilliseconds
        levelPercent = nil
        daysLeft = nil
        life = OrderLife(sinceMilliseconds: decidedMilliseconds)
        terms.isForStock = true
        terms.isSpare = true
    }

    /// The same need, ordered once more: the attempt before was called off.
    public func again(attempt: Int) -> SupplyOrder {
        var order = SupplyOrder(
            device: device, supply: supply, item: item, generation: generation, attempt: attempt, reason: reason,
            decidedMilliseconds: decidedMilliseconds, levelPercent: levelPercent, daysLeft: daysLeft)
        order.terms = terms
        return order
    }

    /// How often one generation may be ordered: so that a program which asks for ever is stopped at some time.
    public static let maximumAttempts = 99

    /// The first attempt's key says nothing of attempts, so it is the same on a gateway of an earlier version.
    public static func id(device: String, supply: String, generation: Int32, attempt: Int = 1) -> String {
        attempt == 1
            ? "or-" + StableID.make(device, supply, String(generation))
            : "or-" + StableID.make(device, supply, String(generation), String(attempt))
    }

    /// The id in earlier versions. Two orders could have the same, so their fields have to be compared (`isSame`).
    public static func formerID(device: String, supply: String, generation: Int32, attempt: Int = 1) -> String {
        attempt == 1
            ? "or-" + StableID.short(device, supply, String(generation))
            : "or-" + StableID.short(device, supply, String(generation), String(attempt))
    }

    /// Both are for one generation of one supply, and the same attempt at it.
    public func isSame(as other: SupplyOrder) -> Bool {
        device.utf8.elementsEqual(other.device.utf8) && supply.utf8.elementsEqual(other.supply.utf8) && generation == other.generation
            && attempt == other.attempt
    }

    /// The key under which the supplier is told that the order is called off.
    public static func cancellationKey(_ id: String) -> String { "ca-" + id.dropFirst(3) }

    public static func order(ofCancellation key: String) -> String? { key.hasPrefix("ca-") ? "or-" + key.dropFirst(3) : nil }

    /// `OrderLife.move`, with a sentence about it.
    public mutating func move(to next: State, atMilliseconds now: Int64, detail: String? = nil) -> Change {
        let change = life.move(to: next, atMilliseconds: now)
        if change == .moved, let detail { self.detail = detail }
        return change
    }

    /// A report of the supplier, of the delivery, or of an operator. Repeats and reports out of order are told apart from changes.
    public mutating func report(_ next: State, reference: String? = nil, detail: String? = nil, atMilliseconds now: Int64 = 0) -> Change {
        if next == .planned { return state == .planned ? .repeated : .refused("nothing is planned twice") }
        let change = move(to: next, atMilliseconds: now, detail: detail)
        if change == .moved, let reference { self.reference = reference }
        return change
    }

    /// The gateway's clock was set: what it waits for is as far away as before.
    public mutating func shift(byMilliseconds step: Int64) {
        life.shift(byMilliseconds: step)
        terms.latestSendMilliseconds = terms.latestSendMilliseconds.shifted(byMilliseconds: step)
        terms.holdUntilMilliseconds = terms.holdUntilMilliseconds.shifted(byMilliseconds: step)
        terms.handedMilliseconds = terms.handedMilliseconds.shifted(byMilliseconds: step)
        terms.expectedMilliseconds = terms.expectedMilliseconds.shifted(byMilliseconds: step)
    }

    /// The life begins when it is placed, in the time of those who deal with it.
    public mutating func restart(atMilliseconds now: Int64) { life = OrderLife(sinceMilliseconds: now) }

    /// What was taken for its installation was that of another cartridge.
    public mutating func reopen(atMilliseconds now: Int64) {
        guard state == .installed, let former = terms.installedFrom else { return }
        life.reopen(former, atMilliseconds: now)
        terms.installedFrom = nil
    }

    /// Another device, another slot or another generation has the need for which it was placed.
    public mutating func carry(toDevice device: String, supply: String, generation: Int32) {
        (self.device, self.supply, self.generation) = (device, supply, generation)
    }

    /// It asks for nothing more: it has come to its end, or lies on the shelf.
    public var isOver: Bool { state.isFinal || terms.isShelved == true }

    /// A sentence about it that is no step of its life.
    public mutating func note(_ detail: String) { self.detail = detail }

    private enum CodingKeys: String, CodingKey {
        case id, device, supply, item, generation, reason, decidedMilliseconds, levelPercent, daysLeft, life, terms, reference, detail,
            isOverdue
        case laterAttempt = "attempt"
    }
    /// Where snapshots of earlier versions have the state.
    private enum FormerKeys: CodingKey { case state }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        id = try values.decode(String.self, forKey: .id)
        device = try values.decode(String.self, forKey: .device)
        supply = try values.decode(String.self, forKey: .supply)
        item = try values.decode(String.self, forKey: .item)
        generation = try values.decode(Int32.self, forKey: .generation)
        let attempt = try values.decodeIfPresent(Int.self, forKey: .laterAttempt) ?? 1
        guard (1...Self.maximumAttempts).contains(attempt) else {
            throw DecodingError.dataCorruptedError(
                forKey: .laterAttempt, in: values, debugDescription: "an attempt is 1 to \(Self.maximumAttempts)")
        }
        laterAttempt = attempt > 1 ? attempt : nil
        reason = try values.decode(String.self, forKey: .reason)
        decidedMilliseconds = try values.decode(Int64.self, forKey: .decidedMilliseconds)
        levelPercent = try values.decodeIfPresent(Double.self, forKey: .levelPercent)
        daysLeft = try values.decodeIfPresent([Double].self, forKey: .daysLeft)
        life =
            try values.decodeIfPresent(OrderLife.self, forKey: .life)
            ?? OrderLife(
                sinceMilliseconds: decidedMilliseconds,
                state: try decoder.container(keyedBy: FormerKeys.self).decode(State.self, forKey: .state))
        terms = try values.decodeIfPresent(OrderTerms.self, forKey: .terms) ?? OrderTerms()
        reference = try values.decodeIfPresent(String.self, forKey: .reference)
        detail = try values.decodeIfPresent(String.self, forKey: .detail)
        isOverdue = try values.decodeIfPresent(Bool.self, forKey: .isOverdue) ?? false
    }
}
