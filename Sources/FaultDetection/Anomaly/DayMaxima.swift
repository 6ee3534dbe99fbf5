/// The largest q (`MetricDetector`) of each twelfth of the last day, which is counted in ticks.
///
/// Nearly all are −1, what is too common to be ranked: only others have an entry in the detector's table.
struct DayMaxima: Sendable {
    /// Of a twelfth without a tick.
    private static let none: Float = -9
    private static let common: Float = -1

    /// The twelfth that is open, and its ticks so far.
    var index: UInt8 = 0
    var ticks: UInt8 = 0
    /// A bit for each twelfth that had a tick.
    private var hadTicks: UInt16 = 0

    func strongest(_ tables: borrowing SparseTables) -> Float {
        var strongest = hadTicks == 0 ? Self.none : Self.common
        for place in 0..<tables.count(.dayMaxima) {
            strongest = max(strongest, tables.load(tables.entry(.dayMaxima, at: place).offset, as: Float.self))
        }
        return strongest
    }

    mutating func note(_ q: Float, ticksPerTwelfth: Float, _ tables: inout SparseTables) {
        let before = value(Int(index), tables)
        if q > before { set(Int(index), q, &tables) }
        ticks += 1
        guard Float(ticks) >= ticksPerTwelfth else { return }
        ticks = 0
        index = (index + 1) % 12
        set(Int(index), Self.none, &tables)
    }

    func value(_ index: Int, _ tables: borrowing SparseTables) -> Float {
        if tables.count(.dayMaxima) > 0, let known = tables.find(.dayMaxima, UInt8(index)) { return tables.load(known, as: Float.self) }
        return hadTicks >> index & 1 == 0 ? Self.none : Self.common
    }

    mutating func set(_ index: Int, _ value: Float, _ tables: inout SparseTables) {
        let bit: UInt16 = 1 << index
        hadTicks = value == Self.none ? hadTicks & ~bit : hadTicks | bit
        if value == Self.none || value == Self.common {
            tables.remove(.dayMaxima, key: UInt8(index))
        } else {
            tables.store(value, at: tables.findOrInsert(.dayMaxima, UInt8(index)))
        }
    }
}
