import CivilCalendar
import Foundation

/// Compiled by hand, so that the tests do not depend on the machine's tzdata.
public enum ZoneFixture {
    public static func number(_ value: Int64, _ width: Int) -> [UInt8] {
        (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    public static func block(version: UInt8, _ width: Int, _ transitions: [(Int64, UInt8)], _ offsets: [Int64], leaps: Int64 = 0) -> [UInt8]
    {
        var bytes = Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
        for count in [0, 0, leaps, Int64(transitions.count), Int64(offsets.count), 4] { bytes += number(count, 4) }
        for transition in transitions { bytes += number(transition.0, width) }
        for transition in transitions { bytes.append(transition.1) }
        for offset in offsets { bytes += number(offset, 4) + [0, 0] }
        return bytes + Array("LMT\0".utf8) + [UInt8](repeating: 0, count: Int(leaps) * (width + 4))
    }

    public static func file(_ transitions: [(Int64, UInt8)], _ offsets: [Int64], footer: String, version: String = "2") -> [UInt8] {
        let version = version.utf8.first ?? 0
        return block(version: version, 4, [], [0]) + block(version: version, 8, transitions, offsets) + Array("\n\(footer)\n".utf8)
    }

    /// Local mean time until 1893-03-31T23:06:32Z, then Central European Time; summer time by today's rule in all years.
    public static let berlin = file([(-2_422_054_408, 1)], [3208, 3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3")

    public static func installed(_ zone: String) throws -> ZoneRules? {
        guard let data = FileManager.default.contents(atPath: "/usr/share/zoneinfo/" + zone) else { return nil }
        return try ZoneRules(tzif: Array(data))
    }
}
