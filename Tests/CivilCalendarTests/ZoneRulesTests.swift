import Foundation
import TestSupport
import Testing

@testable import CivilCalendar

@Suite struct ZoneRulesTests {
    private static func resolve(_ rules: ZoneRules, _ local: Int64, previous: Int64? = nil) -> ZoneRules.Resolution {
        func part(_ divisor: Int64, _ modulus: Int64) -> Int { Int(local / divisor % modulus) }
        return rules.utcSeconds(
            localYear: part(10_000_000_000, 10_000), month: part(100_000_000, 100), day: part(1_000_000, 100), hour: part(10_000, 100),
            minute: part(100, 100), second: part(1, 100), previousUTCSeconds: previous)
    }

    @Test func theInstalledZonesGiveWhatPythonGives() throws {
        var checked = 0
        for (zone, cases) in ZoneTable.rows {
            // Present wherever Debian's tzdata is installed; without it the hand-made zone below has to do.
            guard let rules = try ZoneFixture.installed(zone) else { continue }
            for (local, earlier, delta) in cases {
                let resolution = Self.resolve(rules, local)
                #expect(resolution.utcSeconds == earlier, "\(zone) \(local)")
                switch resolution {
                case .exact: #expect(delta == 0, "\(zone) \(local)")
                case .movedForward(_, let gap): #expect(delta == Int64(-gap), "\(zone) \(local)")
                case .ambiguous(_, let first, let last): #expect(delta == last - first && delta > 0, "\(zone) \(local)")
                case .impossible: Issue.record("\(zone) \(local)")
                }
                checked += 1
            }
        }
        #expect(checked == 0 || checked > 500)
    }

    @Test func everyInstalledZoneIsReadAndComesBackFromItsLocalTime() throws {
        guard let names = FileManager.default.enumerator(atPath: "/usr/share/zoneinfo") else { return }
        for case let name as String in names where !name.hasPrefix("right/") {
            guard let data = FileManager.default.contents(atPath: "/usr/share/zoneinfo/" + name), data.starts(with: Array("TZif".utf8))
            else {
                continue
            }
            let rules = try ZoneRules(tzif: Array(data))
            var time: Int64 = -1_500_000_000
            while time < 6_000_000_000 {
                let local = time + Int64(rules.offsetSeconds(atUTCSeconds: time))
                let date = CivilDate(daysSince1970: Int(local.dividedDown(by: 86_400)))
                let rest = Int(local - Int64(date.daysSince1970) * 86_400)
                let back = rules.utcSeconds(
                    localYear: date.year, month: date.month, day: date.day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60)
                switch back {
                case .exact(let found): #expect(found == time, "\(name) \(time)")
                case .ambiguous(_, let earlier, let later): #expect(earlier == time || later == time, "\(name) \(time)")
                default: Issue.record("\(name) \(time) \(back)")
                }
                time += 29_876_543
            }
        }
    }

    /// Around each change of 30 years, in every zone: a minute lies in an interval exactly when the clock shows it.
    @Test func intervalsAreTheMinutesThatTheClockShows() throws {
        guard let names = FileManager.default.enumerator(atPath: "/usr/share/zoneinfo") else { return }
        var seen: Set<Data> = []
        var checked = 0
        for case let name as String in names where !name.hasPrefix("right/") {
            guard let data = FileManager.default.contents(atPath: "/usr/share/zoneinfo/" + name), data.starts(with: Array("TZif".utf8)),
                seen.insert(data).inserted
            else { continue }
            let rules = try ZoneRules(tzif: Array(data))
            // 2000 to 2030.
            for change in rules.changes(from: 946_684_800, through: 1_893_456_000) {
                let times = stride(from: change.utcSeconds - 9_000, through: change.utcSeconds + 9_000, by: 60)
                for (minute, length) in [(checked * 37 % 1440, 45), (120, 60), (150, 30)] {
                    let days = Set([-9_000, 0, 9_000].map { rules.localDay(atUTCSeconds: change.utcSeconds + $0) })
                    let intervals = days.flatMap { rules.intervals(localDay: $0, minute: minute, untilMinute: minute + length) }
                    for time in times {
                        let local = time + Int64(rules.offsetSeconds(atUTCSeconds: time))
                        let shown = Int((local - local.dividedDown(by: 86_400) * 86_400) / 60)
                        let isShown = (minute..<minute + length).contains(shown) || (minute..<minute + length).contains(shown + 1440)
                        if intervals.contains(where: { $0.contains(time) }) != isShown, minute + length <= 1440 {
                            Issue.record("\(name) \(time): \(minute) to \(minute + length)")
                        }
                    }
                }
                checked += 1
            }
        }
        #expect(checked == 0 || checked > 5_000)
    }

    @Test(
        arguments: [
            // Winter, summer, before the first transition, far in the future.
            (20_260_115_120_000, 1_768_474_800), (20_260_715_120_000, 1_784_109_600), (18_800_101_000_000, -2_840_144_008),
            (24_000_715_120_000, 13_586_436_000),
        ] as [(Int64, Int64)]) func aHandMadeZone(_ local: Int64, _ utc: Int64) throws
    {
        let rules = try ZoneRules(tzif: ZoneFixture.berlin)
        #expect(Self.resolve(rules, local) == .exact(utc))
    }

    @Test func theGapAndTheOverlap() throws {
        let rules = try ZoneRules(tzif: ZoneFixture.berlin)
        // 2026-03-29T01:30:00Z is 03:30 in summer time.
        #expect(Self.resolve(rules, 20_260_329_023_000) == .movedForward(1_774_747_800, gapSeconds: 3600))
        let first: Int64 = 1_792_888_200
        let second = first + 3600
        func chosen(_ previous: Int64?) -> Int64? { Self.resolve(rules, 20_261_025_023_000, previous: previous).utcSeconds }
        #expect(Self.resolve(rules, 20_261_025_023_000) == .ambiguous(chosen: first, earlier: first, later: second))
        #expect(chosen(nil) == first)
        #expect(chosen(first - 60) == first)
        // A message out of order by seconds is no hour put back; one that would go back by half an hour is.
        #expect(chosen(first + 10) == first)
        #expect(chosen(first + 1800) == second)
        #expect(chosen(second - 30) == second)
        #expect(chosen(second + 30) == second)
        // Old data: nothing can be told.
        #expect(chosen(second + 86_400) == first)
    }

    @Test(
        arguments: [20_260_230_000_000, 20_261_301_000_000, 20_260_100_000_000, 20_260_101_240_000, 20_260_101_006_000, 101_000_000]
            as [Int64])
    func noSuchTime(_ local: Int64) { #expect(Self.resolve(.utc, local) == .impossible) }

    @Test(arguments: [
        ("UTC0", 0, 0), ("IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600), ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 39_600, 37_800),
        ("EST5EDT", -18_000, -14_400), ("XXX3EDT4,0/0,J365/23", -14_400, -14_400), ("IST-2IDT,M3.4.4/26,M10.5.0", 7200, 10_800),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7200, -3600),
    ]) func footers(_ footer: String, _ january: Int, _ july: Int) throws {
        let rules = try ZoneRules(tzif: ZoneFixture.file([], [0], footer: footer, version: "3"))
        for year in [1999, 2026, 2100, 2101, 2500] {
            let start = Int64(CivilDate(year: year, month: 1, day: 1).daysSince1970) * 86_400
            #expect(rules.offsetSeconds(atUTCSeconds: start + 10 * 86_400) == january, "\(footer) \(year)")
            #expect(rules.offsetSeconds(atUTCSeconds: start + 190 * 86_400) == july, "\(footer) \(year)")
        }
        for extreme in [Int64.min, .max] { _ = rules.offsetSeconds(atUTCSeconds: extreme) }
    }

    @Test(arguments: [
        "CET", "CET-1CEST,", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CE-1", "<>0", "CET-25",
        "CET-1:60",
        "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1CEST,J0,J1", "CET-1CEST,366,1", "CET-1CEST,M3.5.0,M10.5.0x", "C\u{E9}T-1",
    ]) func brokenFooters(_ footer: String) {
        #expect(throws: ZoneRulesError.self) { try ZoneRules(tzif: ZoneFixture.file([], [0], footer: footer)) }
    }

    @Test func versionOneHasNoFooter() throws {
        let rules = try ZoneRules(tzif: ZoneFixture.block(version: 0, 4, [(0, 1), (1000, 0)], [3600, 7200]))
        #expect([-1, 0, 999, 1000, 5_000_000_000].map { rules.offsetSeconds(atUTCSeconds: $0) } == [3600, 7200, 7200, 3600, 3600])
    }

    @Test func brokenFilesAreRefused() {
        let bad: [[UInt8]] = [
            [], Array("TZif".utf8), Array("not a zone, but longer than a header of forty-four bytes".utf8),
            ZoneFixture.block(version: 0, 4, [(0, 2)], [0, 1]), ZoneFixture.block(version: 0, 4, [(5, 0), (5, 0)], [0]),
            ZoneFixture.block(version: 0, 4, [], []), ZoneFixture.block(version: 0, 4, [], [100_000]),
            ZoneFixture.block(version: 0, 4, [], [0], leaps: 1), ZoneFixture.block(version: 9, 4, [], [0]),
            ZoneFixture.block(version: 0x32, 4, [], [0]), [UInt8](repeating: 0, count: ZoneRules.maximumBytes + 1),
            ZoneFixture.block(version: 0, 4, [], [0]).map { $0 == 1 ? 0xFF : $0 },
        ]
        for bytes in bad { #expect(throws: ZoneRulesError.self, "\(bytes.count)") { try ZoneRules(tzif: bytes) } }
    }

    @Test func zoneNamesLeadNowhereElse() {
        for name in ["UTC", "Europe/Berlin", "Etc/GMT+5", "America/Argentina/Ushuaia", "America/Port-au-Prince"] {
            #expect(ZoneRules.isName(name), "\(name)")
        }
        for name in ["", "/etc/passwd", "../x", "Europe/../x", "Europe/", "a//b", "right/UTC", "x\u{0}", "Eu rope", "zone.tab", "Köln"] {
            #expect(!ZoneRules.isName(name), "\(name)")
        }
        #expect(!ZoneRules.isName(String(repeating: "a", count: 65)))
    }

    @Test func hostileBytesNeverTrap() {
        let seed = FuzzRun.seed(0x5EED_0A)
        var generator = SeededGenerator(seed: seed)
        let fixtures = [
            ZoneFixture.berlin, ZoneFixture.block(version: 0, 4, [(0, 1), (1000, 0)], [3600, 7200]),
            ZoneFixture.file(
                [(.min, 0), (.min + 1, 1), (0, 0), (.max, 1)], [-89_999, 93_599], footer: "AAA-24BBB24,0/-167,J365/167", version: "3"),
        ]
        var taken = 0
        for _ in 0..<FuzzRun.rounds(20_000) {
            var bytes = fixtures[Int.random(in: 0..<fixtures.count, using: &generator)]
            for _ in 0..<Int.random(in: 0...3, using: &generator) { Mutator.mutate(&bytes, &generator) }
            guard let rules = try? ZoneRules(tzif: bytes) else { continue }
            taken += 1
            let time = Int64.random(in: .min ... .max, using: &generator)
            _ = rules.offsetSeconds(atUTCSeconds: time)
            let resolution = rules.utcSeconds(
                localYear: Int.random(in: -1...10_000, using: &generator), month: Int.random(in: 0...13, using: &generator),
                day: Int.random(in: 0...32, using: &generator), hour: 23, minute: 59, second: 60, previousUTCSeconds: time)
            if let found = resolution.utcSeconds { #expect(abs(found) < 1_000_000_000_000, "seed \(seed)") }
        }
        #expect(taken > 1000, "seed \(seed)")
    }
}
