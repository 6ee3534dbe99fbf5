import CivilCalendar

/// The days on which a supplier works: lead times are counted in these, by the clock on the supplier's wall.
public struct SupplierCalendar: Equatable, Sendable {
    public static let ordinaryWorkingDays: Set<Weekday> = [.monday, .tuesday, .wednesday, .thursday, .friday]

    public var workingDays: Set<Weekday>
    /// Days since 1970-01-01 on which nobody works.
    public var holidays: Set<Int64>
    /// Orders after this hour of the supplier's day are taken up the next working day.
    public var cutoffHour: Double
    /// The supplier's zone, summer time included.
    public var zone: ZoneRules

    public init(
        workingDays: Set<Weekday> = ordinaryWorkingDays, holidays: Set<Int64> = [], cutoffHour: Double = 24, zone: ZoneRules = .utc
    ) {
        // A supplier that never works would never deliver.
        self.workingDays = workingDays.isEmpty ? Self.ordinaryWorkingDays : workingDays
        self.holidays = holidays
        self.cutoffHour = cutoffHour.isFinite ? min(max(cutoffHour, 0), 24) : 24
        self.zone = zone
    }

    private static let perDay = 86_400_000.0

    /// Whether the supplier works on a day, counted from 1970-01-01.
    public func works(onDay day: Int64) -> Bool {
        workingDays.contains(Weekday(daysSince1970: Int(day))) && !holidays.contains(day)
    }

    /// Days from the order to the arrival: the order waits for a working day before the cut-off, and then so many working days pass.
    public func daysUntilArrival(orderedAt milliseconds: Int64, leadDays: Double) -> Double {
        let instant = Double(milliseconds) / Self.perDay
        let offset = offsetDays(atDays: instant)
        let local = instant + offset
        guard local.isFinite, abs(local) < 1e8 else { return leadDays }
        var day = Int64(local.rounded(.down))
        var part = local - Double(day)
        if !works(onDay: day) || part * 24 >= cutoffHour {
            day = nextWorkingDay(after: day)
            part = 0
        }
        var rest = leadDays
        // A year of days is more than any lead time has.
        for _ in 0..<1_000 {
            if part + rest < 1 || rest <= 0 { break }
            rest -= 1 - part
            part = 0
            day = nextWorkingDay(after: day)
        }
        let arrival = Double(day) + part + max(rest, 0)
        // Summer time may begin or end in between; the days that pass are counted in UTC.
        let moved = offsetDays(atDays: arrival - offset) - offset
        return max(arrival - local - moved, 0)
    }

    private func offsetDays(atDays days: Double) -> Double {
        guard abs(days) < 1e8 else { return 0 }
        return Double(zone.offsetSeconds(atUTCSeconds: Int64((days * 86_400).rounded(.down)))) / 86_400
    }

    private func nextWorkingDay(after day: Int64) -> Int64 {
        var next = day + 1
        for _ in 0..<400 where !works(onDay: next) { next += 1 }
        return next
    }
}
