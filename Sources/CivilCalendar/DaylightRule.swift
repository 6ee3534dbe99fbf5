/// The footer of a TZif file: a POSIX TZ string with the extension of RFC 8536 §3.3.1, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
/// It says how the offset goes on after the last transition of the table.
struct DaylightRule: Equatable, Sendable {
    static let maximumBytes = 128

    /// A day of every year.
    enum Day: Equatable, Sendable {
        /// `Jn`, 1 to 365: the leap day is never counted.
        case julian(Int)
        /// `n`, 0 to 365: the leap day is counted.
        case zeroBased(Int)
        /// `Mm.w.d`: the w-th weekday of a month, 5 being the last.
        case weekday(month: Int, week: Int, day: Weekday)

        func days(year: Int) -> Int {
            let first = CivilDate(year: year, month: 1, day: 1).daysSince1970
            switch self {
            case .julian(let number): return first + number - 1 + (number >= 60 && CivilDate.isLeap(year) ? 1 : 0)
            case .zeroBased(let number): return first + number
            case .weekday(let month, let week, let day):
                let start = CivilDate(year: year, month: month, day: 1).daysSince1970
                var offset = (day.rawValue - Weekday(daysSince1970: start).rawValue + 7) % 7 + (week - 1) * 7
                if offset >= CivilDate.length(ofMonth: month, year: year) { offset -= 7 }
                return start + offset
            }
        }
    }

    /// When a change is made: the day, and the seconds after its midnight on the clock that still hangs on the wall.
    struct Change: Equatable, Sendable {
        var day: Day
        var secondsOfDay = 7200
    }

    struct Daylight: Equatable, Sendable {
        var offsetSeconds: Int
        var start: Change
        var end: Change
    }

    /// East of Greenwich positive, unlike in the text.
    var standardOffsetSeconds: Int
    var daylight: Daylight?

    /// Nil for a text that breaks the grammar or is too long.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count <= Self.maximumBytes else { return nil }
        var reader = DaylightRuleReader(bytes)
        guard reader.name(), let standard = reader.time(maximumHours: 24) else { return nil }
        standardOffsetSeconds = -standard
        guard !reader.isAtEnd else { return }
        guard reader.name() else { return nil }
        var offset = standardOffsetSeconds + 3600
        if !reader.isAtEnd, !reader.skip(",") {
            guard let given = reader.time(maximumHours: 24) else { return nil }
            offset = -given
            guard reader.isAtEnd || reader.skip(",") else { return nil }
        }
        // Without dates POSIX leaves the choice to the system; all systems take the rule of the United States.
        var start = Change(day: .weekday(month: 3, week: 2, day: .sunday))
        var end = Change(day: .weekday(month: 11, week: 1, day: .sunday))
        if !reader.isAtEnd {
            guard let first = reader.change(), reader.skip(","), let second = reader.change(), reader.isAtEnd else { return nil }
            start = first
            end = second
        } else if bytes.last == UInt8(ascii: ",") {
            return nil
        }
        daylight = Daylight(offsetSeconds: offset, start: start, end: end)
    }

    /// The changes of these years in order of time. Daylight time all year round is written as two changes at one instant: then the
    /// beginning of the next period counts, so it comes last.
    func transitions(years: ClosedRange<Int>) -> [ZoneRules.Transition] {
        guard let daylight else { return [] }
        var found: [(time: Int64, isStart: Bool)] = []
        for year in years {
            let start = Int64(daylight.start.day.days(year: year)) * 86_400 + Int64(daylight.start.secondsOfDay - standardOffsetSeconds)
            let end = Int64(daylight.end.day.days(year: year)) * 86_400 + Int64(daylight.end.secondsOfDay - daylight.offsetSeconds)
            found.append((start, true))
            found.append((end, false))
        }
        found.sort { ($0.time, $0.isStart ? 1 : 0) < ($1.time, $1.isStart ? 1 : 0) }
        return found.map {
            ZoneRules.Transition(utcSeconds: $0.time, offsetSeconds: $0.isStart ? daylight.offsetSeconds : standardOffsetSeconds)
        }
    }

    func offsetSeconds(atUTCSeconds time: Int64) -> Int {
        guard daylight != nil else { return standardOffsetSeconds }
        let year = ZoneRules.year(ofUTCSeconds: time)
        // A change may stand up to a week outside its year (RFC 8536 allows hours from -167 to 167).
        let changes = transitions(years: year - 2...year + 1)
        return changes.last { $0.utcSeconds <= time }?.offsetSeconds ?? standardOffsetSeconds
    }
}

/// Reads the pieces of a POSIX TZ string; every number is bounded, so nothing can overflow.
struct DaylightRuleReader {
    private let bytes: ArraySlice<UInt8>
    private var at: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        at = bytes.startIndex
    }

    var isAtEnd: Bool { at == bytes.endIndex }
    private var next: UInt8? { isAtEnd ? nil : bytes[at] }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let next, UInt32(next) == character.value else { return false }
        at += 1
        return true
    }

    /// An abbreviation: letters, or anything printable between angle brackets. Its text is not needed.
    mutating func name() -> Bool {
        let start = at
        if skip("<") {
            while let byte = next, byte != UInt8(ascii: ">") {
                guard (0x21...0x7E).contains(byte) else { return false }
                at += 1
            }
            return at > start + 1 && skip(">")
        }
        while let byte = next, (0x41...0x5A).contains(byte & 0xDF) { at += 1 }
        return at - start >= 3
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int? {
        var value = 0
        let start = at
        while let byte = next, (0x30...0x39).contains(byte), at - start < 4 {
            value = value * 10 + Int(byte - 0x30)
            at += 1
        }
        return at > start && range.contains(value) ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time(maximumHours: Int) -> Int? {
        let isNegative = skip("-")
        if !isNegative { _ = skip("+") }
        guard let hours = number(0...maximumHours) else { return nil }
        var seconds = hours * 3600
        if skip(":") {
            guard let minutes = number(0...59) else { return nil }
            seconds += minutes * 60
            if skip(":") {
                guard let rest = number(0...59) else { return nil }
                seconds += rest
            }
        }
        return isNegative ? -seconds : seconds
    }

    mutating func change() -> DaylightRule.Change? {
        guard let day = day() else { return nil }
        guard skip("/") else { return DaylightRule.Change(day: day) }
        return time(maximumHours: 167).map { DaylightRule.Change(day: day, secondsOfDay: $0) }
    }

    private mutating func day() -> DaylightRule.Day? {
        if skip("M") {
            guard let month = number(1...12), skip("."), let week = number(1...5), skip("."),
                let day = number(0...6).flatMap(Weekday.init(rawValue:))
            else {
                return nil
            }
            return .weekday(month: month, week: week, day: day)
        }
        if skip("J") { return number(1...365).map { .julian($0) } }
        return number(0...365).map { .zeroBased($0) }
    }
}
