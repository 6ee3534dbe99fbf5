/// The history and the rules of one time zone, read from the bytes of a TZif file (RFC 8536, versions 1 to 4). The shell reads the
/// file, such as `/usr/share/zoneinfo/Europe/Berlin`; here is only arithmetic, so that a replay gives the same times everywhere.
public struct ZoneRules: Equatable, Sendable {
    /// From this instant on, this offset.
    struct Transition: Equatable, Sendable {
        var utcSeconds: Int64
        /// East of Greenwich positive.
        var offsetSeconds: Int
    }

    /// Far more than any zone of the tz database has (the largest file is under 4 KB).
    public static let maximumBytes = 65_536

    /// The offset before the first transition.
    let firstOffsetSeconds: Int
    /// In ascending order; at one instant the last counts.
    let transitions: [Transition]
    /// What holds after the last transition; nil lets the last offset go on.
    let rule: DaylightRule?

    /// Coordinated Universal Time.
    public static let utc = ZoneRules(firstOffsetSeconds: 0, transitions: [], rule: nil)

    init(firstOffsetSeconds: Int, transitions: [Transition], rule: DaylightRule?) {
        let isInOrder = zip(transitions, transitions.dropFirst()).allSatisfy { $0.utcSeconds <= $1.utcSeconds }
        precondition(isInOrder, "transitions are searched in their order")
        self.firstOffsetSeconds = firstOffsetSeconds
        self.transitions = transitions
        self.rule = rule
    }

    /// Reads a TZif file. Throws what is wrong with it; hostile bytes do nothing worse.
    public init(tzif bytes: [UInt8]) throws(ZoneRulesError) {
        let file = try TZifFile(bytes)
        self.init(
            firstOffsetSeconds: file.firstOffsetSeconds, transitions: Self.unrolled(file.transitions, file.rule), rule: file.rule)
    }

    /// The table with the rule written out to the year 2100, so that a live message costs one search and no memory.
    private static func unrolled(_ table: [Transition], _ rule: DaylightRule?) -> [Transition] {
        guard let rule, rule.daylight != nil else { return table }
        let last = table.last?.utcSeconds ?? .min
        let first = max(year(ofUTCSeconds: last) - 1, 1900)
        guard first <= 2100 else { return table }
        return table + rule.transitions(years: first...2100).filter { $0.utcSeconds > last }
    }

    /// Whether a text may be joined to the folder of the zone files: parts of letters, digits, `+`, `-` and `_`, such as
    /// `America/Argentina/Ushuaia` or `Etc/GMT+5`. No path leads out of the folder or to the files that count leap seconds.
    public static func isName(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard text.utf8.count <= 64, parts.count <= 4, let first = parts.first, !first.elementsEqual("right".utf8) else { return false }
        return parts.allSatisfy { part in
            !part.isEmpty
                && part.allSatisfy { byte in
                    (0x41...0x5A).contains(byte & 0xDF) || (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x5F].contains(byte)
                }
        }
    }

    /// Seconds to add to UTC for local time, at this instant. Total: any number is allowed.
    public func offsetSeconds(atUTCSeconds time: Int64) -> Int {
        if let last = transitions.last, time < last.utcSeconds {
            let after = firstIndex(after: time)
            return after == 0 ? firstOffsetSeconds : transitions[after - 1].offsetSeconds
        }
        if let rule { return rule.offsetSeconds(atUTCSeconds: time) }
        return transitions.last?.offsetSeconds ?? firstOffsetSeconds
    }

    /// The index of the first transition later than `time`.
    func firstIndex(after time: Int64) -> Int {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].utcSeconds <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The year of an instant in UTC, held within the years 1 to 9999.
    static func year(ofUTCSeconds time: Int64) -> Int {
        let time = min(max(time, -62_135_596_800), 253_402_300_799)
        return CivilDate(daysSince1970: Int(time.dividedDown(by: 86_400))).year
    }

    /// The changes of offset in a span of a few days, from table and rule.
    func changes(from start: Int64, through end: Int64) -> [Transition] {
        var found: [Transition] = []
        var index = firstIndex(after: start - 1)
        while index < transitions.count, transitions[index].utcSeconds <= end {
            found.append(transitions[index])
            index += 1
        }
        if let rule, end >= transitions.last?.utcSeconds ?? .min {
            let years = Self.year(ofUTCSeconds: start) - 1...Self.year(ofUTCSeconds: end) + 1
            let last = transitions.last?.utcSeconds ?? .min
            found += rule.transitions(years: years).filter { $0.utcSeconds > last && $0.utcSeconds >= start && $0.utcSeconds <= end }
        }
        return found
    }
}

/// What is wrong with a time zone file.
public struct ZoneRulesError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
