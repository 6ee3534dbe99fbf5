extension ZoneRules {
    /// What a local time without a zone means.
    public enum Resolution: Equatable, Sendable {
        /// There is exactly one such instant.
        case exact(Int64)
        /// The clock never showed it: it was put forward over it. The instant lies as far behind the change as the text said.
        case movedForward(Int64, gapSeconds: Int)
        /// The clock showed it twice, or oftener; `chosen` is the first or the last of these.
        case ambiguous(chosen: Int64, earlier: Int64, later: Int64)
        /// No such date or time of day.
        case impossible

        /// The instant to use, in seconds since 1970.
        public var utcSeconds: Int64? {
            switch self {
            case .exact(let time), .movedForward(let time, _), .ambiguous(let time, _, _): time
            case .impossible: nil
            }
        }
    }

    /// How far out of order two messages of one device may be before the hour is taken for a repeated one.
    static let jitterSeconds: Int64 = 300

    /// The instant of a local time of the years 1 to 9999. Second 60 is allowed and is the next minute's first; hour 24 is not.
    ///
    /// A time in the gap of spring is moved forward by the gap, as `mktime` and Java do: 02:30 becomes 03:30, so intervals keep their
    /// length for a device whose clock is not put forward at once. A time in the overlap of autumn is the earlier instant, unless
    /// `previousUTCSeconds`, the last event time of the same device, shows that the clock has already been put back: the earlier
    /// instant would then be more than five minutes before it and the later one not. When both lie before it the data are old,
    /// nothing can be told from the hint, and the earlier is taken.
    public func utcSeconds(
        localYear year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, previousUTCSeconds: Int64? = nil
    ) -> Resolution {
        let date = CivilDate(year: year, month: month, day: day)
        guard date.isReal, (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second) else { return .impossible }
        let local = Int64(date.daysSince1970) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        // No offset is larger than 26 hours, so whatever can matter lies within these. Mostly nothing does.
        let next = firstIndex(after: local - 93_601)
        if next < transitions.count, transitions[next].utcSeconds > local + 93_600 {
            return .exact(local - Int64(next == 0 ? firstOffsetSeconds : transitions[next - 1].offsetSeconds))
        }
        let changes = changes(from: local - 93_600, through: local + 93_600)
        let before = offsetSeconds(atUTCSeconds: local - 93_601)
        var instants: [Int64] = []
        var offsets: Set<Int> = [before]
        for change in changes { offsets.insert(change.offsetSeconds) }
        for offset in offsets where offsetSeconds(atUTCSeconds: local - Int64(offset)) == offset { instants.append(local - Int64(offset)) }
        instants.sort()
        guard let earlier = instants.first, let later = instants.last else { return movedForward(local, before, changes) }
        guard earlier < later else { return .exact(earlier) }
        guard let previous = previousUTCSeconds, Self.isRepeated(earlier, later, previous) else {
            return .ambiguous(chosen: earlier, earlier: earlier, later: later)
        }
        return .ambiguous(chosen: later, earlier: earlier, later: later)
    }

    private static func isRepeated(_ earlier: Int64, _ later: Int64, _ previous: Int64) -> Bool {
        previous > earlier + jitterSeconds && previous <= later + jitterSeconds
    }

    /// The first change that jumps over this local time; the offset before it is the one that the text was written with.
    private func movedForward(_ local: Int64, _ before: Int, _ changes: [Transition]) -> Resolution {
        var offset = before
        for change in changes {
            if change.utcSeconds + Int64(offset) <= local, local < change.utcSeconds + Int64(change.offsetSeconds) {
                return .movedForward(local - Int64(offset), gapSeconds: change.offsetSeconds - offset)
            }
            offset = change.offsetSeconds
        }
        return .movedForward(local - Int64(before), gapSeconds: 0)
    }

    // MARK: Days of the calendar of the zone, for what recurs by weekday and time of day

    /// The day, counted from 1970-01-01, that the calendar of the zone shows at an instant.
    public func localDay(atUTCSeconds time: Int64) -> Int {
        let time = min(max(time, -62_135_596_800), 253_402_300_799)
        let local = time + Int64(offsetSeconds(atUTCSeconds: time))
        return Int(local.dividedDown(by: 86_400))
    }

    /// When the clock on the wall shows a time of a day, from `minute` on and before `untilMinute`, which lies on the next day where it is
    /// above 1440. None where the clock skips the whole of it in spring; two where it shows it twice in autumn. In seconds since 1970, in
    /// order and apart from one another.
    public func intervals(localDay day: Int, minute: Int, untilMinute: Int) -> [Range<Int64>] {
        let (from, until) = (Int64(day) * 86_400 + Int64(minute) * 60, Int64(day) * 86_400 + Int64(untilMinute) * 60)
        var found: [Range<Int64>] = []
        var (begin, offset) = (Int64.min, Int64(offsetSeconds(atUTCSeconds: from - 93_601)))
        // No offset is larger than 26 hours. From one change to the next the offset is the same.
        for change in changes(from: from - 93_600, through: until + 93_600) + [Transition(utcSeconds: .max, offsetSeconds: 0)] {
            let (start, end) = (max(begin, from - offset), min(change.utcSeconds, until - offset))
            if start < end {
                let isContinued = found.last?.upperBound == start
                found.append((isContinued ? found.removeLast().lowerBound : start)..<end)
            }
            (begin, offset) = (change.utcSeconds, Int64(change.offsetSeconds))
        }
        return found
    }
}
