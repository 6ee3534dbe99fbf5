/// A level far from the accepted one that has yet to prove that it stays.
struct LevelCandidate: Codable, Equatable, Sendable {
    /// A second reading this much later proves it …
    static let stayMilliseconds = 600_000.0
    /// … or this many readings.
    static let stayReadings: Int32 = 3
    /// A rise too small for a new cartridge is taken as a correction only after a day.
    static let correctionMilliseconds = 86_400_000.0

    enum Direction: UInt8, Codable, Sendable {
        case farDown, slightlyUp, farUp
    }

    let direction: Direction
    let sinceMilliseconds: Int64
    private var lastMilliseconds: Int64
    private var readings: Int32 = 1

    init(direction: Direction, timeMilliseconds: Int64) {
        self.direction = direction
        sinceMilliseconds = timeMilliseconds
        lastMilliseconds = timeMilliseconds
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
        case .farDown, .farUp: return readings >= Self.stayReadings || age >= Self.stayMilliseconds
        case .slightlyUp: return readings >= Self.stayReadings && age >= Self.correctionMilliseconds
        }
    }
}
