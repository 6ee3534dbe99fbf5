/// What a metric usually is at a half-hour of a weekday or of a weekend day, and how far off that usually is.
struct SeasonTable: Sendable {
    static let slotCount = 96
    /// The slowest rate of learning: a slot follows a change within some thirty ticks of its own, which is days.
    private static let slowestRate = 0.03

    /// Relative to the metric's origin.
    private(set) var means = InlineArray<96, Float>(repeating: 0)
    /// Root of the mean squared residual: the square of a large number would not fit.
    private(set) var spreads = InlineArray<96, Float>(repeating: 0)
    private(set) var counts = InlineArray<96, UInt8>(repeating: 0)

    /// The slot of a local time in milliseconds since 1970.
    static func slot(localMilliseconds time: Int64) -> Int {
        let halfHours = floorDivide(time, 1_800_000)
        let day = floorDivide(halfHours, 48)
        // 1970-01-01 was a Thursday; 0 is Sunday.
        let weekday = day + 4 - floorDivide(day + 4, 7) * 7
        return Int(halfHours - day * 48) + (weekday == 0 || weekday == 6 ? 48 : 0)
    }

    static func isWeekend(_ slot: Int) -> Bool { slot >= 48 }

    /// Nil while nothing is known of the slot.
    func mean(_ slot: Int) -> Double? { counts[slot] > 0 ? Double(means[slot]) : nil }

    /// Mean squared residual of the slot.
    func variance(_ slot: Int) -> Double { Double(spreads[slot]) * Double(spreads[slot]) }

    mutating func learn(_ slot: Int, _ value: Double, residual: Double) {
        if counts[slot] < UInt8.max { counts[slot] += 1 }
        let rate = max(1 / Double(counts[slot]), Self.slowestRate)
        let old = Double(means[slot])
        means[slot] = counts[slot] == 1 ? Float(value) : Float(old + rate * (value - old))
        let square = variance(slot)
        spreads[slot] = Float((square + rate * (residual * residual - square)).squareRoot())
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
        let quotient = a / b
        return a % b < 0 ? quotient - 1 : quotient
    }
}

extension SeasonTable {
    func write(to bytes: inout CompactWriter) {
        for slot in 0..<Self.slotCount {
            bytes.byte(counts[slot])
            if counts[slot] == 0 { continue }
            bytes.float(means[slot])
            bytes.float(spreads[slot])
        }
    }

    init?(from bytes: inout CompactReader) {
        for slot in 0..<Self.slotCount {
            guard let count = bytes.byte() else { return nil }
            if count == 0 { continue }
            guard let mean = bytes.float(), let spread = bytes.float(), spread >= 0 else { return nil }
            counts[slot] = count
            means[slot] = mean
            spreads[slot] = spread
        }
    }
}
