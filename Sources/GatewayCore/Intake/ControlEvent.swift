import FoundationEssentials
import Replenishment

/// Everything that happens to the gateway and is not a message of a device. These events stand in the inbox among the messages,
/// so that a replay meets them at the same place.
public enum ControlEvent: Equatable, Sendable, Codable {
    /// Time has passed: the segment's arrival time says which.
    case tick
    /// The ingest connection stands. With `sessionPresent` the broker repeats what it has no acknowledgement for.
    case connected(sessionPresent: Bool)
    case disconnected
    /// The broker has kept the session, and sends first what has waited in it.
    case backlogBegan
    /// What waited at the broker has come; from here on messages come as they are published.
    case backlogEnded
    /// The gateway's clock was set, and everything from here on is dated by it. It is the first event of its segment, which no other
    /// place will do for: the segment's arrival is a time of the new clock.
    case clockStepped(byMilliseconds: Int64)
    /// An outbox entry came to its end.
    case settled(key: String, channel: OutboxChannel, outcome: DeliveryOutcome, detail: String?)
    /// A supplier or an operator reports on an order.
    case orderUpdate(order: String, state: SupplyOrder.State, reference: String?, detail: String?)
    /// What else is said about orders and stock.
    case order(OrderEvent)
    case survey(SurveySubmission)
    /// What was answered under the id counts no more.
    case withdrawSurvey(survey: String, by: String)
    case acknowledge(alarm: String, by: String)
    /// Puts an alarm aside until then, in arrival time.
    case shelve(alarm: String, by: String, untilMilliseconds: Int64, reason: String)
    case unshelve(alarm: String, by: String)
    /// Ends an alarm that is latched.
    case reset(alarm: String, by: String)
    /// A person calls normal what a detector found, or takes that back. Any warning of the detector stands for it.
    case callNormal(alarm: String, by: String, reason: String?)
    case callUnusual(alarm: String, by: String, reason: String?)
    case addMaintenance(MaintenanceWindow)
    case endMaintenance(window: String, by: String)
    case closeTicket(ticket: String, by: String)
    /// Takes a device out: what is open of it ends, and its place and its id are free.
    case removeDevice(device: String, by: String)
    /// One device follows another, which is taken out.
    case succeedDevice(former: String, successor: String, kind: StewardCore.Succession, by: String)
    /// A message came whose payload is larger than any that is read; its bytes were not kept.
    case oversized(topic: String, byteCount: Int)
    /// A dead letter is taken once more, because the profile was mended. It tells what was when it first came.
    case replayed(topic: Data, payload: Data, isRetained: Bool, arrivalMilliseconds: Int64)
    /// The store has lost something. Where events are lost it stands in their place.
    case storeDamaged(StoreDamage)
    case storeDamageSeen(damage: String, by: String)

    /// What every tick looks like in the inbox. Time passes far more often than anything else happens, so a tick is neither encoded nor decoded
    /// but compared.
    static let tickBytes = Array("{\"tick\":{}}".utf8)
    private static let clockStepBeginning = Array("{\"clockStepped\"".utf8)

    func encoded() -> [UInt8] {
        if case .tick = self { return Self.tickBytes }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // Encoding an enumeration of strings and numbers cannot fail; an empty payload would be counted as damaged.
        return (try? encoder.encode(self)).map { Array($0) } ?? []
    }

    init?(decoding bytes: UnsafeRawBufferPointer) {
        if Self.isTick(bytes) {
            self = .tick
            return
        }
        guard let event = try? JSONDecoder().decode(ControlEvent.self, from: Data(bytes)) else { return nil }
        self = event
    }

    @inline(__always)
    static func isTick(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.count == tickBytes.count && begins(bytes, with: tickBytes) }

    /// Whether the bytes can be a step of the clock at all. `encoded` writes no white space, so the first member's name decides.
    static func mayBeClockStep(_ bytes: UnsafeRawBufferPointer) -> Bool { begins(bytes, with: clockStepBeginning) }

    @inline(__always)
    private static func begins(_ bytes: UnsafeRawBufferPointer, with beginning: [UInt8]) -> Bool {
        guard bytes.count >= beginning.count else { return false }
        return bytes.prefix(beginning.count).elementsEqual(beginning)
    }
}

/// Where an outbox entry goes.
public enum OutboxChannel: String, Sendable, Codable, CaseIterable { case command, order, ticket }

public enum DeliveryOutcome: String, Sendable, Codable {
    case delivered, abandoned
    /// Decided in a replay, which delivers nothing. Of commands only: a recording goes on as if orders and tickets had been delivered.
    case replayed
}
