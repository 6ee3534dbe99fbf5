import CivilCalendar

/// A span of time on the command line.
enum DurationArgument {
    static let forms = "a time such as 90s, 30min, 2h or 3d"

    /// Nil for anything but those forms with a number from 1 to a million.
    static func seconds(_ text: String) -> Int64? {
        read(text).flatMap { (1...1_000_000).contains($0.number) ? $0.number * $0.unitSeconds : nil }
    }

    /// The number, and the seconds of its unit.
    static func read(_ text: String) -> (number: Int64, unitSeconds: Int64)? {
        let units: [Substring: Int64] = ["s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), let unit = units[text.dropFirst(digits.count)] else { return nil }
        return (number, unit)
    }
}

/// A time on the command line.
enum TimeArgument {
    static let forms = "2026-11-21, 2026-11-21T22:04:05Z, milliseconds since 1970, or how long ago, such as 90s, 30min, 6h, 2d"

    /// Nil for anything but those forms. A time without a zone is in UTC; other zones are not read.
    static func milliseconds(_ text: String, nowMilliseconds: Int64) -> Int64? {
        if let number = Int64(text) { return number >= 0 ? number : nil }
        guard let ago = DurationArgument.read(text) else { return calendar(text) }
        return ago.number <= 36_500 ? max(0, nowMilliseconds - ago.number * ago.unitSeconds * 1000) : nil
    }

    private static func calendar(_ text: String) -> Int64? {
        var bytes = Array(text.utf8)
        if bytes.last == UInt8(ascii: "Z") || bytes.last == UInt8(ascii: "z") { bytes.removeLast() }
        // The rest of the pattern is that of midnight, so that a date, minutes and seconds are read alike.
        let template = Array("0000-00-00T00:00:00".utf8)
        guard [10, 16, 19].contains(bytes.count), bytes.count == 10 || [0x54, 0x74, 0x20].contains(bytes[10]) else { return nil }
        bytes += template[bytes.count...]
        for (index, byte) in bytes.enumerated() where index != 10 {
            let isDigit = (0x30...0x39).contains(byte)
            guard template[index] == UInt8(ascii: "0") ? isDigit : byte == template[index] else { return nil }
        }
        func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1) - 0x30 } }
        let date = CivilDate(year: number(0..<4), month: number(5..<7), day: number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard date.isReal, hour < 24, minute < 60, second < 60 else { return nil }
        let result = Int64(date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second) * 1000
        return result >= 0 ? result : nil
    }
}
