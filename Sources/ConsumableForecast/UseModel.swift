import CivilCalendar
import Documents

/// Use of one counter: completed days go to the rate and to the week's profile.
struct UseModel: Encodable, Equatable, Sendable {
    /// The day that is being counted. It is the day of `lastMilliseconds`, unless the clock was set over a midnight since.
    private var dayNumber: Int64?
    private var unitsAtDayStart = 0.0
    private var lastMilliseconds: Int64 = 0
    private var lastUnits = 0.0
    /// The day on which counting began is not a whole one and is left out.
    private var isPartialDay = true
    /// What is added to UTC for the clock on the wall, as of the last reading: days and weekdays are those of people.
    private var utcOffsetMilliseconds: Int32 = 0
    private(set) var completedDays = 0.0
    private(set) var gaps = ReportGaps()
    /// At most one: what completed days taught. There is none before the first day on which something was used.
    private var learned: [Learned] = []

    private struct Learned: Equatable, Sendable {
        var rate = UseRate()
        var calendar = UseCalendar()
    }

    var rate: UseRate { learned.first?.rate ?? UseRate() }
    var calendar: UseCalendar { learned.first?.calendar ?? UseCalendar() }
    var isRateKnown: Bool { learned.isEmpty ? false : learned[0].rate.isKnown }
    /// Units of a day of weight 1; 0 while not known.
    var meanRate: Double { learned.isEmpty ? 0 : learned[0].rate.mean }

    /// Units of an ordinary day, for what is alike within one day.
    var unitsPerDay: Double { isRateKnown ? meanRate * 1.3 : 0 }

    /// Memory beside the value itself, as the allocator gives it, with the head of an array.
    var heapBytes: Int { learned.isEmpty ? 0 : MemoryLayout<Learned>.stride + 40 }

    /// Units of the present day so far; nil on the day on which counting began, or the clock was set.
    var unitsToday: Double? { isPartialDay || wasSetOverMidnight ? nil : max(0, lastUnits - unitsAtDayStart) }

    private var wasSetOverMidnight: Bool { dayNumber.map { $0 != day(lastMilliseconds).number } ?? false }

    func local(_ milliseconds: Int64) -> Int64 { milliseconds.shifted(byMilliseconds: Int64(utcOffsetMilliseconds)) }

    /// Number of the local day, and how much of it has gone.
    func day(_ milliseconds: Int64) -> (number: Int64, part: Double) { UseCalendar.day(local(milliseconds)) }

    /// Takes the units used so far by an odometer that never runs backwards. `utcOffsetSeconds` is that of the site at this time.
    mutating func observe(timeMilliseconds: Int64, odometer: Double, utcOffsetSeconds: Int = 0, fleet: inout FleetPriors) {
        if wasSetOverMidnight {
            // What was counted belongs to a day of the former clock, and says nothing of one of the new.
            dayNumber = self.day(lastMilliseconds).number
            isPartialDay = true
        }
        utcOffsetMilliseconds = Int32(clamping: utcOffsetSeconds &* 1000)
        let day = self.day(timeMilliseconds).number
        guard let last = dayNumber else {
            dayNumber = day
            unitsAtDayStart = odometer
            lastMilliseconds = timeMilliseconds
            lastUnits = odometer
            return
        }
        guard timeMilliseconds > lastMilliseconds else {
            lastUnits = odometer
            return
        }
        gaps.learn(from: local(lastMilliseconds), to: local(timeMilliseconds))
        if isRateKnown, odometer > lastUnits {
            learned[0].calendar.learnHours(
                from: local(lastMilliseconds), to: local(timeMilliseconds), units: odometer - lastUnits,
                typicalDay: learned[0].rate.mean)
        }
        if day > last { complete(last, until: day, timeMilliseconds, odometer, &fleet) }
        lastMilliseconds = timeMilliseconds
        lastUnits = odometer
    }

    private mutating func complete(_ last: Int64, until day: Int64, _ time: Int64, _ odometer: Double, _ fleet: inout FleetPriors) {
        // Units of a gap over midnight belong to both sides of it, as the day's profile has it.
        let calendar = self.calendar
        let (from, fromPart) = self.day(lastMilliseconds)
        let before = calendar.activity(from, fromPart)
        let midnight = calendar.activity(day, 0)
        let after = calendar.activity(day, self.day(time).part)
        let share = after > before ? min(max((midnight - before) / (after - before), 0), 1) : 1
        let unitsAtMidnight = lastUnits + share * (odometer - lastUnits)
        let units = unitsAtMidnight - unitsAtDayStart
        let days = day - last
        if !isPartialDay, units >= 0 {
            completedDays = min(completedDays + Double(days), 100_000)
            learn(units: units, from: last, days: days, &fleet)
        }
        isPartialDay = false
        dayNumber = day
        unitsAtDayStart = unitsAtMidnight
    }

    private mutating func learn(units: Double, from first: Int64, days: Int64, _ fleet: inout FleetPriors) {
        if learned.isEmpty {
            // Nothing can be said of the rate of what has never been used.
            guard units > 0 else { return }
            learned = [Learned()]
        }
        let expected = learned[0].rate.mean
        let weight = learned[0].calendar.weight(from: first, days: days)
        learned[0].rate.fold(units: units, weight: weight, days: Double(min(days, 10_000)))
        guard days == 1, expected > 0, completedDays > 5 else { return }
        let weekday = UseCalendar.weekday(first)
        let ratio = units / expected
        fleet.learnWeekday(weekday, ratio: ratio)
        learned[0].calendar.learn(weekday: weekday, ratio: ratio, fleet: fleet.weekdayWeights)
    }

    /// The day that is being counted is longer or shorter by the step; over a midnight it is left out, once the next reading comes.
    mutating func shift(byMilliseconds step: Int64) {
        if dayNumber != nil { lastMilliseconds = lastMilliseconds.shifted(byMilliseconds: step) }
    }

    /// - Parameter hasZone: false for bytes of a version that counted days of UTC.
    mutating func code(by coder: inout FieldCoder, hasZone: Bool) throws(ByteCodingError) {
        if hasZone { try coder.code(&utcOffsetMilliseconds) }
        try coder.code(&dayNumber, &unitsAtDayStart, &lastMilliseconds, &lastUnits)
        try coder.code(&isPartialDay, &completedDays)
        var known = learned.first ?? Learned()
        try known.rate.code(by: &coder)
        try known.calendar.code(by: &coder)
        try gaps.code(by: &coder)
        learned = known == Learned() ? [] : [known]
    }

    private enum CodingKeys: String, CodingKey {
        case dayNumber, unitsAtDayStart, lastMilliseconds, lastUnits, isPartialDay, completedDays, rate, calendar
        case utcOffsetMilliseconds
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(dayNumber, forKey: .dayNumber)
        try container.encode(unitsAtDayStart, forKey: .unitsAtDayStart)
        try container.encode(lastMilliseconds, forKey: .lastMilliseconds)
        try container.encode(lastUnits, forKey: .lastUnits)
        try container.encode(isPartialDay, forKey: .isPartialDay)
        try container.encode(completedDays, forKey: .completedDays)
        if utcOffsetMilliseconds != 0 { try container.encode(utcOffsetMilliseconds, forKey: .utcOffsetMilliseconds) }
        try container.encode(rate, forKey: .rate)
        var nested = container.nestedContainer(keyedBy: UseCalendar.CodingKeys.self, forKey: .calendar)
        try calendar.encode(into: &nested)
        try nested.encode(gaps.days, forKey: .gaps)
    }
}
