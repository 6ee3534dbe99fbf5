import CivilCalendar
import Testing

@testable import Replenishment

@Suite struct LeadTimeOutcomeTests {
    private let monday: Int64 = 1_767_571_200_000  // 2026-01-05T00:00:00Z
    private func after(_ days: Double) -> Int64 { monday + Int64(days * 86_400_000) }

    @Test func withoutSpreadItIsArithmetic() {
        let lead = LeadTime(days: 3, spread: 0)
        #expect(lead.outcome(orderedAt: monday, endedAt: after(5), calendar: nil) == .init(late: 0, waitingDays: 2))
        #expect(lead.outcome(orderedAt: monday, endedAt: after(2), calendar: nil) == .init(late: 1, waitingDays: 0))
        #expect(lead.outcome(orderedAt: monday, endedAt: after(-1), calendar: nil) == .init(late: 1, waitingDays: 0))
    }

    /// Against sums over the lead time's distribution.
    @Test(arguments: [1.0, 2.5, 3, 4, 7, 30]) func meansOfALognormal(_ elapsed: Double) {
        let lead = LeadTime(days: 3, spread: 0.25)
        let plain = lead.outcome(orderedAt: monday, endedAt: after(elapsed), calendar: nil)
        let everyDay = SupplierCalendar(workingDays: Set(Weekday.allCases))
        let walked = lead.outcome(orderedAt: monday, endedAt: after(elapsed), calendar: everyDay)
        #expect(abs(plain.late - walked.late) < 0.01)
        #expect(abs(plain.waitingDays - walked.waitingDays) < 0.01)
        #expect(plain.late == lead.chanceOfBeingLonger(thanDays: elapsed))
    }

    /// Three working days from a Thursday on end after the weekend.
    @Test func aWeekendDelays() {
        let lead = LeadTime(days: 3, spread: 0.05)
        let thursday = after(3)
        let plain = lead.outcome(orderedAt: thursday, endedAt: after(7), calendar: nil)
        let working = lead.outcome(orderedAt: thursday, endedAt: after(7), calendar: SupplierCalendar())
        #expect(plain.late < 0.01 && working.late > 0.99)
    }

    /// Only the reports around the end are known: the order came between them with some of the ends, and with others it was late.
    @Test func anEndBetweenTwoReportsIsAMean() throws {
        let lead = LeadTime(days: 4, spread: 0)
        let known = lead.outcome(orderedAt: monday, ended: after(2)...after(6), calendar: nil)
        #expect(known.late == 0.5)
        // Ends after 2.5, 3.5, 4.5 and 5.5 days.
        #expect(abs(known.waitingDays - (0.5 + 1.5) / 4) < 1e-9)
        // Reports an hour apart leave nothing open.
        let close = (after(6) - 3_600_000)...after(6)
        #expect(
            lead.outcome(orderedAt: monday, ended: close, calendar: nil)
                == lead.outcome(orderedAt: monday, endedAt: after(6), calendar: nil))
        // An order at the last report of the old one is late with every end that the lead time does not reach.
        #expect(lead.outcome(orderedAt: after(2), ended: after(2)...after(6), calendar: nil).late == 1)
    }
}
