import Documents

/// How large the largest values of the past were: a logarithmic histogram of the maxima of blocks of ticks, for each of the four ways of
/// looking (`AnomalyKind`, by its raw value).
///
/// Ticks of one event are not independent, maxima of blocks nearly are: so the rank of a value among them says how rare it is whatever
/// the distribution of the metric, and metrics can be compared. Old events fade: instead of all counts shrinking at each block, each
/// new event weighs more than the one before, and counts and weight are halved together at a half-life.
///
/// The counts lie in tables of the detector, which the caller passes.
struct EventRanks: Sendable {
    static let binCount = 120
    private static let binsPerDecade: Float = 40
    private static let lowestDecade: Float = -1

    /// The highest bin with a count.
    private var highest = SIMD4<UInt8>(repeating: 0)
    /// The highest bin of the block that is still open.
    private var pending = SIMD4<UInt8>(repeating: 0)
    /// Below it, values are too common to be ranked.
    private var threshold = SIMD4<UInt8>(repeating: 0)

    static func bin(_ value: Float) -> Int {
        assert(!value.isNaN, "no bin is that of no number")
        // The lowest and highest bins take all that is beyond, infinity too.
        let position = (FastLog.log10(max(value, 1e-3)) - lowestDecade) * binsPerDecade
        return Int(min(max(position, 0), Float(binCount - 1)))
    }

    /// Notes a bin in the open block and returns the weight of past maxima above it, in it, or at most `margin` bins below it; nil when
    /// the value is too common to be ranked, which it is nearly always.
    @inline(__always)
    mutating func note(_ kind: Int, _ bin: Int, margin: Int, _ tables: borrowing SparseTables) -> UInt32? {
        pending[kind] = max(pending[kind], UInt8(truncatingIfNeeded: bin))
        let lowest = max(0, bin - margin)
        return lowest >= Int(threshold[kind]) ? weight(kind, from: lowest, tables) : nil
    }

    private func weight(_ kind: Int, from lowest: Int, _ tables: borrowing SparseTables) -> UInt32 {
        let table = SparseTables.Table.ranks(kind)
        var weight: UInt32 = 0
        for place in 0..<tables.count(table) {
            let (bin, offset) = tables.entry(table, at: place)
            if bin >= lowest, bin <= highest[kind] { weight &+= UInt32(tables.load(offset, as: UInt16.self)) }
        }
        return weight
    }

    /// Finds the lowest bin for which the weight in it and above is at most `limit`: values below are too common to be ranked.
    mutating func findThreshold(_ kind: Int, limit: UInt32, _ tables: borrowing SparseTables) {
        let table = SparseTables.Table.ranks(kind)
        var weight: UInt32 = 0
        for place in (0..<tables.count(table)).reversed() {
            let (bin, offset) = tables.entry(table, at: place)
            guard bin <= highest[kind] else { continue }
            weight &+= UInt32(tables.load(offset, as: UInt16.self))
            if weight > limit {
                threshold[kind] = bin + 1
                return
            }
        }
        threshold[kind] = 0
    }

    /// Closes the block.
    mutating func close(_ kind: Int, weight: UInt16, _ tables: inout SparseTables) {
        let offset = tables.findOrInsert(.ranks(kind), pending[kind])
        let count = tables.load(offset, as: UInt16.self)
        tables.store(UInt16(min(UInt32(count) + UInt32(weight), UInt32(UInt16.max))), at: offset)
        highest[kind] = max(highest[kind], pending[kind])
        pending[kind] = 0
    }

    mutating func halve(_ kind: Int, _ tables: inout SparseTables) {
        let table = SparseTables.Table.ranks(kind)
        highest[kind] = 0
        for place in (0..<tables.count(table)).reversed() {
            let (bin, offset) = tables.entry(table, at: place)
            let half = tables.load(offset, as: UInt16.self) / 2
            if half == 0 {
                tables.remove(table, at: place)
            } else {
                tables.store(half, at: offset)
                highest[kind] = max(highest[kind], bin)
            }
        }
    }

    /// The open block's maximum, and the counts from the first to the last that is not zero.
    mutating func code(_ kind: Int, _ tables: inout SparseTables, by coder: inout FieldCoder) throws(ByteCodingError) {
        let table = SparseTables.Table.ranks(kind)
        var first = tables.count(table) > 0 ? tables.entry(table, at: 0).key : 0
        try coder.code(&pending[kind])
        try coder.code(&first)
        try coder.code(&highest[kind])
        guard Int(max(pending[kind], first, highest[kind])) < Self.binCount else { throw coder.damage }
        for bin in first...max(first, highest[kind]) {
            var count = tables.find(table, bin).map { tables.load($0, as: UInt16.self) } ?? 0
            try coder.code(compact: &count)
            if coder.isReading, count > 0 { tables.store(count, at: tables.findOrInsert(table, bin)) }
        }
    }
}
