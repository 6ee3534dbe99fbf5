import CivilCalendar
import Documents

/// What is remembered of one metric on its way to the bound of one condition: the worst level of each day, in at most twenty bins of equally many
/// days, which are joined two by two when they are full. So a life of any length takes the same memory, and its whole course is known.
///
/// Levels are distances: below 0 while the condition is not met, above 0 when it is. The level of a day is the largest that was kept up for the time
/// that the condition has to hold: the condition is met on the first day whose level is above 0. A peak that is shorter than that time says nothing,
/// and a daily cycle, or hours without work, leave the level of a day as it is.
public struct WearTrend: Equatable, Sendable {
    /// One bin: means over its days.
    public struct Bin: Equatable, Sendable {
        /// In the metric's unit, above 0 when the condition is met.
        public var distance: Float
        /// Days since the first, and load since then.
        public var day: Float
        public var load: Float
        /// Days that were told.
        public var days: UInt16
    }

    public static let maximumBins = 20
    static let dayMilliseconds: Int64 = 86_400_000

    public private(set) var bins: [Bin] = []
    /// How many told days make a bin.
    public private(set) var daysOfBin: UInt16 = 1
    /// The mean change of the level from one day to the next, without its sign: what days differ by beside the wear.
    public private(set) var dailyNoise: Float = 0
    /// The level of the newest day that is over.
    private var former = Float.nan
    private var open = Bin(distance: 0, day: 0, load: 0, days: 0)
    /// The first day, and the present one, counted from 1970. Another first day is another life: what was worn was replaced.
    public private(set) var firstDay = Int32.min
    /// A forecast is the same all day long.
    public private(set) var day = Int32.min
    private var worst: Float = -.infinity
    /// Since when a level is kept up, and the lowest since then.
    private var spanStart = Int64.min
    private var lastMilliseconds = Int64.min
    private var spanDistance: Float = 0
    /// The load counter at the last reading, and what it has counted since the first.
    private var counter = Double.nan
    private var load = 0.0

    public init() {}

    public static func == (a: WearTrend, b: WearTrend) -> Bool {
        ByteWriter.bytes { a.write(to: &$0) } == ByteWriter.bytes { b.write(to: &$0) }
    }

    /// Memory of it, in bytes.
    public var stateBytes: Int { MemoryLayout<WearTrend>.stride + (bins.capacity > 0 ? 32 + bins.capacity * MemoryLayout<Bin>.stride : 0) }

    /// All that is known, the bin that is not full yet behind the others.
    var points: [Bin] { open.days > 0 ? bins + [open] : bins }
    /// Told days that are over.
    public var knownDays: Int { points.reduce(0) { $0 + Int($1.days) } }
    /// Days from the first to the present one.
    var newestDays: Double { day == .min ? 0 : Double(day &- firstDay) }

    /// Takes a live reading.
    /// - Parameters:
    ///   - distance: how far the value is beyond the bound; below 0 while the condition is not met.
    ///   - time: event time in milliseconds.
    ///   - holdMilliseconds: how long the condition has to hold.
    ///   - gapMilliseconds: a level is not kept up over longer pauses than this.
    ///   - counter: the load counter; a reading counts only when it has risen since the one before. Nil: wear goes by time.
    @inline(__always)
    public mutating func take(
        _ distance: Double, atMilliseconds time: Int64, holdMilliseconds: Int64, gapMilliseconds: Int64, counter: Double?
    ) {
        guard time > lastMilliseconds, distance.isFinite else { return }
        if let counter, !work(to: counter) { return }
        // Bounded, so that differences of the largest numbers are numbers.
        let distance = Float(min(max(distance, -1e30), 1e30))
        let newDay = Int32(truncatingIfNeeded: time / Self.dayMilliseconds)
        if newDay != day { begin(day: newDay) }
        let isGap = lastMilliseconds == .min || time &- lastMilliseconds > gapMilliseconds
        if isGap || spanStart == .min { (spanStart, spanDistance) = (time, distance) }
        lastMilliseconds = time
        spanDistance = min(spanDistance, distance)
        guard time &- spanStart >= holdMilliseconds else { return }
        worst = max(worst, spanDistance)
        (spanStart, spanDistance) = (time, distance)
    }

    /// False when the machine has not worked since the last reading: how it stands idle says nothing of its wear.
    private mutating func work(to new: Double) -> Bool {
        let rise = new - counter
        counter = new
        // A counter that was set back begins anew.
        guard rise > 0, rise < 1e30 else { return false }
        load += rise
        return true
    }

    private mutating func begin(day new: Int32) {
        if firstDay == .min { firstDay = new }
        // Of the first day only a part was seen, and its worst hour may be in the other.
        if day != firstDay, worst > -.infinity { end(day: worst) }
        (day, worst) = (new, -.infinity)
    }

    /// The level of a day that is over.
    private mutating func end(day level: Float) {
        if isRenewed(level) { return renew(level) }
        if !former.isNaN {
            let change = abs(level - former)
            let count = min(Float(bins.count) * Float(daysOfBin) + Float(open.days), 30)
            // A jump is no noise: what is much more than before counts as little more.
            let bounded = dailyNoise > 0 && count >= 4 ? min(change, 4 * dailyNoise) : change
            dailyNoise += (bounded - dailyNoise) / max(count, 1)
        }
        former = level
        let days = Float(open.days)
        open.distance += (level - open.distance) / (days + 1)
        open.day += (Float(day &- firstDay) - open.day) / (days + 1)
        open.load += (Float(load) - open.load) / (days + 1)
        open.days &+= 1
        guard open.days >= daysOfBin else { return }
        if bins.count == Self.maximumBins { joinBins() }
        if open.days >= daysOfBin {
            bins.append(open)
            open = Bin(distance: 0, day: 0, load: 0, days: 0)
        }
    }

    private mutating func joinBins() {
        var joined: [Bin] = []
        joined.reserveCapacity(Self.maximumBins)
        for pair in stride(from: 0, to: bins.count - 1, by: 2) {
            let (a, b) = (bins[pair], bins[pair + 1])
            joined.append(
                Bin(
                    distance: (a.distance + b.distance) / 2, day: (a.day + b.day) / 2, load: (a.load + b.load) / 2, days: a.days &+ b.days))
        }
        bins = joined
        daysOfBin = daysOfBin > .max / 2 ? daysOfBin : daysOfBin * 2
    }

    // MARK: A new life

    /// Two days in a row are back where the life began: what was worn was replaced.
    private func isRenewed(_ level: Float) -> Bool {
        guard bins.count >= 4, !former.isNaN, let top = bins.map(\.distance).max() else { return false }
        let start = (bins[0].distance + bins[1].distance) / 2
        let climb = top - start
        let limit = start + 0.4 * climb
        return climb > 6 * dailyNoise && level < limit && former < limit && bins[bins.count - 1].distance > limit
    }

    private mutating func renew(_ level: Float) {
        bins = []
        open = Bin(distance: 0, day: 0, load: 0, days: 0)
        daysOfBin = 1
        former = .nan
        (firstDay, load) = (day, 0)
        // How much its days differ is known of the former one.
        let noise = dailyNoise
        end(day: level)
        dailyNoise = noise
    }

    /// The clock that dates its readings was set.
    public mutating func shift(byMilliseconds step: Int64) {
        guard lastMilliseconds != .min else { return }
        lastMilliseconds = lastMilliseconds.shifted(byMilliseconds: step)
        spanStart = spanStart.shifted(byMilliseconds: step)
        // The day goes on under its new number.
        let moved = Int32(truncatingIfNeeded: lastMilliseconds / Self.dayMilliseconds) &- day
        day = day &+ moved
        firstDay = firstDay &+ moved
    }

    // MARK: Snapshot

    public func write(to writer: inout ByteWriter) {
        writer.write(UInt8(bins.count))
        for bin in bins + [open] {
            writer.write(bin.distance.bitPattern)
            writer.write(bin.day.bitPattern)
            writer.write(bin.load.bitPattern)
            writer.write(bin.days)
        }
        writer.write(daysOfBin)
        for number in [dailyNoise, former, worst, spanDistance] { writer.write(number.bitPattern) }
        writer.write(firstDay)
        writer.write(day)
        writer.write(spanStart)
        writer.write(lastMilliseconds)
        writer.write(counter)
        writer.write(load)
    }

    public init(from reader: inout ByteReader) throws {
        func float() throws -> Float { Float(bitPattern: try reader.integer()) }
        func bin() throws -> Bin { Bin(distance: try float(), day: try float(), load: try float(), days: try reader.integer()) }
        let count = min(Int(try reader.integer(UInt8.self)), Self.maximumBins)
        bins.reserveCapacity(Self.maximumBins)
        for _ in 0..<count { bins.append(try bin()) }
        open = try bin()
        daysOfBin = max(try reader.integer(), 1)
        dailyNoise = try float()
        former = try float()
        worst = try float()
        spanDistance = try float()
        firstDay = try reader.integer()
        day = try reader.integer()
        spanStart = try reader.integer()
        lastMilliseconds = try reader.integer()
        counter = try reader.double()
        load = try reader.double()
    }
}
