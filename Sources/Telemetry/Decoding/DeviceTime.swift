import CivilCalendar

/// Decides which time a reading gets: the device's own where that is believable, the arrival time otherwise, and says which it is.
public enum DeviceTime {
    /// What the profile says of the time: what a bare number counts, or that it is a text (`iso8601`; a number counts milliseconds then, too).
    public enum Unit: String, CaseIterable, Sendable {
        case milliseconds, seconds, iso8601, microseconds, nanoseconds
        /// Time since the device was started, or of no known beginning, such as Moonraker's `eventtime`: of no use as a time.
        case monotonic

        /// How many milliseconds one is; 1 for texts, whose bare numbers count milliseconds.
        var milliseconds: Double {
            switch self {
            case .seconds: 1000
            case .milliseconds, .iso8601, .monotonic: 1
            case .microseconds: 1e-3
            case .nanoseconds: 1e-6
            }
        }
    }

    /// Whose time a reading got.
    public enum Quality: Equatable, Sendable {
        /// The device's own time, as it was sent.
        case device
        /// The device's own time, after a correction that has only one possible outcome.
        case deviceCorrected(Correction)
        /// The arrival time: the device's own cannot be believed.
        case arrivalImplausible(Reason)

        public var isDeviceTime: Bool {
            switch self {
            case .device, .deviceCorrected: true
            case .arrivalImplausible: false
            }
        }
    }

    public enum Correction: Sendable {
        /// The time is in another unit than the profile says.
        case secondsForMilliseconds, millisecondsForSeconds, microseconds, nanoseconds
        /// The clock was put forward over this local time, so it does not exist; it is moved forward by as much.
        case springGap
        /// The clock was put back, so this local time comes twice. The arrival decides where the message has just come; otherwise the order
        /// of the messages, or the earlier one is taken.
        case autumnOverlap
    }

    public enum Reason: Sendable {
        /// Before 2010.
        case clockNotSet
        /// More than a day after the arrival.
        case ahead
        /// It counts from the device's start.
        case monotonic
        case unreadable
    }

    /// 2010-01-01: no device that speaks of itself over MQTT has anything to say from before.
    public static let earliestMilliseconds: Int64 = 1_262_304_000_000
    /// How far a clock may be ahead, which allows for a local time taken for UTC.
    public static let aheadMilliseconds: Int64 = 86_400_000
    /// A time that lies so near to the arrival is one of a message that was on its way for no longer than that.
    static let liveMilliseconds: Int64 = 900_000

    /// The time of a reading in milliseconds since 1970, and where it is from.
    ///
    /// - Parameters:
    ///   - stamp: the time as it was sent; nil for one that could not be read.
    ///   - unit: what a bare number counts, also one in a text; texts of dates do not need it.
    ///   - zone: the zone of a text without one; without it UTC is taken.
    ///   - previous: the last event time of the same device, for the hour that comes twice in autumn.
    ///   - offset: how far the device's clock is known to be ahead, for the same hour.
    public static func resolve(
        stamp: LocalTimeText?, unit: Unit, zone: ZoneRules?, previousMilliseconds previous: Int64?, arrivalMilliseconds arrival: Int64,
        offsetMilliseconds offset: Int64 = 0
    ) -> (milliseconds: Int64, quality: Quality) {
        switch stamp {
        case .number(let number): return resolve(number, unit, arrival)
        case .instant(let milliseconds): return resolve(instant: milliseconds, nil, arrival)
        case .local(let wall): return resolve(wall, zone ?? .utc, previous, arrival, offset)
        case nil: return (arrival, .arrivalImplausible(.unreadable))
        }
    }

    /// A number in the wrong unit is corrected where only one reading of it is possible, and nowhere else.
    ///
    /// Too large: what would be the year 40,000 in seconds is milliseconds since 2010 or later. No clock that is merely wrong counts
    /// so far, so every time between 2010 and a day ahead is taken, and a backfill keeps its times. Too small is another matter: what
    /// would be 1970 in milliseconds may be seconds, and may be an honest clock that was not set at start and has been running for 15
    /// to 20 days. It is taken for seconds only within a day of arrival, which such a clock meets for three minutes in its life;
    /// anything older than that is taken at arrival time.
    private static func resolve(_ number: Double, _ unit: Unit, _ arrival: Int64) -> (milliseconds: Int64, quality: Quality) {
        guard number.isFinite else { return (arrival, .arrivalImplausible(.unreadable)) }
        if unit == .monotonic { return (arrival, .arrivalImplausible(.monotonic)) }
        let declared = number * unit.milliseconds
        if isSane(declared, arrival) { return (Int64(declared.rounded()), .device) }
        if declared < Double(earliestMilliseconds) {
            let asSeconds = number * 1000
            guard unit == .milliseconds || unit == .iso8601, isSane(asSeconds, arrival),
                abs(asSeconds - Double(arrival)) <= Double(aheadMilliseconds)
            else {
                return (arrival, .arrivalImplausible(.clockNotSet))
            }
            return (Int64(asSeconds.rounded()), .deviceCorrected(.secondsForMilliseconds))
        }
        let others: [(Double, Correction)] = [
            (number, .millisecondsForSeconds), (number / 1000, .microseconds), (number / 1_000_000, .nanoseconds),
        ]
        // Only a finer unit than the profile says makes a number that is too large.
        let candidates = others.filter { $0.0 < declared }
        for (milliseconds, correction) in candidates where isSane(milliseconds, arrival) {
            return (Int64(milliseconds.rounded()), .deviceCorrected(correction))
        }
        return (arrival, .arrivalImplausible(.ahead))
    }

    private static func isSane(_ milliseconds: Double, _ arrival: Int64) -> Bool {
        // The upper bound keeps the conversion to Int64 from trapping whatever the arrival time is.
        milliseconds >= Double(earliestMilliseconds) && milliseconds <= min(Double(arrival) + Double(aheadMilliseconds), 9e15)
    }

    private static func resolve(instant: Int64, _ correction: Correction?, _ arrival: Int64) -> (milliseconds: Int64, quality: Quality) {
        if instant < earliestMilliseconds { return (arrival, .arrivalImplausible(.clockNotSet)) }
        // Written so that no arrival time makes it overflow: the instant lies between 2010 and the year 10,000.
        guard instant - aheadMilliseconds <= arrival else { return (arrival, .arrivalImplausible(.ahead)) }
        return (instant, correction.map { .deviceCorrected($0) } ?? .device)
    }

    private static func resolve(
        _ wall: LocalTimeText.Wall, _ zone: ZoneRules, _ previous: Int64?, _ arrival: Int64, _ offset: Int64
    ) -> (milliseconds: Int64, quality: Quality) {
        let resolution = zone.utcSeconds(
            localYear: wall.year, month: wall.month, day: wall.day, hour: wall.hour, minute: wall.minute, second: wall.second,
            previousUTCSeconds: previous.map { $0 / 1000 })
        guard var seconds = resolution.utcSeconds else { return (arrival, .arrivalImplausible(.unreadable)) }
        if case .ambiguous(_, let earlier, let later) = resolution {
            let expected = arrival.addingReportingOverflow(offset).partialValue / 1000
            let isLive = { (instant: Int64) in abs(expected &- instant) <= liveMilliseconds / 1000 }
            if let live = [later, earlier].first(where: isLive) { seconds = live }
        }
        let correction: Correction? =
            switch resolution {
            case .movedForward: .springGap
            case .ambiguous: .autumnOverlap
            case .exact, .impossible: nil
            }
        return resolve(instant: seconds * 1000 + Int64(wall.millisecond), correction, arrival)
    }
}
