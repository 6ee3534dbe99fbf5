import CivilCalendar
import Documents

/// What a metric usually is at a half-hour of a weekday or of a weekend day, and how far off that usually is.
enum SeasonTable {
    static let slotCount = 96
    /// The slowest rate of learning: a slot follows a change within some thirty ticks of its own, which is days.
    private static let slowestRate = 0.03

    /// What is known of one slot.
    struct Entry {
        /// Relative to the metric's origin.
        var mean: Float = 0
        /// Root of the mean squared residual: the square of a large number would not fit.
        var spread: Float = 0
        /// Ticks that it was learned from, at most 255; never 0 in the table.
        var count: UInt8 = 0

        /// Mean squared residual.
        var variance: Double { Double(spread) * Double(spread) }

        /// `square` is that of the residual, or what of it is to count.
        mutating func learn(_ value: Double, square learned: Double) {
            if count < UInt8.max { count += 1 }
            let rate = max(1 / Double(count), slowestRate)
            let old = Double(mean)
            let square = variance
            mean = count == 1 ? Float(value) : Float(old + rate * (value - old))
            spread = Float((square + rate * (learned - square)).squareRoot())
        }
    }

    /// The slot of a local time in milliseconds since 1970.
    static func slot(localMilliseconds time: Int64) -> Int {
        let halfHours = time.dividedDown(by: 1_800_000)
        let day = halfHours.dividedDown(by: 48)
        return Int(halfHours - day * 48) + (Weekday(daysSince1970: Int(day)).isWeekend ? 48 : 0)
    }

    static func isWeekend(_ slot: Int) -> Bool { slot >= 48 }

    static func code(_ tables: inout SparseTables, by coder: inout FieldCoder) throws(ByteCodingError) {
        for slot in 0..<UInt8(slotCount) {
            var entry = tables.find(.season, slot).map { tables.seasonEntry($0) } ?? Entry()
            try coder.code(&entry.count)
            if entry.count == 0 { continue }
            try coder.code(&entry.mean)
            try coder.code(&entry.spread)
            guard entry.spread >= 0 else { throw coder.damage }
            if coder.isReading { tables.store(entry, at: tables.findOrInsert(.season, slot)) }
        }
    }
}

extension SparseTables {
    @inline(__always)
    func seasonEntry(_ offset: Int) -> SeasonTable.Entry {
        SeasonTable.Entry(
            mean: load(offset, as: Float.self), spread: load(offset + 4, as: Float.self), count: load(offset + 8, as: UInt8.self))
    }

    @inline(__always)
    mutating func store(_ entry: SeasonTable.Entry, at offset: Int) {
        store(entry.mean, at: offset)
        store(entry.spread, at: offset + 4)
        store(entry.count, at: offset + 8)
    }
}
