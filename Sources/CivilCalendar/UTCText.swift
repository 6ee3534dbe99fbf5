/// A moment as documents for other programs write it, in UTC. Times are milliseconds since 1970.
public enum UTCText {
    private static let dayMilliseconds: Int64 = 86_400_000
    /// The first and the last millisecond of the years 0 to 9999.
    private static let rfc3339Range: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    /// RFC 3339 with milliseconds, such as `2026-11-21T22:04:05.123Z`; nil outside the years 0 to 9999, which it cannot write.
    public static func rfc3339(_ milliseconds: Int64) -> String? {
        guard rfc3339Range.contains(milliseconds) else { return nil }
        let (date, time) = parts(milliseconds)
        let rest = Int(milliseconds - milliseconds.dividedDown(by: 1000) * 1000)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T\(time).\(padded(rest, 3))Z"
    }

    /// The month as one number that grows by one a month, for sums by month. Here and below, what lies outside the years 1 to 9999 is brought there.
    public static func month(_ milliseconds: Int64) -> Int {
        let (date, _) = split(milliseconds)
        return date.year * 12 + date.month - 1
    }

    /// ISO 8601 with seconds, such as `2026-03-01T12:30:05+00:00`: cXML wants a numeric zone.
    public static func iso8601(_ milliseconds: Int64) -> String {
        let (date, time) = split(milliseconds)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T\(time)+00:00"
    }

    /// RFC 5322 §3.3, such as `Sun, 01 Mar 2026 12:30:05 +0000`.
    public static func mailDate(_ milliseconds: Int64) -> String {
        let (date, time) = split(milliseconds)
        let weekday = Weekday(daysSince1970: date.daysSince1970).shortName
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(weekday), \(padded(date.day, 2)) \(months[date.month - 1]) \(padded(date.year, 4)) \(time) +0000"
    }

    private static func split(_ milliseconds: Int64) -> (CivilDate, String) {
        parts(min(max(milliseconds, -62_135_596_800_000), rfc3339Range.upperBound))
    }

    private static func parts(_ milliseconds: Int64) -> (CivilDate, time: String) {
        let days = milliseconds.dividedDown(by: dayMilliseconds)
        let seconds = Int((milliseconds - days * dayMilliseconds) / 1000)
        return (
            CivilDate(daysSince1970: Int(days)),
            "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        )
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
