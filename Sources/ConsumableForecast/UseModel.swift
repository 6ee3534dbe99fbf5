import CivilCalendar
import Documents

/// Use of one counter: completed days go to the rate and to the week's profile.
struct UseModel: Codable, Equatable, Sendable {
    private var dayNumber: Int64?
    private var unitsAtDayStart = 0.0
    private var lastMilliseconds: Int64 = 0
    private var lastUnits = 0.0
    /// The day on which counting began is not a whole one and is left out.
    private var isPartialDay = true
    private(set) var completedDays = 0.0
    private(set) var rate = UseRate()
    private(set) var calendar = UseCalendar()

    /// Units of an ordinary day, for what is alike within one day.
    var unitsPerDay: Double { rate.isKnown ? rate.mean * 1.3 : 0 }

    /// Units of the present day so far; nil on the day on which counting began.
    var unitsToday: Double? { isPartialDay ? nil : max(0, lastUnits - unitsAtDayStart) }

    /// Takes the units used so far by an odometer that never runs backwards.
    mutating func observe(timeMilliseconds: Int64, odometer: Double, fleet: inout FleetPriors) {
        let day = UseCalendar.day(timeMilliseconds).number
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
        calendar.learnGap(from: lastMilliseconds, to: timeMilliseconds)
        if rate.isKnown {
            calendar.learnHours(from: lastMilliseconds, to: timeMilliseconds, units: odometer - lastUnits, typicalDay: rate.mean)
        }
        if day > last { complete(last, until: day, timeMilliseconds, odometer, &fleet) }
        lastMilliseconds = timeMilliseconds
        lastUnits = odometer
    }

    private mutating func complete(_ last: Int64, until day: Int64, _ time: Int64, _ odometer: Double, _ fleet: inout FleetPriors) {
        // Units of a gap over midnight belong to both sides of it, as the day's profile has it.
        let (from, fromPart) = UseCalendar.day(lastMilliseconds)
        let before = calendar.activity(from, fromPart)
        let midnight = calendar.activity(day, 0)
        let after = calendar.activity(day, UseCalendar.day(time).part)
        let share = after > before ? min(max((midnight - before) / (after - before), 0), 1) : 1
        let unitsAtMidnight = lastUnits + share * (odometer - lastUnits)
        let units = unitsAtMidnight - unitsAtDayStart
        let days = day - last
        if !isPartialDay, units >= 0 {
            completedDays = min(completedDays + Double(days), 100_000)
            let expected = rate.isKnown ? rate.mean : 0
            rate.fold(units: units, weight: calendar.weight(from: last, days: days), days: Double(min(days, 10_000)))
            if days == 1, expected > 0, completedDays > 5 {
                let weekday = UseCalendar.weekday(last)
                let ratio = units / expected
                fleet.learnWeekday(weekday, ratio: ratio)
                calendar.learn(weekday: weekday, ratio: ratio, fleet: fleet.weekdayWeights)
            }
        }
        isPartialDay = false
        dayNumber = day
        unitsAtDayStart = unitsAtMidnight
    }
}

extension UseModel {
    /// The day that is being counted becomes the day of the new clock. Its length may be off once by what the step is beyond whole days.
    mutating func shift(byMilliseconds step: Int64) {
        guard let day = dayNumber else { return }
        let moved = lastMilliseconds.shifted(byMilliseconds: step)
        dayNumber = day &+ (UseCalendar.day(moved).number &- UseCalendar.day(lastMilliseconds).number)
        lastMilliseconds = moved
    }

    mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        try coder.code(&dayNumber)
        try coder.code(&unitsAtDayStart)
        try coder.code(&lastMilliseconds)
        try coder.code(&lastUnits)
        try coder.code(&isPartialDay)
        try coder.code(&completedDays)
        try rate.code(by: &coder)
        try calendar.code(by: &coder)
    }
}
