import Documents
import Glibc

/// How large the largest sizes of the past were, and how rare a size therefore is.
///
/// Ticks of one event are not independent, maxima of blocks of ticks nearly are. A logarithmic histogram holds those maxima for each way of
/// looking (`AnomalyKind`, by its raw value), and another for the lower side of those two whose sides are different things: a slow mean below
/// what is usual, and a metric that moves less than it does.
///
/// Above their upper quartile the logarithms of such maxima fall off about exponentially, whatever the metric: so the distance of a size from
/// the quartile, in mean excesses over it, compares metrics. A light tail makes the mean excess small, a heavy one large, and one
/// early event moves both little.
///
/// The rarity of a size is the surprise `-ln p` of meeting it, where `p` is the share of the maxima above the quartile that are as large. It is
/// estimated from those that were counted and from `assumedMaxima` more that fall off exponentially: what lies beyond all that was seen is
/// judged by the distance, and what was seen before is never rarer than its count, however far out it is. That is the posterior mean of
/// a Dirichlet process whose base is the exponential law.
///
/// Old maxima fade: instead of all counts shrinking at each block, each new one weighs more than the one before, and counts and weight
/// are halved together at a half-life.
///
/// The counts lie in tables of the detector, which the caller passes.
struct BlockMaxima: Sendable {
    /// One for each way of looking, and after them the lower sides.
    static let tableCount = 7
    static let binCount = 128
    private static let binsPerDecade: Float = 32
    private static let lowestDecade: Float = -1
    private static var highestDecade: Float { lowestDecade + Float(binCount - 1) / binsPerDecade }
    /// What is assumed before anything is known counts for so many maxima above the quartile,
    private static let assumedMaxima: Float = 50
    /// with this mean excess over it, in decades.
    private static let assumedExcess: Float = 0.087
    /// A past maximum that is by so many mean excesses smaller counts as being as large.
    private static let likeness: Float = 0.5

    /// The highest bin of the block that is still open.
    private var pending = InlineArray<7, UInt8>(repeating: 0)
    /// Decades of the upper quartile, and mean excesses over it in a decade; 0 before the first block has ended.
    private var quartile = InlineArray<7, Float>(repeating: 0)
    private var excesses = InlineArray<7, Float>(repeating: 0)
    /// Maxima above the quartile, counted and assumed, as a multiple of the assumed; and the natural logarithm of that, by which a size that
    /// was never seen is rarer than its distance says.
    private var experience = InlineArray<7, Float>(repeating: 1)
    private var unseen = InlineArray<7, Float>(repeating: 0)

    /// The table of a way of looking on one side.
    @inline(__always)
    static func table(_ kind: Int, isBelow: Bool) -> Int {
        guard isBelow else { return kind }
        return kind == Int(AnomalyKind.level.rawValue) ? 5 : kind == Int(AnomalyKind.activity.rawValue) ? 6 : kind
    }

    /// Decades of a size; those that are too small or too large for the histogram are at its ends.
    @inline(__always)
    private static func decades(_ size: Float) -> Float {
        assert(!size.isNaN, "no place is that of no number")
        return min(max(FastLog.log10(max(size, 1e-3)), lowestDecade), highestDecade)
    }

    /// The decades that have this rarity if as much was never seen; nil where nothing is known, and beyond the histogram.
    func decades(_ kind: Int, atRarity rarity: Float) -> Float? {
        guard excesses[kind] > 0 else { return nil }
        let decades = quartile[kind] + (rarity - unseen[kind]) / excesses[kind]
        return decades < Self.highestDecade ? decades : nil
    }

    @inline(__always)
    private static func bin(_ decades: Float) -> Int { Int((decades - lowestDecade) * binsPerDecade) }

    /// Notes a size in the open block and returns how rare it is if as much was never seen.
    @inline(__always)
    mutating func note(_ kind: Int, _ size: Float) -> Float {
        let decades = Self.decades(size)
        pending[kind] = max(pending[kind], UInt8(truncatingIfNeeded: Self.bin(decades)))
        return excesses[kind] > 0 ? (decades - quartile[kind]) * excesses[kind] + unseen[kind] : 0
    }

    /// How many past maxima were about as large or larger, in maxima of `weight`. Only after a block has ended.
    func count(_ kind: Int, asLargeAs size: Float, weight: UInt16, _ tables: borrowing SparseTables) -> Float {
        let table = SparseTables.Table.maxima(kind)
        let lowest = Self.bin(max(Self.decades(size) - Self.likeness / excesses[kind], Self.lowestDecade))
        var sum: UInt32 = 0
        for place in (0..<tables.count(table)).reversed() {
            let (bin, offset) = tables.entry(table, at: place)
            guard bin >= lowest else { break }
            sum &+= UInt32(tables.load(offset, as: UInt16.self))
        }
        return Float(sum) / Float(weight)
    }

    /// How rare a size is of which `count` past maxima were as large, from what it would be without them.
    func rarity(_ kind: Int, _ rarity: Float, seen count: Float) -> Float {
        guard count > 0 else { return rarity }
        return -log(count / (Self.assumedMaxima * experience[kind]) + exp(-rarity))
    }

    /// Closes the block.
    mutating func close(_ kind: Int, weight: UInt16, _ tables: inout SparseTables) {
        let offset = tables.findOrInsert(.maxima(kind), pending[kind])
        let count = tables.load(offset, as: UInt16.self)
        tables.store(UInt16(min(UInt32(count) + UInt32(weight), UInt32(UInt16.max))), at: offset)
        pending[kind] = 0
    }

    static func halve(_ kind: Int, _ tables: inout SparseTables) {
        let table = SparseTables.Table.maxima(kind)
        for place in (0..<tables.count(table)).reversed() {
            let (_, offset) = tables.entry(table, at: place)
            let half = tables.load(offset, as: UInt16.self) / 2
            if half == 0 { tables.remove(table, at: place) } else { tables.store(half, at: offset) }
        }
    }

    /// Finds quartile and mean excess from the histogram.
    mutating func measure(_ kind: Int, weight: UInt16, _ tables: borrowing SparseTables) {
        let table = SparseTables.Table.maxima(kind)
        var total: UInt32 = 0
        for place in 0..<tables.count(table) { total &+= UInt32(tables.load(tables.entry(table, at: place).offset, as: UInt16.self)) }
        guard total > 0 else {
            quartile[kind] = 0
            excesses[kind] = 0
            experience[kind] = 1
            unseen[kind] = 0
            return
        }
        // From the top: counts above, and the sum of their bins, from which the excess follows when the quartile's bin is known.
        var above: UInt32 = 0
        var bins: UInt64 = 0
        for place in (0..<tables.count(table)).reversed() {
            let (bin, offset) = tables.entry(table, at: place)
            let count = UInt32(tables.load(offset, as: UInt16.self))
            if (above &+ count) &* 4 >= total {
                let sum = Float(bins - UInt64(above) * UInt64(bin)) / (Self.binsPerDecade * Float(weight))
                quartile[kind] = Self.lowestDecade + (Float(bin) + 0.5) / Self.binsPerDecade
                let maxima = Self.assumedMaxima + Float(above) / Float(weight)
                excesses[kind] = maxima / (Self.assumedMaxima * Self.assumedExcess + sum)
                experience[kind] = maxima / Self.assumedMaxima
                unseen[kind] = log(experience[kind])
                return
            }
            above &+= count
            bins += UInt64(count) * UInt64(bin)
        }
    }

    /// The open block's maximum, and the counts from the first to the last that is not zero.
    mutating func code(_ kind: Int, _ tables: inout SparseTables, by coder: inout FieldCoder) throws(ByteCodingError) {
        let table = SparseTables.Table.maxima(kind)
        let entries = tables.count(table)
        var first = entries > 0 ? tables.entry(table, at: 0).key : 0
        var last = entries > 0 ? tables.entry(table, at: entries - 1).key : 0
        try coder.code(&pending[kind])
        try coder.code(&first)
        try coder.code(&last)
        guard Int(max(pending[kind], first, last)) < Self.binCount else { throw coder.damage }
        for bin in first...max(first, last) {
            var count = tables.find(table, bin).map { tables.load($0, as: UInt16.self) } ?? 0
            try coder.code(compact: &count)
            if coder.isReading, count > 0 { tables.store(count, at: tables.findOrInsert(table, bin)) }
        }
    }
}
