import CivilCalendar
import Documents
import Glibc

/// Watches one gauge or rate without a rule: one pass, bounded state, no look ahead, no training.
///
/// Readings are gathered into ticks of at least four minutes. Each tick is looked at in five ways (`AnomalyKind`), and each way compares
/// what it sees with the maxima of past blocks of ticks (`BlockMaxima`): the score is how far above their upper quartile it is, in mean
/// excesses over that, less for each time that as much was seen, over a limit. It is invariant to the metric's unit, offset and sign.
///
/// A reading that closes no tick touches the first line of the value only. What depends on what was met (half-hours of the week, sizes)
/// lies in `SparseTables` and grows with it.
public struct MetricDetector: Sendable {
    /// A tick closes with the first reading that comes as long after the one that closed the tick before.
    static let tickMilliseconds: Int64 = 240_000
    /// The distance from what is usual (`BlockMaxima`) at which a warning is raised: where the score is 1.
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
    /// What is at the limit is one event with what was at it so short a time before: it is raised once,
    static let eventMilliseconds: Int64 = 12 * 3_600_000
    /// and again when it is so many times worse.
    static let worsening: Float = 2

    // The readings since the last tick, and what every reading needs.
    var lastMilliseconds = Int64.min
    var tickStart = Int64.min
    var origin = 0.0
    var sum = 0.0
    var count: UInt32 = 0
    var tickSeconds: Float = 0
    public internal(set) var isAnomalous = false
    /// The side of what is usual on which the value has been since `sideMilliseconds`: 1 above, -1 below, 0 neither.
    var side: Int8 = 0

    // What is usual; all values relative to the origin.
    var firstMilliseconds = Int64.min
    var tables = SparseTables()
    var ticks: UInt32 = 0
    var residualVariance = 0.0
    var mean = 0.0
    var variance = 0.0
    var level = 0.0
    var previous = 0.0
    var changeVariance = 0.0
    var sustained = 0.0
    var sustainedVariance = 0.0
    /// Mean size of a change over the last four hours of five-minute ticks, and over the long run, in usual changes.
    var activity = 0.0
    var usualActivity = 0.0

    // How rare what is seen is.
    var maxima = BlockMaxima()
    var blockTicks: UInt8 = 0
    var blocksSinceHalving: UInt8 = 0
    /// Of a maximum now; it changes only with the block.
    var weight: UInt16 = 64

    // The warnings so far.
    var calm: UInt8 = 0
    /// Of the last tick.
    var score: Float = 0
    /// The score with which the last was raised, and when there was last something at the limit.
    var raisedScore: Float = 0
    var atLimitMilliseconds = Int64.min
    var sideMilliseconds = Int64.min
    @Rare var memory: AnomalyMemory?

    public init() {}

    /// Why the last warning was raised.
    public var reason: AnomalyReason { memory?.reason ?? AnomalyReason() }

    /// Memory that it takes.
    public var stateBytes: Int {
        MemoryLayout<MetricDetector>.stride + tables.heapBytes + $memory.heapBytes
    }

    /// The clock that dates its readings was set.
    public mutating func shift(byMilliseconds step: Int64) {
        firstMilliseconds = firstMilliseconds.shifted(byMilliseconds: step)
        lastMilliseconds = lastMilliseconds.shifted(byMilliseconds: step)
        tickStart = tickStart.shifted(byMilliseconds: step)
        sideMilliseconds = sideMilliseconds.shifted(byMilliseconds: step)
        atLimitMilliseconds = atLimitMilliseconds.shifted(byMilliseconds: step)
    }

    /// What a reading was worth.
    public struct Verdict: Equatable, Sendable {
        /// 0 and up; 1 is the limit. 0 for a reading that was not judged, and below 1 for what belongs to the event that was warned of last.
        public var score: Float = 0
        /// The warning stands.
        public var isAnomalous = false
        /// It was raised, or raised again by something worse, with this very reading.
        public var isNew = false
    }

    /// Takes a reading in event time. Numbers that are not finite are unknown, and readings that are not newer than the last are
    /// late: neither feeds anything.
    ///
    /// `utcOffsetSeconds` is that of the device's zone, for the hour of the day and the day of the week.
    public mutating func observe(_ value: Double, atMilliseconds time: Int64, utcOffsetSeconds: Int = 0) -> Verdict {
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
        let slot = SeasonTable.slot(localMilliseconds: time + Int64(utcOffsetSeconds) * 1000)
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
        for index in 0..<BlockMaxima.kindCount {
            let (distance, count) = look(up: signals, index)
            if distance > best {
                best = distance
                kind = AnomalyKind(rawValue: UInt8(index)) ?? .season
                seen = count
            }
        }
        closeBlock()
        return verdict(best / Self.limit, kind, seen: seen, signals, at: time)
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

    /// The distance of a size from what is usual, and how often as much was seen, which is not asked below the limit.
    private mutating func look(up signals: Signals, _ index: Int) -> (distance: Float, seen: Float) {
        let size = signals.sizes[index]
        let distance = maxima.note(index, size)
        // From half the limit on a warning would stand, so from there on it counts that a person has called as much normal.
        guard distance >= Self.limit / 2 else { return (distance, 0) }
        if !$memory.isNone, let normal = memory?.normal, let kind = AnomalyKind(rawValue: UInt8(index)), normal.holds(signals, kind) {
            return (0, 0)
        }
        guard distance >= Self.limit else { return (distance, 0) }
        let seen = maxima.count(index, asLargeAs: size, weight: weight, tables)
        return (BlockMaxima.distance(distance, seen: seen), seen)
    }

    private mutating func closeBlock() {
        blockTicks += 1
        guard blockTicks >= Self.ticksPerBlock else { return }
        blockTicks = 0
        for index in 0..<BlockMaxima.kindCount { maxima.close(index, weight: weight, &tables) }
        blocksSinceHalving += 1
        if Double(blocksSinceHalving) >= Self.halfLifeBlocks {
            blocksSinceHalving = 0
            for index in 0..<BlockMaxima.kindCount { BlockMaxima.halve(index, &tables) }
        }
        updateWeights()
    }

    /// What follows from the maxima.
    mutating func updateWeights() {
        weight = UInt16((Self.firstWeight * exp2(Double(blocksSinceHalving) / Self.halfLifeBlocks)).rounded())
        for index in 0..<BlockMaxima.kindCount { maxima.measure(index, weight: weight, tables) }
    }
}
