/// Numbers that devices send as text: "26.2", "-66dBm", "43 %".
enum DecimalText {
    static let maximumBytes = 48

    /// The number that the text begins with, when only a unit (letters, %, °, µ, spaces) follows it; otherwise nil.
    static func number(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? { parse(bytes)?.number }

    /// The number, and the unit behind it without the blanks around it.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> (number: Double, unit: Slice<UnsafeBufferPointer<UInt8>>)? {
        guard bytes.count <= maximumBytes else { return nil }
        var at = 0
        while at < bytes.count, bytes[at] == 0x20 { at += 1 }
        let start = at
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") { at += 1 }
        let digits = at
        while at < bytes.count, bytes[at].isDigit || bytes[at] == UInt8(ascii: ".") { at += 1 }
        guard at > digits else { return nil }
        at = exponent(bytes, from: at)
        // 0xFF is no zero with a unit.
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "x") { return nil }
        let unit = bytes[at...].trimmed()
        if unit.contains(where: { $0.isDigit || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }),
            UnitConversion.find(String(decoding: unit, as: UTF8.self)) == nil
        {
            return nil
        }
        return Double(String(decoding: bytes[start..<at], as: UTF8.self)).map { ($0, unit) }
    }

    /// Whether a text that can be read as a number may be something else: hexadecimal digits ("03E5", "1E5"), or a number of a part, an address
    /// or a code, whose zeros in front are a part of it ("0241").
    ///
    /// What programs print of numbers is none of these. An exponent has a sign, or a point or a sign stands before it ("1e+16", "1e-05",
    /// "-4.2e3"); zeros in front come with a sign, a point or a unit ("-05", "000123.4", "05 %").
    static func mayBeIdentifier(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let text = bytes[...].trimmed()
        let digits = text.prefix { $0.isDigit }
        guard let first = digits.first else { return false }
        let rest = text.dropFirst(digits.count)
        if let sign = rest.first, sign | 0x20 == UInt8(ascii: "e"), let next = rest.dropFirst().first, next.isDigit { return true }
        return first == UInt8(ascii: "0") && digits.count > 1 && rest.isEmpty
    }

    /// Whether the text is a number and nothing else.
    static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let last = bytes.last, last.isDigit, let number = number(bytes), number.isFinite else { return false }
        let digits = bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes[...]
        guard let first = digits.first, first.isDigit, !mayBeIdentifier(bytes) else { return false }
        return first != UInt8(ascii: "0") || digits.count == 1 || digits.dropFirst().first == UInt8(ascii: ".")
    }

    /// Whether the text says in place of a number that there is none.
    static func isUnknown(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        // Asked of every word of a state, so what is none of these is told by its first byte.
        guard let first = bytes.first else { return true }
        switch first | 0x20 {
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "n"), UInt8(ascii: "u"), UInt8(ascii: "i"): break
        default: return false
        }
        return bytes.count <= 12 && unknownWords.contains(String(decoding: bytes, as: UTF8.self).lowercased())
    }

    private static let unknownWords: Set<String> = [
        "-", "--", "---", "nan", "null", "none", "nil", "unknown", "unavailable", "n/a", "na", "inf", "-inf", "+inf", "infinity",
        "-infinity", "-nan", "+nan", "nan(ind)", "-nan(ind)", "undefined",
    ]

    private static func exponent(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        guard start < bytes.count, bytes[start] | 0x20 == UInt8(ascii: "e") else { return start }
        var at = start + 1
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") { at += 1 }
        let digits = at
        while at < bytes.count, bytes[at].isDigit { at += 1 }
        return at > digits ? at : start
    }
}
