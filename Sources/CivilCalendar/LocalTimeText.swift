/// A time as devices write it, with or without a zone. Nothing is guessed: a text of another form gives nil.
///
/// Forms: ISO 8601 and RFC 3339 (`2026-11-21T22:04:05.123+01:00`; T or a space; seconds and fractions may be absent; `Z`, `±hh`,
/// `±hhmm`, `±hh:mm`), the date alone (its midnight), the basic form (`20261121T220405Z`, the T may be absent), RFC 1123
/// (`Sat, 21 Nov 2026 22:04:05 GMT`; the weekday is not checked against the date), and numbers (`1795298645.123`).
/// Day-first and month-first forms with slashes or dots cannot be told apart and are not read.
public enum LocalTimeText: Equatable, Sendable {
    /// A zone or an offset stood in the text: milliseconds since 1970.
    case instant(milliseconds: Int64)
    /// The time on the wall, wherever that is.
    case local(Wall)
    /// A bare number: its unit has to be known from elsewhere.
    case number(Double)

    public struct Wall: Equatable, Sendable {
        public var year, month, day: Int
        public var hour = 0
        public var minute = 0
        public var second = 0
        public var millisecond = 0

        /// The moment in milliseconds since 1970 at which a clock so far east of Greenwich shows this.
        public func milliseconds(offsetSeconds: Int = 0) -> Int64 {
            let days = CivilDate(year: year, month: month, day: day).daysSince1970
            return Int64(days * 86_400 + hour * 3600 + minute * 60 + second - offsetSeconds) * 1000 + Int64(millisecond)
        }
    }

    public static let maximumBytes = 48

    public init?(_ text: String) {
        var text = text
        guard let read = text.withUTF8({ Self($0) }) else { return nil }
        self = read
    }

    public init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count <= Self.maximumBytes else { return nil }
        var reader = TimeTextReader(bytes)
        reader.trim()
        let read =
            reader.attempt { $0.extended() } ?? reader.attempt { $0.basic() } ?? reader.attempt { $0.rfc1123() }
            ?? reader.attempt { $0.plainNumber() }
        guard let read else { return nil }
        self = read
    }
}

/// Goes through the bytes of a time; a form that does not fit leaves it where it was.
private struct TimeTextReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    private var end: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        end = bytes.count
    }

    mutating func trim() {
        while at < end, bytes[at] <= 0x20 { at += 1 }
        while end > at, bytes[end - 1] <= 0x20 { end -= 1 }
    }

    func attempt(_ form: (inout TimeTextReader) -> LocalTimeText?) -> LocalTimeText? {
        var copy = self
        guard let read = form(&copy), copy.at == copy.end else { return nil }
        return read
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard at < end, UInt32(bytes[at]) == character.value else { return false }
        at += 1
        return true
    }

    private mutating func digits(_ count: Int) -> Int? {
        guard end - at >= count else { return nil }
        var value = 0
        for byte in bytes[at..<at + count] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        at += count
        return value
    }

    mutating func extended() -> LocalTimeText? {
        guard let year = digits(4), skip("-"), let month = digits(2), skip("-"), let day = digits(2) else { return nil }
        var wall = LocalTimeText.Wall(year: year, month: month, day: day)
        if at == end { return finish(wall) }
        guard skip("T") || skip("t") || skip(" "), let hour = digits(2), skip(":"), let minute = digits(2) else { return nil }
        wall.hour = hour
        wall.minute = minute
        if skip(":") {
            guard let second = digits(2), let millisecond = fraction() else { return nil }
            wall.second = second
            wall.millisecond = millisecond
        }
        return zoned(wall)
    }

    /// Fourteen digits cannot be an epoch of this age in any unit but nanoseconds of 1970, so they are a date.
    mutating func basic() -> LocalTimeText? {
        guard let year = digits(4), let month = digits(2), let day = digits(2) else { return nil }
        _ = skip("T") || skip("t")
        guard let hour = digits(2), let minute = digits(2), let second = digits(2), let millisecond = fraction() else { return nil }
        return zoned(
            LocalTimeText.Wall(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second, millisecond: millisecond))
    }

    /// 0 without one; digits beyond milliseconds are cut off.
    private mutating func fraction() -> Int? {
        guard skip(".") || skip(",") else { return 0 }
        var milliseconds = 0
        var scale = 100
        let start = at
        while at < end, (0x30...0x39).contains(bytes[at]) {
            milliseconds += Int(bytes[at] - 0x30) * scale
            scale /= 10
            at += 1
        }
        return at > start ? milliseconds : nil
    }

    /// The zone behind the time, if there is one.
    private mutating func zoned(_ wall: LocalTimeText.Wall) -> LocalTimeText? {
        if at == end { return finish(wall) }
        _ = skip(" ")
        return offsetSeconds().flatMap { finish(wall, offsetSeconds: $0) }
    }

    private mutating func offsetSeconds() -> Int? {
        if skip("Z") || skip("z") { return 0 }
        for name in ["GMT", "UTC", "UT"] where word(name) { return 0 }
        let isNegative = skip("-")
        guard isNegative || skip("+"), let hours = digits(2), hours <= 23 else { return nil }
        var seconds = hours * 3600
        if at < end {
            _ = skip(":")
            guard let minutes = digits(2), minutes <= 59 else { return nil }
            seconds += minutes * 60
        }
        return isNegative ? -seconds : seconds
    }

    private mutating func word(_ name: String) -> Bool {
        let count = name.utf8.count
        guard end - at >= count, zip(bytes[at..<at + count], name.utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else { return false }
        at += count
        return true
    }

    private func finish(_ wall: LocalTimeText.Wall, offsetSeconds: Int? = nil) -> LocalTimeText? {
        guard CivilDate(year: wall.year, month: wall.month, day: wall.day).isReal, wall.hour <= 23, wall.minute <= 59, wall.second <= 60
        else { return nil }
        guard let offsetSeconds else { return .local(wall) }
        return .instant(milliseconds: wall.milliseconds(offsetSeconds: offsetSeconds))
    }

    mutating func rfc1123() -> LocalTimeText? {
        if Weekday.allCases.contains(where: { word($0.shortName) }) {
            guard skip(","), skip(" ") else { return nil }
        }
        guard let day = digits(2) ?? digits(1), skip(" "), let month = month(), skip(" "), let year = digits(4), skip(" "),
            let hour = digits(2), skip(":"), let minute = digits(2), skip(":"), let second = digits(2)
        else { return nil }
        return zoned(LocalTimeText.Wall(year: year, month: month, day: day, hour: hour, minute: minute, second: second))
    }

    private mutating func month() -> Int? {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        for (index, name) in names.enumerated() where word(name) { return index + 1 }
        return nil
    }

    mutating func plainNumber() -> LocalTimeText? {
        let start = at
        _ = skip("-")
        let first = at
        while at < end, (0x30...0x39).contains(bytes[at]) { at += 1 }
        guard at > first else { return nil }
        if skip(".") {
            let point = at
            while at < end, (0x30...0x39).contains(bytes[at]) { at += 1 }
            guard at > point else { return nil }
        }
        return Double(String(decoding: bytes[start..<at], as: UTF8.self)).map { .number($0) }
    }
}
