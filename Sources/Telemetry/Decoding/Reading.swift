import CivilCalendar
import Hashing

/// One value of one metric, as a message gave it. `slot` numbers the metrics of one profile.
public struct Reading: Equatable, Sendable {
    public var slot: SlotIndex
    /// True when the device said that it does not know: the value is then 0 and means nothing.
    public var isUnknown: Bool
    /// For a level: its place among the message's `levels`, or -1 for one that the message does not name.
    var level: Int16 = -1
    /// Gauges and counters as sent, levels in percent, states as the index among the slot's states.
    public var value: Double

    public init(slot: SlotIndex, value: Double, isUnknown: Bool = false) {
        self.slot = slot
        self.value = value
        self.isUnknown = isUnknown
    }
}

/// What one message says about one supply.
public struct SupplyReading: Equatable, Sendable {
    public var supply: SupplyIndex
    public var level: SupplyLevel
    /// Changes when something changes that is said of the supply itself: its type, its name, its numbers. 0 when nothing is said.
    public var factsHash: UInt64
    /// Where the object with the level stands on the tape, or 0.
    let row: Int32
}

/// A list of codes that the device itself reports; the hash tells whether it changed since the last message.
public struct ReportedAlerts: Equatable, Sendable {
    public var list: Int
    public var hash: UInt64
    let tapeIndex: Int
    /// The field that it stands in, which knows what its pointer captured.
    let node: Int32

    /// The hash of an empty list, which is what a device starts with.
    public static let emptyHash: UInt64 = ContentHash.seed
}

/// What one message says. The arrays are reused from message to message.
public struct DecodedMessage: Sendable {
    public internal(set) var readings: [Reading] = []
    public internal(set) var alerts: [ReportedAlerts] = []
    public internal(set) var levels: [SupplyReading] = []
    /// The device's own time, when the message carries one.
    public var deviceMilliseconds: Int64? {
        guard stamp != nil else { return nil }
        let time = DeviceTime.resolve(stamp: stamp, unit: unit, zone: zone, previousMilliseconds: nil, arrivalMilliseconds: .max / 2)
        return time.quality.isDeviceTime ? time.milliseconds : nil
    }
    /// That time as it was sent, with what the profile says of it.
    public internal(set) var stamp: LocalTimeText?
    public internal(set) var unit = DeviceTime.Unit.milliseconds
    public internal(set) var zone: ZoneRules?
    /// A member that could not be used, named with its reason; the rest of the message counts.
    public internal(set) var fieldProblem: FieldProblem?
    public internal(set) var fieldProblems = 0
    /// The members with a group below them that the message says to be null or an empty list; see `ProfileLayout.slots(below:)`.
    public internal(set) var clearedGroups: [Int32] = []
    /// Numbers that their rule's bounds and sentinels exclude: each is an unknown reading.
    public internal(set) var impossibleValues = 0

    public init() {
        readings.reserveCapacity(64)
        alerts.reserveCapacity(4)
        levels.reserveCapacity(16)
    }

    /// What a reading of a level says; nil for one that the message does not name.
    @inline(__always)
    public func supply(_ reading: Reading) -> SupplyReading? { reading.level >= 0 ? levels[Int(reading.level)] : nil }

    /// A metric that a full report does not name, or that lies in a group that is null.
    public mutating func addUnknown(_ slot: SlotIndex) { readings.append(Reading(slot: slot, value: 0, isUnknown: true)) }

    /// The readings of a message that waited take the place of those that were decoded last: each with what it says of its supply's level.
    public mutating func replace(readings: [Reading], levels: [(supply: SupplyIndex, level: SupplyLevel)?]) {
        clear()
        for (var reading, said) in zip(readings, levels) {
            if let said {
                reading.level = Int16(truncatingIfNeeded: self.levels.count)
                self.levels.append(SupplyReading(supply: said.supply, level: said.level, factsHash: 0, row: 0))
            }
            self.readings.append(reading)
        }
    }

    /// It tells nothing: no reading and no list of codes.
    public var isEmpty: Bool { readings.isEmpty && alerts.isEmpty }

    /// The message without what is not late, and without what is.
    public func split(isLate: (Reading) -> Bool, isLateList: (ReportedAlerts) -> Bool) -> (late: DecodedMessage, present: DecodedMessage) {
        var (late, present) = (self, self)
        late.readings.removeAll { !isLate($0) }
        late.alerts.removeAll { !isLateList($0) }
        present.readings.removeAll(where: isLate)
        present.alerts.removeAll(where: isLateList)
        return (late, present)
    }

    /// The device's own time, from a format that does not tell it in the document.
    public mutating func setDeviceTime(milliseconds: Int64?) { stamp = milliseconds.map { .number(Double($0)) } }

    /// As it is before a message is decoded.
    public mutating func clear() {
        readings.removeAll(keepingCapacity: true)
        // Most messages have none of these, and emptying an empty list is a call all the same.
        if !alerts.isEmpty { alerts.removeAll(keepingCapacity: true) }
        if !levels.isEmpty { levels.removeAll(keepingCapacity: true) }
        stamp = nil
        zone = nil
        fieldProblem = nil
        fieldProblems = 0
        impossibleValues = 0
        if !clearedGroups.isEmpty { clearedGroups.removeAll(keepingCapacity: true) }
    }
}

/// Why a member of a message could not be used. `name` comes from the device.
public struct FieldProblem: Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Equatable, Sendable {
        case notANumber, notWhole, mayBeIdentifier, notAState, noCodes, outOfRange, twice, badTime, tooManyNames, unit
        /// A member beside the value says by this word that it does not hold.
        case quality(String)
        /// The device tells this error in place of the value.
        case error(String)
    }
    public var kind: Kind
    public var name: String

    public var description: String {
        switch kind {
        case .notANumber: "\"\(name)\" is no number"
        case .notAState: "\"\(name)\" is no state"
        case .notWhole: "\"\(name)\" is no whole number in the form that the profile says"
        case .mayBeIdentifier:
            "\"\(name)\" may be an identifier or hexadecimal, as its text has zeros in front or an E between digits; hex: true or text: \"decimal\" of the metric says how it is to be read"
        case .noCodes: "\"\(name)\" does not hold codes in the form that the profile says"
        case .outOfRange: "\"\(name)\" is out of range"
        case .twice: "\"\(name)\" stands twice in one message, so neither is taken"
        case .unit: "\"\(name)\" comes in a unit that cannot be made that of the profile"
        case .quality(let word): "\"\(name)\" has the quality \(word), so its value is unknown"
        case .error(let word): "\"\(name)\" has the error \(word), so its value is unknown"
        case .badTime: "the time in \"\(name)\" cannot be read"
        case .tooManyNames: "\"\(name)\" is one name too many for this device: it, and the others of its profile, have used up theirs"
        }
    }
}
