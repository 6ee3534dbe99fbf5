import CivilCalendar

/// What the arrivals of a device's messages teach of its clock.
///
/// A message cannot arrive before it was written, so a time that is ahead of its arrival shows at once how far the clock is ahead. A time that
/// lies before its arrival may be one of a slow clock, or of a message that was long on its way. The clock is slow when several messages are
/// behind by the same: messages that were kept and come in a burst are behind by less and less.
package struct DeviceClock: Equatable, Sendable, Codable {
    /// Within it a clock is taken for right: most of it is the way of a message. Larger than any delay that a working network has, and small
    /// beside the time after which a reading sets nothing off any more (`limits.dispatchWindowMinutes`).
    static let toleranceMilliseconds: Int64 = 120_000
    /// So many messages in a row have to be behind by the same, over so much time.
    private static let wantedMessages = 3
    private static let wantedMilliseconds: Int64 = 1000
    /// Delays of messages that were behind by the same may differ by that much, or by a tenth of the time over which they came.
    private static let jitterMilliseconds: Int64 = 2000
    /// A clock that was right for so long does not go back to what it was.
    private static let rememberedMilliseconds: Int64 = 86_400_000

    /// How far the clock is ahead of ours; negative: slow.
    package private(set) var offsetMilliseconds: Int64 = 0
    /// What it was before: a clock that goes back to it is believed at once, like one that is right again.
    private var formerMilliseconds: Int64?
    /// When it was found to be another, in arrival time.
    private var steppedMilliseconds: Int64 = 0
    /// Messages that are all behind by the same, if there is a slow clock behind it.
    private var suspicion: Suspicion?
    /// The clock stands still at this time; nil: it runs.
    package private(set) var frozenMilliseconds: Int64?
    /// Its times are made of ours: it was found to be wrong and has not been right since.
    private(set) var followsOurs = false
    /// When the journal was told of it last, in arrival time.
    var toldMilliseconds: Int64?

    init() {}

    /// A clock that is ahead of ours because ours was set.
    init(aheadMilliseconds offset: Int64) {
        offsetMilliseconds = offset
        followsOurs = true
    }

    struct Suspicion: Equatable, Sendable, Codable {
        var firstArrivalMilliseconds: Int64
        /// The event time that the first of these messages was given.
        var firstMilliseconds: Int64
        var leastBehindMilliseconds: Int64
        var mostBehindMilliseconds: Int64
        var lastStampMilliseconds: Int64
        var messages = 1
        /// The device was heard for the first time with the first of them.
        var isFromTheBeginning: Bool

        mutating func shift(byMilliseconds step: Int64) {
            firstArrivalMilliseconds = firstArrivalMilliseconds.shifted(byMilliseconds: step)
            leastBehindMilliseconds = leastBehindMilliseconds &+ step
            mostBehindMilliseconds = mostBehindMilliseconds &+ step
        }

        /// A message that is behind by as much belongs to the others.
        func holds(_ behind: Int64, _ arrival: Int64) -> Bool {
            let spread = max(mostBehindMilliseconds, behind) &- min(leastBehindMilliseconds, behind)
            let lasted = arrival &- firstArrivalMilliseconds
            return spread <= min(max(jitterMilliseconds, lasted / 10), toleranceMilliseconds)
        }

        func isProven(at arrival: Int64) -> Bool {
            let lasted = arrival &- firstArrivalMilliseconds
            return messages >= wantedMessages && lasted >= wantedMilliseconds
                && mostBehindMilliseconds &- leastBehindMilliseconds <= lasted / 10
        }
    }

    enum Finding: Equatable, Sendable {
        case nothing
        case stepped
        /// It is slow, and messages were dated too early, of which the first and the last so far were given these event times.
        case wasSlow(firstMilliseconds: Int64, lastMilliseconds: Int64, isFromTheBeginning: Bool)
    }

    /// There is nothing to be kept of it.
    var isOrdinary: Bool {
        offsetMilliseconds == 0 && !followsOurs && suspicion == nil && frozenMilliseconds == nil && formerMilliseconds == nil
    }

    /// What event time its own time is.
    func time(of stamp: Int64) -> Int64 { stamp &- offsetMilliseconds }

    /// Its clock does not say what time it is.
    package var isWrong: Bool { abs(offsetMilliseconds) > Self.toleranceMilliseconds || frozenMilliseconds != nil }

    /// Takes the time of a message that has just come. Both times lie between 2010 and the year 10,000.
    /// - Parameters:
    ///   - allowed: how long messages of the device may be on their way, as its profile says.
    ///   - isFirst: nothing was heard of the device before.
    mutating func observe(stamp: Int64, arrival: Int64, allowedMilliseconds allowed: Int64, isFirst: Bool) -> Finding {
        if frozenMilliseconds != nil, frozenMilliseconds != stamp { frozenMilliseconds = nil }
        let behind = arrival &- stamp
        let late = behind &+ offsetMilliseconds
        if late < -Self.toleranceMilliseconds {
            step(to: stamp &- arrival, at: arrival)
            return .stepped
        }
        if late <= Self.toleranceMilliseconds &+ allowed {
            suspicion = nil
            if formerMilliseconds != nil, arrival &- steppedMilliseconds > Self.rememberedMilliseconds { formerMilliseconds = nil }
            return .nothing
        }
        for known in [0, formerMilliseconds ?? 0] where abs(behind &+ known) <= Self.toleranceMilliseconds {
            step(to: known, at: arrival)
            return .stepped
        }
        return suspect(stamp, arrival, behind, isFirst: isFirst)
    }

    private mutating func suspect(_ stamp: Int64, _ arrival: Int64, _ behind: Int64, isFirst: Bool) -> Finding {
        // A time that is told again tells nothing of how the clock runs.
        if suspicion?.lastStampMilliseconds == stamp { return .nothing }
        guard var known = suspicion, known.holds(behind, arrival) else {
            suspicion = Suspicion(
                firstArrivalMilliseconds: arrival, firstMilliseconds: time(of: stamp), leastBehindMilliseconds: behind,
                mostBehindMilliseconds: behind, lastStampMilliseconds: stamp, isFromTheBeginning: isFirst)
            return .nothing
        }
        let last = time(of: known.lastStampMilliseconds)
        known.leastBehindMilliseconds = min(known.leastBehindMilliseconds, behind)
        known.mostBehindMilliseconds = max(known.mostBehindMilliseconds, behind)
        known.lastStampMilliseconds = stamp
        known.messages += 1
        suspicion = known
        guard known.isProven(at: arrival) else { return .nothing }
        step(to: 0 &- known.leastBehindMilliseconds, at: arrival)
        return .wasSlow(
            firstMilliseconds: known.firstMilliseconds, lastMilliseconds: last, isFromTheBeginning: known.isFromTheBeginning)
    }

    private mutating func step(to offset: Int64, at arrival: Int64) {
        formerMilliseconds = offsetMilliseconds == 0 ? nil : offsetMilliseconds
        steppedMilliseconds = arrival
        offsetMilliseconds = offset
        followsOurs = offset != 0
        suspicion = nil
    }

    /// The same time has been told for so long that messages of a queue would not have taken as long.
    func mayStandStill(at stamp: Int64, arrival: Int64) -> Bool {
        guard let known = suspicion, known.lastStampMilliseconds == stamp, known.firstMilliseconds == time(of: stamp) else { return false }
        return arrival &- known.firstArrivalMilliseconds >= Self.toleranceMilliseconds
    }

    /// Two values of one metric came under the same time.
    mutating func freeze(at stamp: Int64) {
        frozenMilliseconds = stamp
        suspicion = nil
    }

    /// Our own clock was set: what was learned by it moves along.
    mutating func shift(byMilliseconds step: Int64) {
        formerMilliseconds = formerMilliseconds.map { $0 &- step }
        suspicion?.shift(byMilliseconds: step)
        steppedMilliseconds = steppedMilliseconds.shifted(byMilliseconds: step)
        toldMilliseconds = toldMilliseconds.shifted(byMilliseconds: step)
        if followsOurs { offsetMilliseconds = offsetMilliseconds &- step }
    }
}
