import Documents

/// How long it takes until the next reading of a device comes, by the time of the day.
struct ReportGaps: Equatable, Sendable {
    /// Days to the next reading, by eighths of the day; 0 while not known.
    private(set) var days = SIMD8<Float>(repeating: 0)

    /// Takes the time between two readings, in milliseconds of local time.
    mutating func learn(from start: Int64, to end: Int64) {
        guard end > start else { return }
        let gap = Float(min((Double(end) - Double(start)) / Double(UseCalendar.millisecondsPerDay), 7))
        let place = Int(UseCalendar.day(start).part * 8) & 7
        days[place] = days[place] == 0 ? gap : days[place] + 0.08 * (gap - days[place])
    }

    /// Days until the next reading, as seen from one that came at this local time.
    func expectedDays(at milliseconds: Int64) -> Double {
        let own = days[Int(UseCalendar.day(milliseconds).part * 8) & 7]
        if own > 0 { return Double(own) }
        let known = days.max()
        return known > 0 ? Double(known) : 0.5
    }

    mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) { try coder.code(&days) }
}
