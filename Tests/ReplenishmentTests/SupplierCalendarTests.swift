import CivilCalendar
import FoundationEssentials
import TestSupport
import Testing

@testable import Replenishment

private let hour: Int64 = 3_600_000
private let day: Int64 = 24 * hour

/// Working days by the clock on the supplier's wall.
@Suite struct SupplierCalendarTests {
    private func zone(_ name: String) throws -> ZoneRules {
        try ZoneRules(tzif: Array(try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/" + name))))
    }

    /// 2026-03-29 and 2026-10-25 are the Sundays on which Berlin's clocks are moved, from UTC+1 to UTC+2 and back.
    @Test(
        arguments: [
            // Friday 2026-03-27, 13:30 in Berlin (UTC+1): before the cut-off at 14, so a day's work ends on Monday at 13:30, which is UTC+2.
            (20_539, 12.5, 1.0, 2.0 + 1.0 - 1.0 / 24),
            // 14:30 in Berlin: taken up on Monday at 0:00, two days, nine hours and a half later less the hour that is left out.
            (20_539, 13.5, 0.0, 2.0 + 8.5 / 24),
            // Monday 2026-03-30, 13:30 in Berlin is 11:30 UTC now, and 12:30 UTC is after the cut-off.
            (20_542, 11.5, 0.5, 0.5), (20_542, 12.5, 0.25, 9.5 / 24 + 0.25),
            // Friday 2026-10-23, 13:30 in Berlin (UTC+2); Monday's 13:30 is an hour further away.
            (20_749, 11.5, 1.0, 3.0 + 1.0 / 24),
        ] as [(Int64, Double, Double, Double)])
    func summerTime(_ date: Int64, _ hourUTC: Double, _ leadDays: Double, _ expected: Double) throws {
        let calendar = SupplierCalendar(cutoffHour: 14, zone: try zone("Europe/Berlin"))
        let time = date * day + Int64(hourUTC * Double(hour))
        #expect(abs(calendar.daysUntilArrival(orderedAt: time, leadDays: leadDays) - expected) < 1e-6)
    }

    /// The same hour of UTC is another working day elsewhere.
    @Test func theDayIsTheSuppliers() throws {
        let friday = Int64(20_539) * day + 20 * hour
        // In Tokyo it is Saturday, 5:00; work begins on Monday, which there begins on Sunday at 15:00 UTC.
        let tokyo = SupplierCalendar(zone: try zone("Asia/Tokyo"))
        #expect(abs(tokyo.daysUntilArrival(orderedAt: friday, leadDays: 0) - 43.0 / 24) < 1e-6)
        let losAngeles = SupplierCalendar(zone: try zone("America/Los_Angeles"))
        #expect(losAngeles.daysUntilArrival(orderedAt: friday, leadDays: 0) == 0)
    }

    /// Who orders later receives later, over every change of the clocks, and nothing arrives before it was ordered.
    @Test(arguments: ["UTC", "Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Tokyo"])
    func laterOrdersArriveLater(_ name: String) throws {
        var generator = SeededGenerator(seed: 7)
        let calendar = SupplierCalendar(
            workingDays: [.monday, .tuesday, .thursday, .friday], holidays: [20_540, 20_541, 20_750], cutoffHour: 15.5, zone: try zone(name)
        )
        for _ in 0..<400 {
            let time = Int64(20_500) * day + Int64.random(in: 0..<(300 * day), using: &generator)
            let lead = Double.random(in: 0...9, using: &generator)
            let step = Int64.random(in: 1...(2 * day), using: &generator)
            let early = calendar.daysUntilArrival(orderedAt: time, leadDays: lead)
            let late = calendar.daysUntilArrival(orderedAt: time + step, leadDays: lead) + Double(step) / Double(day)
            // An hour that the clocks leave out or show twice may lie within a working day.
            #expect(early >= 0 && late >= early - 1.01 / 24, "seed 7, \(name): \(time) + \(step), lead \(lead)")
        }
    }

    // MARK: Waiting

    /// The chance of an end that is spread evenly over the days from `first` to `last`.
    private func ends(_ first: Double, _ last: Double) -> (Double) -> Double {
        { days in min(max((days - first) / (last - first), 0), 1) }
    }

    @Test func theWaitEndsWhereTheRiskIsWhatIsAllowed() {
        let lead = LeadTime(days: 2, spread: 0)
        // 2 days to deliver, an end on the 10th to 20th day: 5 % are reached on day 10.5, so 8.5 days may pass.
        let wait = lead.safeWaitMilliseconds(
            from: 0, within: 30 * day, allowedRisk: 0.05, calendar: nil, endsWithin: ends(10, 20))
        #expect(abs(Double(wait) / Double(day) - 8.5) < 0.001)
        #expect(lead.safeWaitMilliseconds(from: 0, within: 3 * day, allowedRisk: 0.05, calendar: nil, endsWithin: ends(10, 20)) == 3 * day)
        // More is at stake already, and each hour adds to it.
        #expect(lead.safeWaitMilliseconds(from: 0, within: 3 * day, allowedRisk: 0.05, calendar: nil, endsWithin: ends(1, 9)) == 0)
        #expect(lead.safeWaitMilliseconds(from: 0, within: 0, allowedRisk: 1, calendar: nil, endsWithin: ends(10, 20)) == 0)
        #expect(lead.safeWaitMilliseconds(from: 0, within: day, allowedRisk: 0.05, calendar: nil) { _ in .nan } == 0)
    }

    /// On a Friday after the cut-off the risk is above what is allowed; until Monday nobody would take the order up anyway.
    @Test func overAWeekendWaitingCostsNothing() {
        let friday = Int64(20_539) * day + 15 * hour
        let calendar = SupplierCalendar(cutoffHour: 14)
        let wait = LeadTime(days: 2, spread: 0.25).safeWaitMilliseconds(
            from: friday, within: 7 * day, allowedRisk: 0.01, calendar: calendar, endsWithin: ends(2, 12))
        #expect(wait > 57 * hour - 61_000 && wait <= 57 * hour)
    }

    /// Whatever the numbers, the risk at the end of the wait is no higher than allowed, or than it was; and the wait is not cut short.
    @Test(arguments: 0..<40) func theWaitIsSafeAndAsLongAsItCanBe(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let lead = LeadTime(days: .random(in: 0...8, using: &generator), spread: .random(in: 0...0.6, using: &generator))
        let calendar =
            Bool.random(using: &generator)
            ? SupplierCalendar(cutoffHour: .random(in: 8...24, using: &generator), zone: try zone("Europe/Berlin")) : nil
        let first = Double.random(in: 0...20, using: &generator)
        let chance = ends(first, first + .random(in: 0.1...20, using: &generator))
        let allowed = Double.random(in: 0...0.2, using: &generator)
        let window = Int64.random(in: 1...(30 * day), using: &generator)
        let time = Int64(20_500) * day + Int64.random(in: 0..<(300 * day), using: &generator)
        func risk(_ wait: Int64) -> Double {
            lead.chance(orderedAt: time + wait, calendar: calendar) { chance($0 + Double(wait) / Double(day)) }
        }
        let wait = lead.safeWaitMilliseconds(from: time, within: window, allowedRisk: allowed, calendar: calendar, endsWithin: chance)
        let limit = max(allowed, risk(0)) + 2e-8
        #expect((0...window).contains(wait) && risk(wait) <= limit, "seed \(seed)")
        #expect(wait == window || risk(wait + 61_000) > limit - 2e-8, "seed \(seed): it could have waited longer")
    }
}
