import CivilCalendar

/// Seven numbers, one for each weekday, in the first lanes of a vector. The first is Thursday's, because day 0 (1970-01-01) was one and snapshots
/// hold the numbers in the order of day numbers.
extension SIMD8 {
    init(week: (Weekday) -> Scalar, last: Scalar) {
        self.init(repeating: last)
        for day in Weekday.allCases { self[day] = week(day) }
    }

    subscript(day: Weekday) -> Scalar {
        get { self[(day.rawValue + 3) % 7] }
        set { self[(day.rawValue + 3) % 7] = newValue }
    }
}
