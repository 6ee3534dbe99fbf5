import CivilCalendar
import Foundation
import TestSupport
import Testing

@Suite struct CivilDateTests {
    private static func utc() throws -> Calendar {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        return calendar
    }

    /// Foundation's calendar is the judge, through all kinds of leap years.
    @Test func daysAgreeWithFoundation() throws {
        let calendar = try Self.utc()
        for (year, month, day) in [
            (1970, 1, 1), (1969, 12, 31), (2000, 2, 29), (1900, 3, 1), (2024, 2, 29), (2100, 2, 28), (2100, 3, 1), (2106, 2, 7),
            (9999, 12, 31), (1600, 2, 29), (2400, 2, 29),
        ] {
            let date = try #require(calendar.date(from: DateComponents(year: year, month: month, day: day)))
            let ours = CivilDate(year: year, month: month, day: day)
            #expect(ours.daysSince1970 == Int(date.timeIntervalSince1970 / 86_400), "\(year)-\(month)-\(day)")
            #expect(CivilDate(daysSince1970: ours.daysSince1970) == ours)
        }
    }

    @Test func weekdaysAgreeWithFoundation() throws {
        #expect(Weekday(daysSince1970: CivilDate(year: 2026, month: 11, day: 28).daysSince1970) == .saturday)
        let calendar = try Self.utc()
        let seed = FuzzRun.seed(0x5EED_0E)
        var generator = SeededGenerator(seed: seed)
        // From the year 1600 on, before which Foundation's calendar is the Julian one, to 9999.
        for days in [-7, -1, 0, 1, 6, 7] + (0..<2000).map({ _ in Int.random(in: -135_000...2_932_896, using: &generator) }) {
            let judge = calendar.component(.weekday, from: Date(timeIntervalSince1970: Double(days) * 86_400))
            #expect(Weekday(daysSince1970: days).rawValue == judge - 1, "seed \(seed): \(days)")
        }
        #expect(Weekday(daysSince1970: .min).rawValue == (Int.min % 7 + 11) % 7)
    }

    @Test func namesOfWeekdays() {
        for (day, short) in zip(Weekday.fromMonday, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]) {
            #expect(day.shortName == short)
            #expect(day.name.hasPrefix(short.lowercased()) && day.name.hasSuffix("day"))
            #expect(Weekday(name: day.name.uppercased()) == day)
            #expect(day.isWeekend == short.hasPrefix("S"))
        }
        #expect(Weekday(name: "mon") == nil && Weekday(name: "") == nil)
        #expect(UTCText.mailDate(1_795_824_000_000) == "Sat, 28 Nov 2026 00:00:00 +0000")
    }

    @Test func textAgreesWithFoundationAndComesBack() throws {
        let seed = FuzzRun.seed(77)
        var generator = SeededGenerator(seed: seed)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<3000 {
            let time = Int64.random(in: -11_000_000_000_000...253_402_300_799_999, using: &generator)
            let text = try #require(UTCText.rfc3339(time))
            #expect(LocalTimeText(text) == .instant(milliseconds: time), "seed \(seed): \(time)")
            let parsed = try style.parse(text)
            #expect(Int64((parsed.timeIntervalSince1970 * 1000).rounded()) == time, "seed \(seed): \(time) \(text)")
        }
        #expect(UTCText.rfc3339(0) == "1970-01-01T00:00:00.000Z")
        #expect(UTCText.rfc3339(-1) == "1969-12-31T23:59:59.999Z")
        #expect(UTCText.rfc3339(1_709_164_800_123) == "2024-02-29T00:00:00.123Z")
        #expect(UTCText.rfc3339(253_402_300_799_999) == "9999-12-31T23:59:59.999Z")
        #expect(UTCText.rfc3339(-62_167_219_200_000) == "0000-01-01T00:00:00.000Z")
    }

    @Test(arguments: [Int64.min, .min + 1, .max, -62_167_219_200_001, 253_402_300_800_000]) func timesOutsideAllYearsHaveNoText(
        _ time: Int64
    ) {
        #expect(UTCText.rfc3339(time) == nil)
    }

    @Test(
        arguments: [
            (-8, -2), (-7, -1), (-1, -1), (0, 0), (6, 0), (7, 1), (.min, -1_317_624_576_693_539_402), (.max, .max / 7),
        ] as [(Int64, Int64)])
    func quotientsAreRoundedDown(_ number: Int64, _ quotient: Int64) { #expect(number.dividedDown(by: 7) == quotient) }
}
