import CivilCalendar
import Glibc

@testable import FaultDetection

/// Watches one gauge or rate without a rule: one pass, bounded state, no look ahead, no training.
///
/// Readings are gathered into ticks of at least four minutes. Each tick is looked at in five ways (`AnomalyKind`), and each way compares
/// what it sees with the maxima of past blocks of ticks (`PlainBlockMaxima`).
///
/// The value is plain data without references: an array of detectors is one piece of memory.
struct PlainMetricDetector: Sendable {
    /// A tick closes with the first reading that comes as long after the one that closed the tick before.
    static let tickMilliseconds: Int64 = 240_000
    static let limit: Float = 3.2
    static let ticksPerBlock: UInt8 = 50
    /// Before that a warning would come of knowing nothing: both must have passed.
    static let warmupTicks: UInt32 = 250
    static let warmupMilliseconds: Int64 = 2 * 86_400_000
    /// Weight of a new maximum when counts and weight have just been halved; it doubles until they are again, after 120 blocks.
    static let firstWeight = 64.0
    static let halfLifeBlocks = 120.0
    static let slowestRate = 1.0 / 6000
    /// Ticks in a row that have to be usual before a warning clears: an hour of five-minute ticks.
    static let calmTicks: UInt8 = 12
    static let eventMilliseconds: Int64 = 12 * 3_600_000
    static let worsening: Float = 2

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

    var activity = 0.0
    var usualActivity = 0.0

    // How rare it is.
    var maxima = InlineArray<5, PlainBlockMaxima>(repeating: PlainBlockMaxima())
    var blockTicks: UInt8 = 0
    var blocksSinceHalving: UInt8 = 0
    var weight: UInt16 = 64

    // What has been said of it.
    var score: Float = 0
    var raisedScore: Float = 0
    var atLimitMilliseconds = Int64.min
    var calm: UInt8 = 0
    var isAnomalous = false
    /// Since when the value has been on one side of what is usual.
    var sideMilliseconds = Int64.min
    var side: Int8 = 0
    /// Why the last warning was raised.
    /// Nil until a warning was raised.
    var lastReason: AnomalyReason?
    var event = PlainExtent()
    var normal: PlainExtent?
    var reason: AnomalyReason { lastReason ?? AnomalyReason() }

    init() {}

    /// The clock that dates its readings was set.
    mutating func shift(byMilliseconds step: Int64) {
        firstMilliseconds = firstMilliseconds.shifted(byMilliseconds: step)
        lastMilliseconds = lastMilliseconds.shifted(byMilliseconds: step)
        tickStart = tickStart.shifted(byMilliseconds: step)
        sideMilliseconds = sideMilliseconds.shifted(byMilliseconds: step)
        atLimitMilliseconds = atLimitMilliseconds.shifted(byMilliseconds: step)
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
        var best = -Float.greatestFiniteMagnitude
        var kind = AnomalyKind.season
        var seen: Float = 0
        for index in 0..<5 {
            let size = signals.sizes[index]
            maxima[index].note(size)
            var distance = maxima[index].distance(size)
            var count: Float = 0
            if distance >= Self.limit / 2, let normal, normal.holds(index, signals) {
                distance = 0
            } else if distance >= Self.limit {
                count = maxima[index].count(asLargeAs: size, weight: weight)
                distance -= 0.7 * count
            }
            if distance > best {
                best = distance
                kind = AnomalyKind(rawValue: UInt8(index)) ?? .season
                seen = count
            }
        }
        closeBlock()
        return judge(best / Self.limit, kind, seen, signals, at: time)
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

    private mutating func closeBlock() {
        blockTicks += 1
        guard blockTicks >= Self.ticksPerBlock else { return }
        blockTicks = 0
        for index in 0..<5 { maxima[index].close(weight: weight) }
        blocksSinceHalving += 1
        if Double(blocksSinceHalving) >= Self.halfLifeBlocks {
            blocksSinceHalving = 0
            for index in 0..<5 { maxima[index].halve() }
        }
        weigh()
    }

    mutating func weigh() {
        weight = UInt16((Self.firstWeight * exp2(Double(blocksSinceHalving) / Self.halfLifeBlocks)).rounded())
        for index in 0..<5 { maxima[index].measure(weight: weight) }
    }
}

extension PlainMetricDetector {
    func explain(_ kind: AnomalyKind, _ seen: Float, _ signals: Signals, at time: Int64) -> AnomalyReason {
        var reason = AnomalyReason()
        reason.kind = kind
        reason.slot = UInt8(signals.slot)
        let index = Int(kind.rawValue)
        reason.deviation = signals.deviations[index]
        reason.times = signals.sizes[index]
        switch kind {
        case .season, .sustained: reason.expected = origin + signals.value - signals.deviations[0]
        case .level: reason.expected = origin + level - signals.deviations[1]
        case .change: reason.expected = origin + signals.value - signals.deviations[2]
        case .activity: reason.expected = origin + signals.value
        }
        reason.seen = seen
        reason.days = UInt16(min(max((time - firstMilliseconds) / 86_400_000, 0), 65_535))
        reason.durationSeconds = kind == .change ? Int64(tickSeconds) : side == 0 ? 0 : (time - sideMilliseconds) / 1000
        return reason
    }
}

/// The five ways of looking at a tick.
extension PlainMetricDetector {
    struct Signals {
        /// Multiples of what is usual, in the order of `AnomalyKind`.
        var sizes = InlineArray<5, Float>(repeating: 0)
        /// Differences in the metric's unit, in the same order; positive is above.
        var deviations = InlineArray<5, Double>(repeating: 0)
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
        if usualActivity > 0 {
            let more = (activity + 0.02) / (usualActivity + 0.02)
            let less = (usualActivity + 0.02) / (activity + 0.02)
            signals.sizes[4] = Float(max(more, less))
            signals.deviations[4] = activity - usualActivity
        }
        followSide(normalised, at: time)
        return signals
    }

    /// A size of a deviation of which nothing is known yet, or where nothing but exactness was ever seen.
    private static func ratio(_ deviation: Double, _ usual: Double) -> Float {
        if usual > 0 { return Float(min(abs(deviation) / usual, 1e6)) }
        return deviation == 0 ? 0 : 1e3
    }

    /// Moves a variance towards the square of a deviation; when it is known, by at most sixteen times itself.
    private func follow(_ variance: inout Double, _ deviation: Double, _ rate: Double) {
        var square = deviation * deviation
        if ticks > 20, variance > 0, square > 16 * variance { square = 16 * variance }
        variance += rate * (square - variance)
    }

    private mutating func lookAtSeason(_ x: Double, _ slot: Int, _ rate: Double, _ signals: inout Signals) -> Double {
        let expected = season.mean(slot)
        let residual = expected.map { x - $0 } ?? 0
        let usualSquare = 0.5 * residualVariance + 0.5 * season.variance(slot)
        let usual = usualSquare.squareRoot()
        signals.sizes[0] = Self.ratio(residual, usual)
        signals.deviations[0] = residual
        var square = residual * residual
        if season.count(slot) > 2, ticks > 20, usualSquare > 0, square > 16 * usualSquare { square = 16 * usualSquare }
        season.learn(slot, x, square: square)
        var variance = residualVariance
        follow(&variance, residual, rate)
        residualVariance = variance
        return usual > 0 ? min(8, max(-8, residual / usual)) : 0
    }

    private mutating func lookAtLevel(_ x: Double, _ rate: Double, _ signals: inout Signals) {
        level += (x - level) * 2 / 31
        let deviation = level - mean
        signals.sizes[1] = variance > 0 ? Self.ratio(deviation, variance.squareRoot()) : 0
        signals.deviations[1] = deviation
        var step = x - mean
        var followed = variance
        follow(&followed, step, rate)
        if ticks > 20, variance > 0, step * step > 16 * variance {
            let most = (16 * variance).squareRoot()
            step = step > 0 ? most : -most
        }
        mean += rate * step
        variance = followed
    }

    private mutating func lookAtChange(_ x: Double, _ rate: Double, _ signals: inout Signals) {
        let change = x - previous
        signals.sizes[2] = changeVariance > 0 ? Self.ratio(change, changeVariance.squareRoot()) : 0
        signals.deviations[2] = change
        let moved = Double(min(signals.sizes[2], 8))
        activity += (moved - activity) * 2 / 49
        usualActivity += rate * (moved - usualActivity)
        var variance = changeVariance
        follow(&variance, change, rate)
        changeVariance = variance
    }

    /// The mean of the season's residuals over half a day, each clipped so that one spike is not taken for a new level.
    private mutating func lookAtSustained(_ normalised: Double, _ rate: Double, _ signals: inout Signals) {
        sustained += (normalised - sustained) * 2 / (Double(ticksPerDay) / 2 + 1)
        signals.sizes[3] = sustainedVariance > 0 ? Self.ratio(sustained, sustainedVariance.squareRoot()) : 0
        signals.deviations[3] = sustained * residualVariance.squareRoot()
        var variance = sustainedVariance
        follow(&variance, sustained, rate)
        sustainedVariance = variance
    }

    private mutating func followSide(_ normalised: Double, at time: Int64) {
        let now: Int8 = normalised > 1 ? 1 : normalised < -1 ? -1 : 0
        if now != side {
            side = now
            sideMilliseconds = time
        }
    }

    /// Says an event once, or again when it is twice as bad, and lets the warning stand or clear.
    mutating func judge(_ found: Float, _ kind: AnomalyKind, _ seen: Float, _ signals: Signals, at time: Int64) -> Verdict {
        var score = max(0, found)
        // Knowing nothing yet: told, but never a warning.
        if ticks < Self.warmupTicks || time - firstMilliseconds < Self.warmupMilliseconds { score = min(score, 0.99) }
        self.score = score
        var goesOn = isAnomalous
        if score >= 1 {
            let before = atLimitMilliseconds
            atLimitMilliseconds = time
            if before != .min, time - before <= Self.eventMilliseconds { goesOn = true }
            if before != .min, time - before <= Self.eventMilliseconds, score <= raisedScore * Self.worsening { score = 0.99 }
        }
        let isNew = score >= 1
        if isNew {
            isAnomalous = true
            calm = 0
            raisedScore = score
            lastReason = explain(kind, seen, signals, at: time)
            if !goesOn { event = PlainExtent() }
        } else if isAnomalous {
            calm = found < 0.5 ? calm + 1 : 0
            if calm >= Self.calmTicks { isAnomalous = false }
        }
        if lastReason != nil, goesOn || isNew { event.cover(signals) }
        return Verdict(score: score, isAnomalous: isAnomalous, isNew: isNew)
    }
}

/// The form for snapshots: everything, without the zeros.
extension PlainMetricDetector {
    private static let version: UInt8 = 3

    mutating func accept() {
        guard lastReason != nil else { return }
        var wider = normal ?? PlainExtent()
        wider.accept(event)
        normal = wider
        isAnomalous = false
        calm = 0
        atLimitMilliseconds = .min
        raisedScore = 0
    }

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
            activity, usualActivity,
        ] { out.double(value) }
        for index in 0..<5 { maxima[index].write(to: &out) }
        for value in [blockTicks, blocksSinceHalving, calm, isAnomalous ? 1 : 0, UInt8(bitPattern: side)] {
            out.byte(value)
        }
        out.float(score)
        out.float(raisedScore)
        out.signed(atLimitMilliseconds == .min ? -1 << 62 : atLimitMilliseconds)
        out.signed(sideMilliseconds == .min ? -1 << 62 : sideMilliseconds)
        out.byte(lastReason == nil ? 0 : 1)
        if let lastReason {
            lastReason.write(to: &out)
            event.write(to: &out)
            out.byte(normal == nil ? 0 : 1)
            normal?.write(to: &out)
        }
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
            \.activity, \.usualActivity,
        ]
        for field in fields {
            guard let value = reader.double() else { return false }
            self[keyPath: field] = value
        }
        let variances = [residualVariance, variance, changeVariance, sustainedVariance]
        return variances.allSatisfy { $0 >= 0 && $0 <= 1e63 } && [mean, level, previous].allSatisfy { abs($0) <= 1e31 }
            && abs(sum) <= 1e41 && [activity, usualActivity].allSatisfy { $0 >= 0 && $0 <= 10 } && abs(sustained) <= 10
    }

    private mutating func readEvents(_ reader: inout CompactReader) -> Bool {
        for index in 0..<5 {
            guard let maxima = PlainBlockMaxima(from: &reader) else { return false }
            self.maxima[index] = maxima
        }
        guard let blockTicks = reader.byte(), let blocks = reader.byte(), let calm = reader.byte(), let flag = reader.byte(),
            let side = reader.byte(), let score = reader.float(), let raised = reader.float(),
            let atLimit = reader.signed().flatMap(Self.time),
            blockTicks < Self.ticksPerBlock, Double(blocks) < Self.halfLifeBlocks
        else { return false }
        self.blockTicks = blockTicks
        blocksSinceHalving = blocks
        self.calm = min(calm, Self.calmTicks)
        isAnomalous = flag != 0
        self.side = Int8(bitPattern: side)
        self.score = score
        raisedScore = raised
        atLimitMilliseconds = atLimit
        guard let since = reader.signed().flatMap(Self.time), let hasReason = reader.byte() else { return false }
        sideMilliseconds = since
        if hasReason != 0 {
            guard let reason = AnomalyReason(from: &reader), let event = PlainExtent(from: &reader), let hasNormal = reader.byte() else {
                return false
            }
            lastReason = reason
            self.event = event
            if hasNormal != 0 {
                guard let normal = PlainExtent(from: &reader) else { return false }
                self.normal = normal
            }
        }
        weigh()
        return true
    }
}

/// How large the largest sizes of the past were: a logarithmic histogram of the maxima of blocks of ticks, every bin at its place.
struct PlainBlockMaxima: Sendable {
    static let binCount = 128

    private(set) var counts = InlineArray<128, UInt16>(repeating: 0)
    /// The highest bin of the block that is still open.
    private(set) var pending: UInt8 = 0
    private var quartile: Float = 0
    /// Mean excesses over the quartile in a decade.
    private var excesses: Float = 0

    private static func decades(_ size: Float) -> Float { min(max(FastLog.log10(max(size, 1e-3)), -1), -1 + 127 / Float(32)) }
    private static func bin(_ decades: Float) -> Int { Int((decades + 1) * 32) }

    mutating func note(_ size: Float) { pending = max(pending, UInt8(Self.bin(Self.decades(size)))) }

    func distance(_ size: Float) -> Float { excesses > 0 ? (Self.decades(size) - quartile) * excesses : 0 }

    func count(asLargeAs size: Float, weight: UInt16) -> Float {
        let lowest = Self.bin(max(Self.decades(size) - 0.5 / excesses, -1))
        var sum: UInt32 = 0
        for bin in lowest..<Self.binCount { sum &+= UInt32(counts[bin]) }
        return Float(sum) / Float(weight)
    }

    mutating func close(weight: UInt16) {
        counts[Int(pending)] = UInt16(min(UInt32(counts[Int(pending)]) + UInt32(weight), UInt32(UInt16.max)))
        pending = 0
    }

    mutating func halve() {
        for bin in 0..<Self.binCount { counts[bin] /= 2 }
    }

    mutating func measure(weight: UInt16) {
        var total: UInt32 = 0
        for bin in 0..<Self.binCount { total &+= UInt32(counts[bin]) }
        quartile = 0
        excesses = 0
        guard total > 0 else { return }
        var place = Self.binCount - 1
        var above: UInt32 = 0
        while (above &+ UInt32(counts[place])) &* 4 < total {
            above &+= UInt32(counts[place])
            place -= 1
        }
        var bins: UInt64 = 0
        for bin in place..<Self.binCount { bins += UInt64(counts[bin]) * UInt64(bin - place) }
        quartile = -1 + (Float(place) + 0.5) / 32
        excesses = (12 + Float(above) / Float(weight)) / (12 * 0.087 + Float(bins) / (32 * Float(weight)))
    }
}

extension PlainBlockMaxima {
    /// The open block's maximum, and the counts from the first to the last that is not zero.
    func write(to bytes: inout CompactWriter) {
        bytes.byte(pending)
        let first = (0..<Self.binCount).first { counts[$0] > 0 } ?? 0
        let last = (0..<Self.binCount).last { counts[$0] > 0 } ?? 0
        bytes.byte(UInt8(first))
        bytes.byte(UInt8(last))
        for index in first...last { bytes.number(UInt64(counts[index])) }
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

    func count(_ slot: Int) -> UInt8 { counts[slot] }

    mutating func learn(_ slot: Int, _ value: Double, square: Double) {
        if counts[slot] < UInt8.max { counts[slot] += 1 }
        let rate = max(1 / Double(counts[slot]), Self.slowestRate)
        let old = Double(means[slot])
        means[slot] = counts[slot] == 1 ? Float(value) : Float(old + rate * (value - old))
        let usual = variance(slot)
        spreads[slot] = Float((usual + rate * (square - usual)).squareRoot())
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
