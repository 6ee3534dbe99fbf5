import CivilCalendar
import Glibc

@testable import FaultDetection

/// Watches one gauge or rate without a rule: one pass, bounded state, no look ahead, no training.
///
/// Readings are gathered into ticks of at least four minutes. Each tick is looked at in four ways (`AnomalyKind`), and each way ranks
/// what it sees among the maxima of past blocks of ticks (`PlainEventRanks`). The score is q = 0.3·log₁₀(T + 1) − log₁₀(c + 1) over its limit,
/// where T blocks are remembered and c of them had as much: so that a value that was never seen counts for more, the longer the past. It is invariant to the metric's unit, offset and sign.
///
/// The value is plain data without references: an array of detectors is one piece of memory.
struct PlainMetricDetector: Sendable {
    /// A tick closes with the first reading that comes as long after the one that closed the tick before.
    static let tickMilliseconds: Int64 = 240_000
    /// The q at which a warning is raised: where the score is 1.
    static let limit: Float = 0.11
    static let ticksPerBlock: UInt8 = 50
    /// Before that a warning would come of knowing nothing: both must have passed.
    static let warmupTicks: UInt32 = 240
    static let warmupMilliseconds: Int64 = 2 * 86_400_000
    /// Weight of a new event when counts and weight have just been halved; it doubles until they are again, after 250 blocks.
    static let firstWeight = 64.0
    static let halfLifeBlocks = 250.0
    static let slowestRate = 1.0 / 6000
    /// Ticks in a row that have to be usual before a warning clears: an hour of five-minute ticks.
    static let calmTicks: UInt8 = 12

    // What has come in since the last tick.
    var origin = 0.0
    var firstMilliseconds = Int64.min
    var lastMilliseconds = Int64.min
    var tickStart = Int64.min
    var sum = 0.0
    var count: UInt32 = 0

    // What is usual; all values relative to the origin.
    var season = PlainSeasonTable()
    var ticks: UInt32 = 0
    var tickSeconds: Float = 0
    var residualVariance = 0.0
    var mean = 0.0
    var variance = 0.0
    var level = 0.0
    var previous = 0.0
    var changeVariance = 0.0
    var sustained = 0.0
    var sustainedVariance = 0.0

    // How rare it is.
    var ranks = InlineArray<4, PlainEventRanks>(repeating: PlainEventRanks())
    var blockTicks: UInt8 = 0
    var blocksSinceHalving: UInt8 = 0
    var totalWeight: UInt32 = 0
    /// Of an event now; it changes only with the block, as does the next.
    var weight: UInt16 = 64
    /// 0.3·log₁₀(T + 1)
    var familiarity: Float = 0

    // What has been said of it.
    var recent = InlineArray<12, Float>(repeating: -9)
    var recentIndex: UInt8 = 0
    var recentTicks: UInt8 = 0
    var calm: UInt8 = 0
    var isAnomalous = false
    /// Since when the value has been on one side of what is usual.
    var sideMilliseconds = Int64.min
    var side: Int8 = 0
    /// Why the last warning was raised.
    var reason = AnomalyReason()

    init() {}

    /// The clock that dates its readings was set.
    mutating func shift(byMilliseconds step: Int64) {
        firstMilliseconds = firstMilliseconds.shifted(byMilliseconds: step)
        lastMilliseconds = lastMilliseconds.shifted(byMilliseconds: step)
        tickStart = tickStart.shifted(byMilliseconds: step)
        sideMilliseconds = sideMilliseconds.shifted(byMilliseconds: step)
    }

    typealias Verdict = MetricDetector.Verdict

    /// Takes a reading in event time. Numbers that are not finite are unknown, and readings that are not newer than the last are
    /// late: neither feeds anything.
    ///
    /// `utcOffsetSeconds` is that of the device's zone, for the hour of the day and the day of the week.
    mutating func observe(_ value: Double, atMilliseconds time: Int64, utcOffsetSeconds: Int = 0) -> Verdict {
        let sane = Int64.min / 4...Int64.max / 4
        guard value.isFinite, sane.contains(time), time > lastMilliseconds else { return Verdict(isAnomalous: isAnomalous) }
        if lastMilliseconds == .min {
            origin = value
            firstMilliseconds = time
            tickStart = time - Self.tickMilliseconds
        } else if time - lastMilliseconds > gapMilliseconds {
            // What came before the silence is no part of a mean with what comes after it.
            sum = 0
            count = 0
            side = 0
        }
        lastMilliseconds = time
        // Bounded, so that a float holds it and squares are finite.
        sum += min(max(value - origin, -1e30), 1e30)
        count &+= 1
        guard time - tickStart >= Self.tickMilliseconds else { return Verdict(isAnomalous: isAnomalous) }
        let mean = sum / Double(max(count, 1))
        let elapsed = time - tickStart
        sum = 0
        count = 0
        tickStart = time
        let slot = PlainSeasonTable.slot(localMilliseconds: time + Int64(utcOffsetSeconds) * 1000)
        return tick(mean, slot: slot, at: time, elapsed: elapsed)
    }

    /// Longer than this between two readings, nothing is known of the time between.
    var gapMilliseconds: Int64 { max(900_000, Int64(tickSeconds) * 4000) }

    private mutating func tick(_ x: Double, slot: Int, at time: Int64, elapsed: Int64) -> Verdict {
        let isGap = ticks > 0 && elapsed > gapMilliseconds
        followInterval(Float(Double(elapsed) / 1000), isGap: isGap)
        let signals = look(at: x, slot: slot, at: time, isGap: isGap)
        var best: Float = -9
        var kind = AnomalyKind.season
        for index in 0..<4 {
            let q = rank(signals.sizes[index], index)
            if q > best {
                best = q
                kind = AnomalyKind(rawValue: UInt8(index)) ?? .season
            }
        }
        closeBlock()
        return judge(best, kind, signals, at: time)
    }

    /// The ticks in a day, bounded: memories of "a day" are counted in ticks.
    var ticksPerDay: Float { min(300, max(50, 86_400 / max(tickSeconds, 1))) }

    /// Follows a change to shorter ticks fast and to longer ones slowly, because missing readings look like longer ones.
    private mutating func followInterval(_ seconds: Float, isGap: Bool) {
        if ticks <= 1 {
            tickSeconds = seconds
        } else if !isGap {
            tickSeconds = seconds < tickSeconds ? max(seconds, tickSeconds * 0.9) : min(seconds, tickSeconds * 1.02)
        }
    }

    /// By how many bins of 6 % a size has to be above an old maximum to rank above it, and how large it has to be at all, for each way
    /// of looking.
    ///
    /// A record alone is not enough: whatever is watched for a month breaks its records, plain noise as well, but noise does so at sizes
    /// that are known. Below the floor a size is what noise reaches in a month, and though it may be new, it is nothing to warn of. The
    /// margins keep wandering values, which go to new records bit by bit, from a warning at each.
    private static func caution(_ index: Int) -> (margin: Int, floor: Float) {
        switch index {
        case 0: (1, 8)
        case 1: (1, 2.5)
        case 2: (4, 6)
        default: (2, 3.5)
        }
    }

    /// q of a size, or −1 when it is too common or too small to be ranked.
    private mutating func rank(_ size: Float, _ index: Int) -> Float {
        let (margin, floor) = Self.caution(index)
        guard let found = ranks[index].note(PlainEventRanks.bin(size), margin: margin), size >= floor else { return -1 }
        return found == 0 ? familiarity : familiarity - FastLog.log10(Float(found) / Float(weight) + 1)
    }

    private mutating func closeBlock() {
        blockTicks += 1
        guard blockTicks >= Self.ticksPerBlock else { return }
        blockTicks = 0
        for index in 0..<4 { ranks[index].close(weight: weight) }
        totalWeight += UInt32(weight)
        blocksSinceHalving += 1
        if Double(blocksSinceHalving) >= Self.halfLifeBlocks {
            blocksSinceHalving = 0
            totalWeight /= 2
            for index in 0..<4 { ranks[index].halve() }
        }
        weigh()
    }

    /// What follows from the number of blocks.
    mutating func weigh() {
        weight = UInt16((Self.firstWeight * exp2(Double(blocksSinceHalving) / Self.halfLifeBlocks)).rounded())
        let blocks = Float(totalWeight) / Float(weight)
        familiarity = 0.3 * FastLog.log10(blocks + 1)
        // Beyond that many, q is negative.
        let limit = UInt32(Float(weight) * max(0, Float(exp2(Double(familiarity) * 3.321_928)) - 1))
        for index in 0..<4 { ranks[index].findThreshold(limit: limit) }
    }
}

extension PlainMetricDetector {
    func explain(_ kind: AnomalyKind, _ signals: Signals, at time: Int64) -> AnomalyReason {
        var reason = AnomalyReason()
        reason.kind = kind
        reason.isWeekend = PlainSeasonTable.isWeekend(signals.slot)
        let index = Int(kind.rawValue)
        reason.deviation = signals.deviations[index]
        reason.times = signals.sizes[index]
        switch kind {
        case .season, .sustained: reason.expected = origin + signals.value - signals.deviations[0]
        case .level: reason.expected = origin + level - signals.deviations[1]
        case .change: reason.expected = origin + signals.value - signals.deviations[2]
        }
        reason.durationSeconds = kind == .change ? Int64(tickSeconds) : side == 0 ? 0 : (time - sideMilliseconds) / 1000
        return reason
    }
}

/// The four ways of looking at a tick.
extension PlainMetricDetector {
    struct Signals {
        /// Multiples of what is usual, in the order of `AnomalyKind`.
        var sizes = InlineArray<4, Float>(repeating: 0)
        /// Differences in the metric's unit, in the same order; positive is above.
        var deviations = InlineArray<4, Double>(repeating: 0)
        var slot = 0
        var value = 0.0
    }

    /// Measures the tick against what was usual before it, and then lets that follow.
    mutating func look(at x: Double, slot: Int, at time: Int64, isGap: Bool) -> Signals {
        if ticks == 0 {
            level = x
            mean = x
            previous = x
        }
        if ticks < .max { ticks += 1 }
        let rate = max(1 / Double(ticks), Self.slowestRate)
        var signals = Signals(slot: slot, value: x)
        let normalised = lookAtSeason(x, slot, rate, &signals)
        lookAtLevel(x, rate, &signals)
        if !isGap { lookAtChange(x, rate, &signals) }
        previous = x
        lookAtSustained(normalised, rate, &signals)
        followSide(normalised, at: time)
        return signals
    }

    /// A size of a deviation of which nothing is known yet, or where nothing but exactness was ever seen.
    private static func ratio(_ deviation: Double, _ usual: Double) -> Float {
        if usual > 0 { return Float(min(abs(deviation) / usual, 1e6)) }
        return deviation == 0 ? 0 : 1e3
    }

    private mutating func lookAtSeason(_ x: Double, _ slot: Int, _ rate: Double, _ signals: inout Signals) -> Double {
        let expected = season.mean(slot)
        let residual = expected.map { x - $0 } ?? 0
        let usual = (0.5 * residualVariance + 0.5 * season.variance(slot)).squareRoot()
        signals.sizes[0] = Self.ratio(residual, usual)
        signals.deviations[0] = residual
        season.learn(slot, x, residual: residual)
        residualVariance += rate * (residual * residual - residualVariance)
        return usual > 0 ? min(8, max(-8, residual / usual)) : 0
    }

    private mutating func lookAtLevel(_ x: Double, _ rate: Double, _ signals: inout Signals) {
        level += (x - level) * 2 / 31
        let deviation = level - mean
        signals.sizes[1] = variance > 0 ? Self.ratio(deviation, variance.squareRoot()) : 0
        signals.deviations[1] = deviation
        let step = x - mean
        mean += rate * step
        variance += rate * (step * step - variance)
    }

    private mutating func lookAtChange(_ x: Double, _ rate: Double, _ signals: inout Signals) {
        let change = x - previous
        signals.sizes[2] = changeVariance > 0 ? Self.ratio(change, changeVariance.squareRoot()) : 0
        signals.deviations[2] = change
        changeVariance += rate * (change * change - changeVariance)
    }

    /// The mean of the season's residuals over half a day, each clipped so that one spike is not taken for a new level.
    private mutating func lookAtSustained(_ normalised: Double, _ rate: Double, _ signals: inout Signals) {
        sustained += (normalised - sustained) * 2 / (Double(ticksPerDay) / 2 + 1)
        signals.sizes[3] = sustainedVariance > 0 ? Self.ratio(sustained, sustainedVariance.squareRoot()) : 0
        signals.deviations[3] = sustained * residualVariance.squareRoot()
        sustainedVariance += rate * (sustained * sustained - sustainedVariance)
    }

    private mutating func followSide(_ normalised: Double, at time: Int64) {
        let now: Int8 = normalised > 1 ? 1 : normalised < -1 ? -1 : 0
        if now != side {
            side = now
            sideMilliseconds = time
        }
    }

    /// Turns the rank into a score, and lets the warning stand or clear.
    mutating func judge(_ q: Float, _ kind: AnomalyKind, _ signals: Signals, at time: Int64) -> Verdict {
        var strongest: Float = -9
        for index in 0..<12 { strongest = max(strongest, recent[index]) }
        // As rare as what was warned of is nothing new, though each block that is remembered makes it a little rarer.
        var score = q > strongest + 0.02 ? max(0, q / Self.limit) : 0
        // Knowing nothing yet: told, but never a warning.
        if ticks < Self.warmupTicks || time - firstMilliseconds < Self.warmupMilliseconds { score = min(score, 0.99) }
        remember(q)
        let isNew = score >= 1
        if isNew {
            isAnomalous = true
            calm = 0
            reason = explain(kind, signals, at: time)
        } else if isAnomalous {
            calm = q < 0 ? calm + 1 : 0
            if calm >= Self.calmTicks { isAnomalous = false }
        }
        return Verdict(score: score, isAnomalous: isAnomalous, isNew: isNew)
    }

    /// The strongest q of each twelfth of the last day.
    private mutating func remember(_ q: Float) {
        recent[Int(recentIndex)] = max(recent[Int(recentIndex)], q)
        recentTicks += 1
        guard Float(recentTicks) >= (ticksPerDay / 12).rounded(.down) else { return }
        recentTicks = 0
        recentIndex = (recentIndex + 1) % 12
        recent[Int(recentIndex)] = -9
    }
}

/// The form for snapshots: everything, without the zeros.
extension PlainMetricDetector {
    private static let version: UInt8 = 1

    func write(to bytes: inout [UInt8]) {
        var out = CompactWriter()
        out.byte(Self.version)
        out.double(origin)
        out.signed(firstMilliseconds == .min ? -1 << 62 : firstMilliseconds)
        out.signed(lastMilliseconds == .min ? -1 << 62 : lastMilliseconds)
        out.signed(tickStart == .min ? -1 << 62 : tickStart)
        out.double(sum)
        out.number(UInt64(count))
        season.write(to: &out)
        out.number(UInt64(ticks))
        out.float(tickSeconds)
        for value in [
            residualVariance, mean, variance, level, previous, changeVariance, sustained, sustainedVariance,
        ] { out.double(value) }
        for index in 0..<4 { ranks[index].write(to: &out) }
        for value in [blockTicks, blocksSinceHalving, recentIndex, recentTicks, calm, isAnomalous ? 1 : 0, UInt8(bitPattern: side)] {
            out.byte(value)
        }
        out.number(UInt64(totalWeight))
        for index in 0..<12 { out.float(recent[index]) }
        out.signed(sideMilliseconds == .min ? -1 << 62 : sideMilliseconds)
        reason.write(to: &out)
        bytes += out.bytes
    }

    /// Nil for bytes that no detector wrote.
    init?(bytes: ArraySlice<UInt8>) {
        var reader = CompactReader(bytes)
        guard reader.byte() == Self.version, readInputs(&reader), readUsual(&reader), readEvents(&reader), reader.isAtEnd else {
            return nil
        }
    }

    private static func time(_ value: Int64) -> Int64? {
        if value == -1 << 62 { return .min }
        return abs(value) <= Int64.max / 4 ? value : nil
    }

    private mutating func readInputs(_ reader: inout CompactReader) -> Bool {
        guard let origin = reader.double(), let first = reader.signed().flatMap(Self.time), let last = reader.signed().flatMap(Self.time),
            let start = reader.signed().flatMap(Self.time),
            let sum = reader.double(), let count = reader.number(), count < UInt64(UInt32.max),
            let season = PlainSeasonTable(from: &reader)
        else { return false }
        self.origin = origin
        firstMilliseconds = first
        lastMilliseconds = last
        tickStart = start
        self.sum = sum
        self.count = UInt32(count)
        self.season = season
        return true
    }

    private mutating func readUsual(_ reader: inout CompactReader) -> Bool {
        guard let ticks = reader.number(), ticks <= UInt64(UInt32.max), let seconds = reader.float(), seconds >= 0, seconds < 1e15 else {
            return false
        }
        self.ticks = UInt32(ticks)
        tickSeconds = seconds
        let fields: [WritableKeyPath<PlainMetricDetector, Double>] = [
            \.residualVariance, \.mean, \.variance, \.level, \.previous, \.changeVariance, \.sustained, \.sustainedVariance,
        ]
        for field in fields {
            guard let value = reader.double() else { return false }
            self[keyPath: field] = value
        }
        return residualVariance >= 0 && variance >= 0 && changeVariance >= 0 && sustainedVariance >= 0
    }

    private mutating func readEvents(_ reader: inout CompactReader) -> Bool {
        for index in 0..<4 {
            guard let ranks = PlainEventRanks(from: &reader) else { return false }
            self.ranks[index] = ranks
        }
        guard let blockTicks = reader.byte(), let blocks = reader.byte(), let index = reader.byte(), let ticks = reader.byte(),
            let calm = reader.byte(), let flag = reader.byte(), let side = reader.byte(), let total = reader.number(),
            blockTicks < Self.ticksPerBlock, Double(blocks) < Self.halfLifeBlocks, index < 12, ticks < 26, total < 1 << 24
        else { return false }
        self.blockTicks = blockTicks
        blocksSinceHalving = blocks
        recentIndex = index
        recentTicks = ticks
        self.calm = min(calm, Self.calmTicks)
        isAnomalous = flag != 0
        self.side = Int8(bitPattern: side)
        totalWeight = UInt32(total)
        for index in 0..<12 {
            guard let value = reader.float() else { return false }
            recent[index] = value
        }
        guard let since = reader.signed().flatMap(Self.time), let reason = AnomalyReason(from: &reader) else { return false }
        sideMilliseconds = since
        self.reason = reason
        weigh()
        return true
    }
}

/// How large the largest values of the past were: a logarithmic histogram of the maxima of blocks of ticks.
///
/// Ticks of one event are not independent, maxima of blocks nearly are: so the rank of a value among them says how rare it is whatever
/// the distribution of the metric, and metrics can be compared. Old events fade: instead of all counts shrinking at each block, each
/// new event weighs more than the one before, and counts and weight are halved together at a half-life.
struct PlainEventRanks: Sendable {
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

extension PlainEventRanks {
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

/// What a metric usually is at a half-hour of a weekday or of a weekend day, and how far off that usually is.
struct PlainSeasonTable: Sendable {
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

extension PlainSeasonTable {
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
