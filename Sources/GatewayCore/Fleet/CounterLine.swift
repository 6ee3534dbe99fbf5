/// The line on which the readings of one counter lie, and a reading beside it that waits for the next one to say what it was.
///
/// A counter rises, and no faster than it ever did. A reading below the line is a counter that was set back, replaced or overflowed, or it is
/// false; one far above it is real, a counter with another count, or false. One reading cannot tell; the next one can.
struct CounterLine: Equatable, Sendable {
    /// What a reading turned out to be.
    enum Verdict: Equatable, Sendable {
        /// The reading counts, with this value.
        case counts(Double)
        /// It counts, and what lies between it and the readings before is no use: the counter was set back or replaced.
        case begins(Double)
        /// It waits for the next reading.
        case waits
        /// The same reading once more.
        case repeats
    }

    struct Held: Equatable, Sendable {
        /// As the device told it.
        var raw: Double
        var timeMilliseconds: Int64
    }

    /// Readings steeper than this many times the steepest ever are looked at twice. Below lies what devices do: idle and full load.
    static let steepTimes = 100.0
    /// Readings closer together are judged as if they lay so far apart: arrivals come in bursts.
    static let shortestMilliseconds: Int64 = 1000
    /// Of an overflow: what was counted across it is at most so many times what the steepest rise would have given.
    private static let overflowTimes = 10.0

    /// Added to what the device tells: what it counted before its counter overflowed.
    var offset = 0.0
    var held: Held?
    /// Readings that were dropped by the last `judge`.
    private(set) var dropped = 0

    var isPlain: Bool { offset == 0 && held == nil }

    /// - Parameters:
    ///   - raw: as the device tells it.
    ///   - last: the newest reading that counts, with the offset; nil while there is none that was live.
    ///   - steepest: of the rises so far, a millisecond; 0 while there was none. It is raised by what is learned.
    ///   - scale: what one count is.
    mutating func judge(
        _ raw: Double, at time: Int64, last: (value: Double, timeMilliseconds: Int64)?, steepest: inout Float, scale: Double
    ) -> Verdict {
        dropped = 0
        guard let last else { return .counts(raw + offset) }
        guard let held else { return first(raw, at: time, last, &steepest) }
        guard time != held.timeMilliseconds || raw != held.raw else { return .repeats }
        let told = raw + offset
        let heldTold = held.raw + offset
        self.held = nil
        if heldTold < last.value {
            guard told < last.value else { return afterFalse(raw, at: time, last, &steepest) }
            // Two readings below the line: it is left for good.
            if raw >= held.raw, let modulus = overflow(last, held, steepest: Double(steepest), scale: scale) {
                offset += modulus
                return .counts(raw + offset)
            }
            if raw < held.raw { dropped = 1 }
            offset = 0
            return .begins(raw)
        }
        guard told >= heldTold else { return afterFalse(raw, at: time, last, &steepest) }
        let rate = Self.rate(told - heldTold, Self.elapsed(held.timeMilliseconds, time))
        if rate > Double(steepest) {
            // It goes on as steeply.
            learn(rate, &steepest)
            return .counts(told)
        }
        // A counter with another count, or a single burst: after a few of those they are usual.
        learn(Double(steepest) * 10, &steepest)
        return .begins(told)
    }

    /// The reading that waited was false.
    private mutating func afterFalse(
        _ raw: Double, at time: Int64, _ last: (value: Double, timeMilliseconds: Int64), _ steepest: inout Float
    ) -> Verdict {
        dropped = 1
        return first(raw, at: time, last, &steepest)
    }

    /// A reading that follows one that counts.
    private mutating func first(
        _ raw: Double, at time: Int64, _ last: (value: Double, timeMilliseconds: Int64), _ steepest: inout Float
    ) -> Verdict {
        let rise = raw + offset - last.value
        let elapsed = Self.elapsed(last.timeMilliseconds, time)
        let rate = Self.rate(rise, elapsed)
        if rise < 0 || (steepest > 0 && rate > Double(steepest) * Self.steepTimes) {
            held = Held(raw: raw, timeMilliseconds: time)
            return .waits
        }
        if rate > Double(steepest) { learn(rate, &steepest) }
        return .counts(raw + offset)
    }

    /// Rounded up, so that the same rate is not learned again and again.
    private func learn(_ rate: Double, _ steepest: inout Float) { steepest = min(Float(rate).nextUp, .greatestFiniteMagnitude) }

    static func elapsed(_ from: Int64, _ to: Int64) -> Int64 {
        let elapsed = to.subtractingReportingOverflow(from)
        return elapsed.overflow ? .max : max(elapsed.partialValue, shortestMilliseconds)
    }

    private static func rate(_ rise: Double, _ elapsed: Int64) -> Double { min(rise / Double(elapsed), .greatestFiniteMagnitude) }

    /// What a counter of 15, 16, 31 or 32 bits lost when it overflowed between the two readings; nil where that is not what happened.
    private func overflow(_ last: (value: Double, timeMilliseconds: Int64), _ held: Held, steepest: Double, scale: Double) -> Double? {
        guard scale > 0, steepest > 0 else { return nil }
        let before = last.value - offset
        for bits in [15, 16, 31, 32] {
            let modulus = Double(sign: .plus, exponent: bits, significand: 1) * scale
            // A signed counter goes on at the other end; that of 15 or 31 bits is a signed one whose sign is masked.
            let isSigned = held.raw < 0
            guard bits % 16 == 0 || !isSigned, before <= (isSigned ? modulus / 2 : modulus), held.raw >= -modulus / 2 else { continue }
            let counted = held.raw + modulus - before
            let usual = steepest * Double(Self.elapsed(last.timeMilliseconds, held.timeMilliseconds)) * Self.overflowTimes
            if counted >= 0, counted <= min(usual, modulus / 4) { return modulus }
        }
        return nil
    }
}
