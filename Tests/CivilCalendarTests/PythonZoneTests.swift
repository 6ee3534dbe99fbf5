import Foundation
import Testing

@testable import CivilCalendar

/// Every zone of the system's tz database against Python's `zoneinfo`, which reads the same files: all changes of thirty years by the minute.
@Suite struct PythonZoneTests {
    static let years: Range<Int64> = 1_199_145_600..<2_145_916_800

    /// For each line `ZONE CHANGE…` it writes 64-bit numbers: the offset every five days; then for each change, around it, the offset of
    /// moments, and of times on the wall the first and the second instant (PEP 495), in seconds.
    private static let script = """
        import array, datetime, sys, zoneinfo
        start, end, out = int(sys.argv[1]), int(sys.argv[2]), sys.stdout.buffer
        epoch = datetime.datetime(1970, 1, 1)
        steps = [60 * m for m in range(-65, 66)] + [7200 * h for h in range(-13, 14)]
        def offset(zone, t): return int(datetime.datetime.fromtimestamp(t, zone).utcoffset().total_seconds())
        def instant(wall, zone, fold):
            local = epoch + datetime.timedelta(seconds=wall)
            return wall - int(local.replace(tzinfo=zone, fold=fold).utcoffset().total_seconds())
        for line in sys.stdin:
            name, *changes = line.split()
            zone, found = zoneinfo.ZoneInfo(name), array.array("q")
            found.extend(offset(zone, t) for t in range(start, end, 432000))
            for change in map(int, changes):
                found.extend(offset(zone, change + step) for step in steps)
                wall = change + offset(zone, change - 1)
                for step in steps: found.extend((instant(wall + step, zone, 0), instant(wall + step, zone, 1)))
            out.write(found.tobytes())
        """

    private static let steps = (-65...65).map { Int64($0) * 60 } + (-13...13).map { Int64($0) * 7200 }

    /// Zones by name, one of those that are the same.
    private static func zones() throws -> [(name: String, rules: ZoneRules)] {
        let list = try String(contentsOfFile: "/usr/share/zoneinfo/tzdata.zi", encoding: .utf8)
        var seen: Set<Data> = []
        var zones: [(name: String, rules: ZoneRules)] = []
        for line in list.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let name = words.first == "Z" ? words[1] : words.first == "L" ? words[2] : nil else { continue }
            guard let data = FileManager.default.contents(atPath: "/usr/share/zoneinfo/\(name)"), seen.insert(data).inserted else {
                continue
            }
            zones.append((String(name), try ZoneRules(tzif: Array(data))))
        }
        return zones
    }

    private static func ask(_ lines: [String]) throws -> [Int64] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "zones-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (questions, answers) = (directory.appending(path: "questions"), directory.appending(path: "answers"))
        try Data(lines.joined(separator: "\n").utf8).write(to: questions)
        try Data().write(to: answers)
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/env")
        python.arguments = ["python3", "-c", script, "\(years.lowerBound)", "\(years.upperBound)"]
        python.standardInput = try FileHandle(forReadingFrom: questions)
        python.standardOutput = try FileHandle(forWritingTo: answers)
        try python.run()
        python.waitUntilExit()
        try #require(python.terminationStatus == 0, "python3 with zoneinfo")
        return try Data(contentsOf: answers).withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 8).map { bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self) }
        }
    }

    private static func resolve(_ rules: ZoneRules, wall: Int64) -> (first: Int64, second: Int64)? {
        let date = CivilDate(daysSince1970: Int(wall.dividedDown(by: 86_400)))
        let rest = Int(wall - Int64(date.daysSince1970) * 86_400)
        let resolution = rules.utcSeconds(
            localYear: date.year, month: date.month, day: date.day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60)
        switch resolution {
        case .exact(let time): return (time, time)
        case .ambiguous(_, let earlier, let later): return (earlier, later)
        // In a gap the second instant is the one by the offset after it, which lies before the first.
        case .movedForward(let time, let gap): return (time, time - Int64(gap))
        case .impossible: return nil
        }
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/tzdata.zi"), "tzdata is installed"))
    func everyChangeOfThirtyYearsIsAsPythonHasIt() throws {
        let zones = try Self.zones()
        #expect(zones.count > 250)
        let changes = zones.map { zone in zone.rules.changes(from: Self.years.lowerBound, through: Self.years.upperBound).map(\.utcSeconds)
        }
        #expect(changes.map(\.count).reduce(0, +) > 5000)
        var answers = try Self.ask(zip(zones, changes).map { "\($0.name) \($1.map { "\($0)" }.joined(separator: " "))" })[...]
        var wrong: [String] = []
        func expect(_ found: Int64?, _ what: @autoclosure () -> String) {
            if answers.popFirst() != found, wrong.count < 20 { wrong.append(what()) }
        }
        for (zone, changes) in zip(zones, changes) {
            for time in stride(from: Self.years.lowerBound, to: Self.years.upperBound, by: 432_000) {
                expect(Int64(zone.rules.offsetSeconds(atUTCSeconds: time)), "\(zone.name) offset at \(time)")
            }
            for change in changes {
                for step in Self.steps {
                    expect(Int64(zone.rules.offsetSeconds(atUTCSeconds: change + step)), "\(zone.name) offset at \(change + step)")
                }
                let wall = change + Int64(zone.rules.offsetSeconds(atUTCSeconds: change - 1))
                for step in Self.steps {
                    let found = Self.resolve(zone.rules, wall: wall + step)
                    expect(found?.first, "\(zone.name) first instant of \(wall + step)")
                    expect(found?.second, "\(zone.name) second instant of \(wall + step)")
                }
            }
        }
        #expect(wrong.isEmpty && answers.isEmpty, "\(wrong)")
    }
}
