/// How large the largest values of the past were: a logarithmic histogram of the maxima of blocks of ticks.
///
/// Ticks of one event are not independent, maxima of blocks nearly are: so the rank of a value among them says how rare it is whatever
/// the distribution of the metric, and metrics can be compared. Old events fade: instead of all counts shrinking at each block, each
/// new event weighs more than the one before, and counts and weight are halved together at a half-life.
struct EventRanks: Sendable {
    static let binCount = 120
    private static let binsPerDecade: Float = 40
    private static let lowestDecade: Float = -1

    private(set) var counts = InlineArray<120, UInt16>(repeating: 0)
    /// The highest bin with a count.
    private(set) var highest: UInt8 = 0
    /// The highest bin of the block that is still open.
    private(set) var pending: UInt8 = 0
    /// Below it, values are too common to be ranked.
    private(set) var threshold: UInt8 = 0

    static func bin(_ value: Float) -> Int {
        // The lowest and highest bins take all that is beyond, so NaN must not come here; infinity may.
        let position = (FastLog.log10(max(value, 1e-3)) - lowestDecade) * binsPerDecade
        return Int(min(max(position, 0), Float(binCount - 1)))
    }

    /// Notes a bin in the open block and returns the weight of past maxima above it, in it, or at most `margin` bins below it; nil when
    /// that is more than anybody asks for, which is nearly always.
    mutating func note(_ bin: Int, margin: Int) -> UInt32? {
        pending = max(pending, UInt8(truncatingIfNeeded: bin))
        let lowest = max(0, bin - margin)
        guard lowest >= Int(threshold) else { return nil }
        var weight: UInt32 = 0
        var index = Int(highest)
        while index >= lowest {
            weight &+= UInt32(counts[index])
            index -= 1
        }
        return weight
    }

    /// Finds the lowest bin that is worth a look: at or above it lies no more than `limit`.
    mutating func findThreshold(limit: UInt32) {
        var weight: UInt32 = 0
        var index = Int(highest)
        while index >= 0 {
            weight &+= UInt32(counts[index])
            if weight > limit { break }
            index -= 1
        }
        threshold = UInt8(index + 1)
    }

    /// Closes the block.
    mutating func close(weight: UInt16) {
        let index = Int(pending)
        counts[index] = UInt16(min(UInt32(counts[index]) + UInt32(weight), UInt32(UInt16.max)))
        highest = max(highest, pending)
        pending = 0
    }

    mutating func halve() {
        var top = 0
        for index in 0..<Self.binCount {
            counts[index] /= 2
            if counts[index] > 0 { top = index }
        }
        highest = UInt8(top)
    }
}

extension EventRanks {
    /// The open block's maximum, and the counts from the first to the last that is not zero.
    func write(to bytes: inout CompactWriter) {
        bytes.byte(pending)
        let first = (0..<Self.binCount).first { counts[$0] > 0 } ?? 0
        bytes.byte(UInt8(first))
        bytes.byte(highest)
        for index in first...max(first, Int(highest)) { bytes.number(UInt64(counts[index])) }
    }

    /// Nil when the bytes do not make sense.
    init?(from bytes: inout CompactReader) {
        guard let pending = bytes.byte(), let first = bytes.byte(), let last = bytes.byte(),
            Int(pending) < Self.binCount, Int(last) < Self.binCount
        else { return nil }
        self.pending = pending
        for index in Int(first)...max(Int(first), Int(last)) {
            guard index < Self.binCount, let count = bytes.number(), count <= UInt64(UInt16.max) else { return nil }
            counts[index] = UInt16(count)
        }
        highest = last
    }
}
