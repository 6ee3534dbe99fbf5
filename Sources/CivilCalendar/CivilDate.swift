/// A day of the proleptic Gregorian calendar: the way back from `CivilTime.days`, and the checks that untrusted dates need.
struct CivilDate: Equatable, Sendable {
    var year: Int
    var month: Int
    var day: Int

    /// The years that a text may name. Nothing here is asked about times outside them, and all arithmetic stays far from overflow.
    static let years = 1...9999

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date of a day counted from 1970-01-01, after Howard Hinnant's `civil_from_days`.
    init(days: Int) {
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        month = shifted < 10 ? shifted + 3 : shifted - 9
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var days: Int { CivilTime.days(year: year, month: month, day: day) }

    var isReal: Bool {
        Self.years.contains(year) && (1...12).contains(month) && day >= 1 && day <= Self.length(ofMonth: month, year: year)
    }

    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// 0 is Sunday, as in POSIX. 1970-01-01 was a Thursday.
    static func weekday(days: Int) -> Int { ((days % 7) + 11) % 7 }
}
