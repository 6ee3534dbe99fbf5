import CivilCalendar
import Documents

/// A level far from the accepted one that has yet to prove that it stays.
struct LevelCandidate: Codable, Equatable, Sendable {
    /// A second reading this much later proves it …
    static let stayMilliseconds = 600_000.0
    /// … or this many readings.
    static let stayReadings: Int32 = 3
    /// What is weaker evidence than a number, and a rise too small for a new cartridge, is taken only after half a day.
    static let slowMilliseconds = 43_200_000.0

    enum Direction: UInt8, Codable, Sendable {
        case farDown, slightlyUp, farUp
        /// "Some remaining" where a low number was: above the level below which this device counts.
        case someUp
        /// Another serial number.
        case serial
        /// A small rise that the cartridge before cannot have made.
        case unlikelyUp
        /// More than before in a supply that is topped up.
        case refill
    }

    private(set) var direction: Direction
    /// Which serial number it is about; nil for a level.
    private(set) var serial: UInt64?
    private(set) var sinceMilliseconds: Int64
    private var lastMilliseconds: Int64
    private var readings: Int32 = 1
    /// Odometer when it was first seen, and at the reading before.
    private(set) var sinceUnits: Double
    private(set) var beforeUnits: Double

    init(direction: Direction, serial: UInt64?, timeMilliseconds: Int64, units: Double, beforeUnits: Double) {
        self.direction = direction
        self.serial = serial
        sinceMilliseconds = timeMilliseconds
        lastMilliseconds = timeMilliseconds
        sinceUnits = units
        self.beforeUnits = beforeUnits
    }

    /// Takes one more reading of the same direction; true when it has stayed long enough.
    /// The same message met twice has the same time and proves nothing.
    mutating func stays(atMilliseconds time: Int64) -> Bool {
        guard time > lastMilliseconds else { return false }
        lastMilliseconds = time
        if readings < .max { readings += 1 }
        // As doubles, so that no pair of times overflows.
        let age = Double(time) - Double(sinceMilliseconds)
        switch direction {
        case .farDown, .farUp, .unlikelyUp, .serial, .refill: return readings >= Self.stayReadings || age >= Self.stayMilliseconds
        case .slightlyUp, .someUp: return readings >= Self.stayReadings && age >= Self.slowMilliseconds
        }
    }

    mutating func shift(byMilliseconds step: Int64) {
        sinceMilliseconds = sinceMilliseconds.shifted(byMilliseconds: step)
        lastMilliseconds = lastMilliseconds.shifted(byMilliseconds: step)
    }

    mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        var code = direction.rawValue
        try coder.code(&code)
        guard let known = Direction(rawValue: code) else { throw coder.damage }
        direction = known
        try coder.code(&serial, &sinceMilliseconds, &lastMilliseconds, &readings)
        try coder.code(&sinceUnits, &beforeUnits)
    }
}
