/// The bytes of a TZif file taken apart, RFC 8536 §3. Every count is checked against the length before anything is read.
struct TZifFile {
    var firstOffsetSeconds = 0
    var transitions: [ZoneRules.Transition] = []
    var rule: DaylightRule?

    private struct Header {
        var version: UInt8
        var utIndicators, standardIndicators, leapSeconds, transitions, types, abbreviationBytes: Int

        func dataBytes(timeBytes: Int) -> Int {
            transitions * timeBytes + transitions + types * 6 + abbreviationBytes + leapSeconds * (timeBytes + 4)
                + standardIndicators + utIndicators
        }
    }

    private static let headerBytes = 44

    init(_ bytes: [UInt8]) throws(ZoneRulesError) {
        guard bytes.count <= ZoneRules.maximumBytes else {
            throw ZoneRulesError("the time zone file has \(bytes.count) bytes; at most \(ZoneRules.maximumBytes) are read")
        }
        let first = try Self.header(bytes, at: 0)
        guard first.version >= UInt8(ascii: "2") else {
            try readData(bytes, first, at: Self.headerBytes, timeBytes: 4)
            return
        }
        // Version 2 and later repeat everything with times of 64 bits; the first block is for old readers only.
        let second = Self.headerBytes + first.dataBytes(timeBytes: 4)
        let header = try Self.header(bytes, at: second)
        try readData(bytes, header, at: second + Self.headerBytes, timeBytes: 8)
        try readFooter(bytes, at: second + Self.headerBytes + header.dataBytes(timeBytes: 8))
    }

    private static func header(_ bytes: [UInt8], at start: Int) throws(ZoneRulesError) -> Header {
        guard start + headerBytes <= bytes.count, Array(bytes[start..<start + 4]) == Array("TZif".utf8) else {
            throw ZoneRulesError("no TZif header at byte \(start): expected a compiled time zone file, as in /usr/share/zoneinfo")
        }
        func count(_ index: Int) -> Int { Int(number(bytes, at: start + 20 + index * 4, bytes: 4) & 0xFFFF_FFFF) }
        let header = Header(
            version: bytes[start + 4], utIndicators: count(0), standardIndicators: count(1), leapSeconds: count(2), transitions: count(3),
            types: count(4), abbreviationBytes: count(5))
        guard header.version == 0 || (0x32...0x39).contains(header.version) else {
            throw ZoneRulesError("unknown version \(header.version) of TZif")
        }
        return header
    }

    /// Big-endian, with its sign.
    private static func number(_ bytes: [UInt8], at start: Int, bytes width: Int) -> Int64 {
        var value: UInt64 = 0
        for index in start..<start + width { value = value << 8 | UInt64(bytes[index]) }
        return width == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }

    private mutating func readData(_ bytes: [UInt8], _ header: Header, at start: Int, timeBytes: Int) throws(ZoneRulesError) {
        guard start + header.dataBytes(timeBytes: timeBytes) <= bytes.count else {
            throw ZoneRulesError("the file ends before its \(header.transitions) transitions and \(header.types) types of local time")
        }
        guard header.types > 0 else { throw ZoneRulesError("the file has no type of local time") }
        guard header.leapSeconds == 0 else {
            throw ZoneRulesError("the file counts leap seconds: take the one outside the folder \"right\"")
        }
        let indexes = start + header.transitions * timeBytes
        var offsets: [Int] = []
        for type in 0..<header.types {
            let offset = Int(Self.number(bytes, at: indexes + header.transitions + type * 6, bytes: 4))
            // The bounds of RFC 8536 §3.2: a little more than a day on either side.
            guard (-89_999...93_599).contains(offset) else { throw ZoneRulesError("an offset of \(offset) seconds from UTC") }
            offsets.append(offset)
        }
        firstOffsetSeconds = offsets[0]
        transitions.reserveCapacity(header.transitions)
        for index in 0..<header.transitions {
            let time = Self.number(bytes, at: start + index * timeBytes, bytes: timeBytes)
            let type = Int(bytes[indexes + index])
            guard type < offsets.count else { throw ZoneRulesError("transition \(index) leads to type \(type) of \(offsets.count)") }
            if let last = transitions.last, last.utcSeconds >= time {
                throw ZoneRulesError("the transitions are not in order at number \(index)")
            }
            transitions.append(ZoneRules.Transition(utcSeconds: time, offsetSeconds: offsets[type]))
        }
    }

    private mutating func readFooter(_ bytes: [UInt8], at start: Int) throws(ZoneRulesError) {
        guard start < bytes.count, bytes[start] == 0x0A, let end = bytes[(start + 1)...].firstIndex(of: 0x0A) else {
            throw ZoneRulesError("the footer is missing")
        }
        guard end > start + 1 else { return }
        guard let rule = DaylightRule(bytes[start + 1..<end]) else {
            throw ZoneRulesError("the footer is no rule of the form CET-1CEST,M3.5.0,M10.5.0/3")
        }
        self.rule = rule
    }
}
