/// Calendar arithmetic of the proleptic Gregorian calendar, after Howard Hinnant's "chrono-compatible low-level date algorithms".
public enum CivilTime {
    public static func days(year: Int, month: Int, day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-21T22:04:05.123Z`. Times outside the years 0 to 9999 are shown as a number.
    public static func text(_ milliseconds: Int64) -> String {
        // Rounded down, without a step beyond the smallest number.
        let day = Int(milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds + 1) / 86_400_000 - 1)
        guard (-719_528...2_932_896).contains(day) else { return String(milliseconds) }
        let rest = Int(milliseconds - Int64(day) * 86_400_000)
        let z = day + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let mp = (5 * dayOfYear + 2) / 153
        let month = mp < 10 ? mp + 3 : mp - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func pad(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(dayOfYear - (153 * mp + 2) / 5 + 1, 2))T"
            + "\(pad(rest / 3_600_000, 2)):\(pad(rest / 60_000 % 60, 2)):\(pad(rest / 1000 % 60, 2)).\(pad(rest % 1000, 3))Z"
    }

    /// `2024-05-01T12:00:00[.fff][Z|±hh:mm]`, with T or a space; without a zone it is taken as UTC. Nil for anything else.
    static func milliseconds(iso8601 bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard bytes.count >= 19, bytes.count <= 40 else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            return value
        }
        guard bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T") || bytes[10] == 0x20,
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"), let year = number(0..<4), let month = number(5..<7),
            let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1...12).contains(month), (1...31).contains(day), day <= 28 || isDay(day, month, year), hour < 24, minute < 60, second < 61
        else { return nil }
        var milliseconds = 0
        var at = 19
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            var scale = 100
            while at < bytes.count, (0x30...0x39).contains(bytes[at]) {
                milliseconds += Int(bytes[at] - 0x30) * scale
                scale /= 10
                at += 1
            }
        }
        var offsetMinutes = 0
        if at < bytes.count, bytes[at] == UInt8(ascii: "Z") {
            guard at + 1 == bytes.count else { return nil }
        } else if at < bytes.count {
            guard at + 6 == bytes.count, bytes[at + 3] == UInt8(ascii: ":"), let h = number(at + 1..<at + 3),
                let m = number(at + 4..<at + 6), h < 24, m < 60,
                bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-")
            else { return nil }
            offsetMinutes = (h * 60 + m) * (bytes[at] == UInt8(ascii: "-") ? -1 : 1)
        }
        let seconds = days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offsetMinutes * 60
        return Int64(seconds) * 1000 + Int64(milliseconds)
    }

    /// Whether the month has that day: the next month begins later.
    private static func isDay(_ day: Int, _ month: Int, _ year: Int) -> Bool {
        let next = month == 12 ? days(year: year + 1, month: 1, day: 1) : days(year: year, month: month + 1, day: 1)
        return days(year: year, month: month, day: day) < next
    }
}
