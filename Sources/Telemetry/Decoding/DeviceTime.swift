import CivilCalendar

/// Decides which time a reading gets: the device's own where that is believable, the arrival time otherwise, and always says which.
public enum DeviceTime {
    /// What stands where the profile says that the time is.
    public enum Raw: Equatable, Sendable {
        case absent
        case number(Double)
        case text(String)
    }

    /// What a bare number counts.
    public enum Unit: String, CaseIterable, Sendable {
        case milliseconds, seconds
        /// Time since the device was started, or of no known beginning, such as Moonraker's `eventtime`: of no use as a time.
        case monotonic
    }

    public enum Quality: Equatable, Sendable {
        /// The device's own time, as it was sent.
        case device
        /// The device's own time, after a correction that has only one possible outcome.
        case deviceCorrected(Correction)
        /// The message has no time; that is no mistake.
        case arrivalAbsent
        /// The message has a time that cannot be believed.
        case arrivalImplausible(Reason)

        public var isDeviceTime: Bool {
            switch self {
            case .device, .deviceCorrected: true
            case .arrivalAbsent, .arrivalImplausible: false
            }
        }
    }

    public enum Correction: String, CaseIterable, Sendable, CustomStringConvertible {
        case secondsForMilliseconds, millisecondsForSeconds, microseconds, nanoseconds, springGap, autumnOverlap

        public var description: String {
            switch self {
            case .secondsForMilliseconds: "the time is in seconds, the profile says milliseconds"
            case .millisecondsForSeconds: "the time is in milliseconds, the profile says seconds"
            case .microseconds: "the time is in microseconds"
            case .nanoseconds: "the time is in nanoseconds"
            case .springGap: "the local time does not exist, the clock was put forward over it: it is moved forward"
            case .autumnOverlap: "the local time comes twice, the clock was put back: the order of the messages decides, or the earlier"
            }
        }
    }

    public enum Reason: String, CaseIterable, Sendable, CustomStringConvertible {
        case clockNotSet, ahead, monotonic, unreadable

        public var description: String {
            switch self {
            case .clockNotSet: "the time lies before 2010: the device's clock is not set"
            case .ahead: "the time lies more than a day ahead"
            case .monotonic: "the time counts from the device's start"
            case .unreadable: "the time cannot be read"
            }
        }
    }

    /// 2010-01-01: no device that speaks of itself over MQTT has anything to say from before.
    public static let earliestMilliseconds: Int64 = 1_262_304_000_000
    /// How far a clock may be ahead, which allows for a local time taken for UTC.
    public static let aheadMilliseconds: Int64 = 86_400_000

    /// The time of a reading in milliseconds since 1970, and where it is from.
    ///
    /// - Parameters:
    ///   - unit: what a bare number counts, also one in a text; texts of dates do not need it.
    ///   - zone: the zone of a text without one; without it UTC is taken.
    ///   - previousMilliseconds: the last event time of the same device, for the hour that comes twice in autumn.
    public static func judge(
        raw: Raw, unit: Unit = .milliseconds, zone: ZoneRules? = nil, previousMilliseconds: Int64? = nil, arrivalMilliseconds: Int64
    ) -> (milliseconds: Int64, quality: Quality) {
        switch raw {
        case .absent: return (arrivalMilliseconds, .arrivalAbsent)
        case .number(let number): return judge(number, unit, arrivalMilliseconds)
        case .text(var text):
            return text.withUTF8 { judge(text: $0, unit, zone, previousMilliseconds, arrivalMilliseconds) }
        }
    }

    /// The same for the bytes of a text where they stand, without a copy.
    public static func judge(
        text: UnsafeBufferPointer<UInt8>, unit: Unit = .milliseconds, zone: ZoneRules? = nil, previousMilliseconds: Int64? = nil,
        arrivalMilliseconds: Int64
    ) -> (milliseconds: Int64, quality: Quality) {
        judge(text: text, unit, zone, previousMilliseconds, arrivalMilliseconds)
    }

    private static func judge(
        text: UnsafeBufferPointer<UInt8>, _ unit: Unit, _ zone: ZoneRules?, _ previous: Int64?, _ arrival: Int64
    ) -> (milliseconds: Int64, quality: Quality) {
        // An empty text is how many firmwares say that they have no time.
        if text.allSatisfy({ $0 <= 0x20 }) { return (arrival, .arrivalAbsent) }
        return judge(stamp: LocalTimeText(text), unit: unit, zone: zone, previousMilliseconds: previous, arrivalMilliseconds: arrival)
    }

    /// The same for a time that was read already; nil is one that could not be read.
    public static func judge(
        stamp: LocalTimeText?, unit: Unit, zone: ZoneRules?, previousMilliseconds previous: Int64?, arrivalMilliseconds arrival: Int64
    ) -> (milliseconds: Int64, quality: Quality) {
        switch stamp {
        case .number(let number): return judge(number, unit, arrival)
        case .instant(let milliseconds): return judge(instant: milliseconds, nil, arrival)
        case .local(let wall): return judge(wall, zone ?? .utc, previous, arrival)
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
    private static func judge(_ number: Double, _ unit: Unit, _ arrival: Int64) -> (milliseconds: Int64, quality: Quality) {
        guard number.isFinite else { return (arrival, .arrivalImplausible(.unreadable)) }
        if unit == .monotonic { return (arrival, .arrivalImplausible(.monotonic)) }
        let declared = unit == .seconds ? number * 1000 : number
        if isSane(declared, arrival) { return (Int64(declared.rounded()), .device) }
        if declared < Double(earliestMilliseconds) {
            let asSeconds = number * 1000
            guard unit == .milliseconds, isSane(asSeconds, arrival), abs(asSeconds - Double(arrival)) <= Double(aheadMilliseconds) else {
                return (arrival, .arrivalImplausible(.clockNotSet))
            }
            return (Int64(asSeconds.rounded()), .deviceCorrected(.secondsForMilliseconds))
        }
        var candidates: [(Double, Correction)] = [(number / 1000, .microseconds), (number / 1_000_000, .nanoseconds)]
        if unit == .seconds { candidates.insert((number, .millisecondsForSeconds), at: 0) }
        for (milliseconds, correction) in candidates where isSane(milliseconds, arrival) {
            return (Int64(milliseconds.rounded()), .deviceCorrected(correction))
        }
        return (arrival, .arrivalImplausible(.ahead))
    }

    private static func isSane(_ milliseconds: Double, _ arrival: Int64) -> Bool {
        // The upper bound keeps the conversion to Int64 from trapping whatever the arrival time is.
        milliseconds >= Double(earliestMilliseconds) && milliseconds <= min(Double(arrival) + Double(aheadMilliseconds), 9e15)
    }

    private static func judge(instant: Int64, _ correction: Correction?, _ arrival: Int64) -> (milliseconds: Int64, quality: Quality) {
        if instant < earliestMilliseconds { return (arrival, .arrivalImplausible(.clockNotSet)) }
        // Written so that no arrival time makes it overflow: the instant lies between 2010 and the year 10,000.
        guard instant - aheadMilliseconds <= arrival else { return (arrival, .arrivalImplausible(.ahead)) }
        return (instant, correction.map { .deviceCorrected($0) } ?? .device)
    }

    private static func judge(
        _ wall: LocalTimeText.Wall, _ zone: ZoneRules, _ previous: Int64?, _ arrival: Int64
    ) -> (milliseconds: Int64, quality: Quality) {
        let resolution = zone.utcSeconds(
            localYear: wall.year, month: wall.month, day: wall.day, hour: wall.hour, minute: wall.minute, second: wall.second,
            previousUTCSeconds: previous.map { $0 / 1000 })
        guard let seconds = resolution.utcSeconds else { return (arrival, .arrivalImplausible(.unreadable)) }
        let correction: Correction? =
            switch resolution {
            case .movedForward: .springGap
            case .ambiguous: .autumnOverlap
            case .exact, .impossible: nil
            }
        return judge(instant: seconds * 1000 + Int64(wall.millisecond), correction, arrival)
    }
}
