import CivilCalendar

/// How busy an office is at an hour of the week (UTC): full in working hours, little at night and at weekends.
enum WorkingHours {
    static let hourMilliseconds: Int64 = 3_600_000
    static let dayMilliseconds: Int64 = 86_400_000

    private static let workday: [Double] = [
        0.02, 0.02, 0.02, 0.02, 0.02, 0.05, 0.2, 0.6, 0.9, 1, 1, 0.9, 0.6, 0.9, 1, 0.9, 0.7, 0.5, 0.3, 0.1, 0.05, 0.02, 0.02, 0.02,
    ]
    private static let weekendShare = 0.12
    private static let weekTotal = workday.reduce(0, +) * (5 + 2 * weekendShare)

    /// 0 to 1.
    static func activity(at milliseconds: Int64) -> Double {
        workday[Int(hour(milliseconds))] * (weekday(milliseconds).isWeekend ? weekendShare : 1)
    }

    /// What share of an average day's work is done in that time at that activity.
    static func dayShare(activity: Double, milliseconds: Int64) -> Double {
        activity * 7 / weekTotal * Double(milliseconds) / Double(hourMilliseconds)
    }

    /// Average days' worth of work between two times, hour by hour.
    static func dayShares(from: Int64, to: Int64) -> Double {
        var total = 0.0
        var at = from
        while at < to {
            let end = min(to, at + hourMilliseconds)
            total += dayShare(activity: activity(at: end), milliseconds: end - at)
            at = end
        }
        return total
    }

    static func weekday(_ milliseconds: Int64) -> Weekday {
        Weekday(daysSince1970: Int(milliseconds.dividedDown(by: dayMilliseconds)))
    }

    static func hour(_ milliseconds: Int64) -> Int64 {
        milliseconds.dividedDown(by: hourMilliseconds) - 24 * milliseconds.dividedDown(by: dayMilliseconds)
    }
}
