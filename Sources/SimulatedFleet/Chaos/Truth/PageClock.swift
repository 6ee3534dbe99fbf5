import CivilCalendar

/// How many pages a device has printed at any moment of the year: more on working days, within working hours of its zone, with good and bad days.
struct PageClock: Sendable {
    private static let fromHour = 7.0
    private static let hours = 11.0
    private static let dayMilliseconds = 86_400_000.0

    /// The beginning of each local day in UTC, and the pages printed before it. There is one more day than days with pages.
    private let dayStarts: [Int64]
    private let pagesBefore: [Double]

    /// - Parameter days: counted from `start`; some more follow, so that what ends after the year has a time as well.
    init(start: Int64, days: Int, averagePages: Double, worksAtWeekends: Bool, zone: ZoneRules, generator: inout SplitMix64) {
        let firstDay = zone.localDay(atUTCSeconds: start / 1000)
        var starts: [Int64] = []
        var sums = [0.0]
        for day in firstDay..<firstDay + days {
            let noon = Int64(day) * 86_400 + 43_200
            // Summer time begins and ends at night, when nothing is printed, so the offset at noon is right for all that counts.
            let offset = Int64(zone.offsetSeconds(atUTCSeconds: noon - Int64(zone.offsetSeconds(atUTCSeconds: noon))))
            starts.append((Int64(day) * 86_400 - offset) * 1000)
            let weekday = Weekday(daysSince1970: day)
            let isWeekend = weekday == .saturday || weekday == .sunday
            let isHoliday = (day - firstDay) % 365 >= 345
            let rhythm = (isWeekend && !worksAtWeekends ? 0.04 : 1) * (isHoliday ? 0.25 : 1)
            // A factor with a long tail: most days are ordinary, some are three times as busy.
            let luck = generator.unit() + generator.unit() + generator.unit()
            let mood = 0.35 + 0.3 * luck + (generator.chance(0.05) ? generator.number(0.5, 2) : 0)
            sums.append(sums[sums.count - 1] + averagePages * rhythm * mood)
        }
        starts.append((Int64(firstDay + days) * 86_400) * 1000)
        dayStarts = starts
        pagesBefore = sums
    }

    private var dayCount: Int { pagesBefore.count - 1 }

    private func day(at time: Int64) -> Int {
        var day = min(max(Int(Double(time - dayStarts[0]) / Self.dayMilliseconds), 0), dayCount - 1)
        while day > 0, time < dayStarts[day] { day -= 1 }
        while day < dayCount - 1, time >= dayStarts[day + 1] { day += 1 }
        return day
    }

    func pages(at time: Int64) -> Double {
        let day = day(at: time)
        let part = (Double(time - dayStarts[day]) / 3_600_000 - Self.fromHour) / Self.hours
        return pagesBefore[day] + (pagesBefore[day + 1] - pagesBefore[day]) * min(max(part, 0), 1)
    }

    /// When so many pages have been printed; nil when that is beyond the days.
    func time(ofPages pages: Double) -> Int64? {
        guard pages <= pagesBefore[dayCount] else { return nil }
        var (low, high) = (0, dayCount)
        while low < high {
            let middle = (low + high) / 2
            if pagesBefore[middle + 1] >= pages { high = middle } else { low = middle + 1 }
        }
        let printed = pagesBefore[low + 1] - pagesBefore[low]
        let part = printed > 0 ? min(max((pages - pagesBefore[low]) / printed, 0), 1) : 0
        return dayStarts[low] + Int64((Self.fromHour + part * Self.hours) * 3_600_000)
    }

    /// The first moment from `time` on at which somebody is at work.
    func nextWork(from time: Int64) -> Int64 {
        var day = day(at: time)
        while day < dayCount {
            let hour = Double(time - dayStarts[day]) / 3_600_000
            let isWorking = pagesBefore[day + 1] - pagesBefore[day] > 1
            if isWorking, hour < Self.fromHour + Self.hours {
                return max(time, dayStarts[day] + Int64(Self.fromHour * 3_600_000))
            }
            day += 1
        }
        return time
    }

    func isWorking(at time: Int64) -> Bool {
        let hour = Double(time - dayStarts[day(at: time)]) / 3_600_000
        return hour >= Self.fromHour && hour < Self.fromHour + Self.hours
    }
}
