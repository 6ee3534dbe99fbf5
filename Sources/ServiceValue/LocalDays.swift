import CivilCalendar

/// The days of a zone, by which the account adds up: each begins at midnight on the wall, so that one has 23 or 25 hours twice a year.
public struct LocalDays: Sendable {
    /// An interval is shared out among at most so many days; the last takes what is left. Ten years.
    static let maximumDays = 3660

    /// The years 1 to 9999, in which there are dates.
    private static let years: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_000

    /// A part of an interval that lies in one day.
    public struct Share: Equatable, Sendable {
        /// Days since 1970-01-01, by the date on the wall.
        public var day: Int
        public var milliseconds: Int64
    }

    private let zone: ZoneRules

    public init(zone: ZoneRules) { self.zone = zone }

    /// The date on the wall at an instant, in days since 1970-01-01.
    public func day(atMilliseconds time: Int64) -> Int {
        let seconds = time.dividedDown(by: 1000)
        let local = seconds.addingReportingOverflow(Int64(zone.offsetSeconds(atUTCSeconds: seconds)))
        return Int(clamping: (local.overflow ? seconds : local.partialValue).dividedDown(by: 86_400))
    }

    /// The instant at which a day begins: midnight, or the end of the hour that a change of the clock left out.
    public func startMilliseconds(ofDay day: Int) -> Int64 {
        let date = CivilDate(daysSince1970: day)
        let midnight = zone.utcSeconds(localYear: date.year, month: date.month, day: date.day, hour: 0, minute: 0, second: 0)
        return (midnight.utcSeconds ?? Int64(day) * 86_400) * 1000
    }

    /// How much of an interval lies in each day, in their order. Nothing for an interval that ends before it begins.
    public func shares(from start: Int64, to end: Int64) -> [Share] {
        var shares: [Share] = []
        var time = max(start, Self.years.lowerBound)
        let end = min(end, Self.years.upperBound)
        while time < end {
            let day = day(atMilliseconds: time)
            let next = startMilliseconds(ofDay: day + 1)
            // A day that would end before the instant that lies in it is that of a zone whose clock jumped back over midnight.
            let stop = shares.count + 1 < Self.maximumDays && next > time ? min(next, end) : end
            if let last = shares.last, last.day == day {
                shares[shares.count - 1].milliseconds += stop - time
            } else {
                shares.append(Share(day: day, milliseconds: stop - time))
            }
            time = stop
        }
        return shares
    }
}
