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
        let hasZone = text.hasSuffix("Z") || text.hasSuffix("z")
        guard case .local(let wall)? = LocalTimeText(hasZone ? String(text.dropLast()) : text) else { return nil }
        let milliseconds = wall.milliseconds()
        return milliseconds >= 0 ? milliseconds : nil
    }
}
