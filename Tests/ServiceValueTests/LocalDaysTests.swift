import CivilCalendar
import FoundationEssentials
import TestSupport
import Testing

@testable import ServiceValue

@Suite struct LocalDaysTests {
    private static let hour: Int64 = 3_600_000
    /// The clock is changed on the last Sundays of March and October.
    private static func berlin() throws -> LocalDays {
        LocalDays(zone: try ZoneRules(tzif: Array(try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))))
    }

    @Test func daysOfTheChangeHave23And25Hours() throws {
        let days = try Self.berlin()
        let spring = CivilDate(year: 2026, month: 3, day: 29).daysSince1970
        let autumn = CivilDate(year: 2026, month: 10, day: 25).daysSince1970
        for (day, hours) in [(spring, 23), (autumn, 25), (spring + 1, 24)] as [(Int, Int64)] {
            let start = days.startMilliseconds(ofDay: day)
            #expect(days.startMilliseconds(ofDay: day + 1) - start == hours * Self.hour)
            #expect(days.day(atMilliseconds: start) == day && days.day(atMilliseconds: start - 1) == day - 1)
            #expect(days.shares(from: start, to: start + hours * Self.hour) == [.init(day: day, milliseconds: hours * Self.hour)])
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func sharesAddUp(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let days = try Self.berlin()
        let start = Int64.random(in: 1_700_000_000_000...1_900_000_000_000, using: &generator)
        let end = start + Int64.random(in: 0...400 * 24 * Self.hour, using: &generator)
        let shares = days.shares(from: start, to: end)
        #expect(shares.reduce(0) { $0 + $1.milliseconds } == end - start, "seed \(seed)")
        for (before, after) in zip(shares, shares.dropFirst()) { #expect(after.day == before.day + 1, "seed \(seed)") }
        #expect(shares.allSatisfy { $0.milliseconds > 0 && $0.milliseconds <= 25 * Self.hour }, "seed \(seed)")
    }

    @Test func anyTimeIsTaken() throws {
        let days = try Self.berlin()
        #expect(days.shares(from: 5, to: 5).isEmpty && days.shares(from: 9, to: 5).isEmpty)
        let all = days.shares(from: .min, to: .max)
        #expect(all.count == 3660 && all.allSatisfy { $0.milliseconds > 0 })
        _ = days.day(atMilliseconds: .max)
        _ = days.day(atMilliseconds: .min)
    }
}
