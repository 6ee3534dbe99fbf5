import CivilCalendar

/// Something that the store has lost or cannot vouch for, as the shell found it and as it stands in the inbox.
public struct StoreDamage: Equatable, Sendable, Codable {
    /// Names it to people; the same damage has the same id however often it is met.
    public var id: String
    /// A sentence.
    public var text: String
    public var foundMilliseconds: Int64
    /// The events that are lost; nil for damage of another kind.
    public var firstEvent: Int64?
    public var lastEvent: Int64?
    /// What lies before and behind the lost events arrived then.
    public var afterMilliseconds: Int64?
    public var beforeMilliseconds: Int64?
    /// What was decided and done may be among what is lost.
    public var concernsDecisions: Bool

    public init(
        id: String, text: String, foundMilliseconds: Int64, firstEvent: Int64? = nil, lastEvent: Int64? = nil,
        afterMilliseconds: Int64? = nil, beforeMilliseconds: Int64? = nil, concernsDecisions: Bool = true
    ) {
        self.id = id
        self.text = text
        self.foundMilliseconds = foundMilliseconds
        self.firstEvent = firstEvent
        self.lastEvent = lastEvent
        self.afterMilliseconds = afterMilliseconds
        self.beforeMilliseconds = beforeMilliseconds
        self.concernsDecisions = concernsDecisions
    }
}

/// The damage that was told, and who has seen it. While some that concerns decisions is unseen, nothing is ordered or commanded
/// without a person's word.
package struct StoreDamageLog: Equatable, Sendable, Codable {
    package struct Entry: Equatable, Sendable, Codable {
        package internal(set) var damage: StoreDamage
        package internal(set) var seenBy: String?
        package internal(set) var seenMilliseconds: Int64?
    }

    static let maximumEntries = 64
    package private(set) var entries: [Entry] = []
    /// Entries that went at the limit, the oldest that were seen first.
    package private(set) var dropped = 0

    package var unseen: Int { entries.reduce(0) { $0 + ($1.seenBy == nil ? 1 : 0) } }

    /// The newest that nobody has seen and that may have taken decisions with it.
    var holdingBack: StoreDamage? { entries.last { $0.seenBy == nil && $0.damage.concernsDecisions }?.damage }

    package func contains(_ id: String) -> Bool { entries.contains { $0.damage.id == id } }

    /// False when it is known.
    mutating func note(_ damage: StoreDamage) -> Bool {
        guard !contains(damage.id) else { return false }
        if entries.count >= Self.maximumEntries {
            // An unseen one that goes leaves one that holds back just as well: the newest stays.
            entries.remove(at: entries.firstIndex { $0.seenBy != nil } ?? 0)
            dropped += 1
        }
        entries.append(Entry(damage: damage))
        return true
    }

    /// The gateway's clock was set: what was put into the outbox before the damage was found has to stay before it.
    mutating func shift(byMilliseconds step: Int64) {
        for index in entries.indices where entries[index].seenBy == nil {
            entries[index].damage.foundMilliseconds = entries[index].damage.foundMilliseconds.shifted(byMilliseconds: step)
        }
    }

    /// False when there is none such, or somebody has seen it.
    mutating func see(_ id: String, by person: String, atMilliseconds now: Int64) -> Bool {
        guard let index = entries.firstIndex(where: { $0.damage.id == id && $0.seenBy == nil }) else { return false }
        entries[index].seenBy = person
        entries[index].seenMilliseconds = now
        return true
    }
}
