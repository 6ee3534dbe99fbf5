/// How busy an office is at an hour of the week (UTC): full in working hours, little at night and at weekends.
enum WorkingHours {
    static let hourMilliseconds: Int64 = 3_600_000
    static let dayMilliseconds: Int64 = 86_400_000

    private static let weekday: [Double] = [
        0.02, 0.02, 0.02, 0.02, 0.02, 0.05, 0.2, 0.6, 0.9, 1, 1, 0.9, 0.6, 0.9, 1, 0.9, 0.7, 0.5, 0.3, 0.1, 0.05, 0.02, 0.02, 0.02,
    ]
    private static let weekendShare = 0.12
    private static let weekTotal = weekday.reduce(0, +) * (5 + 2 * weekendShare)

    /// 0 to 1.
    static func activity(at milliseconds: Int64) -> Double {
        let day = floorDivide(milliseconds, dayMilliseconds)
        let hour = Int(floorDivide(milliseconds - day * dayMilliseconds, hourMilliseconds))
        // The first of January 1970 was a Thursday; here Sunday is 0.
        let dayOfWeek = ((day + 4) % 7 + 7) % 7
        return weekday[hour] * (dayOfWeek == 0 || dayOfWeek == 6 ? weekendShare : 1)
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

    static func isSunday(_ milliseconds: Int64) -> Bool {
        ((floorDivide(milliseconds, dayMilliseconds) + 4) % 7 + 7) % 7 == 0
    }

    static func hour(_ milliseconds: Int64) -> Int64 {
        floorDivide(milliseconds, hourMilliseconds) - 24 * floorDivide(milliseconds, dayMilliseconds)
    }

    private static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
        value >= 0 ? value / by : -((-value + by - 1) / by)
    }
}
