/// One or two octets that stand in a text as the characters that they are, up to U+00FF.
///
/// net-snmp, pysnmp and Telegraf print an octet string as text when all of it is printable: the octet 0x40 (noPaper) alone is `@`, 0x20
/// (lowToner) a blank. easysnmp gives every octet as a character.
struct ErrorStateCharacters {
    private var octets = 0
    private var word: UInt16 = 0
    /// One of them is a control character, or beyond ASCII: no word has any.
    private var isRaw = false
    private var isWord = true
    private var isDigit = true
    /// It is none of these forms.
    private var isRefused = false

    init(_ text: UnsafeBufferPointer<UInt8>) {
        let inner = Self.unquoted(text)
        // A backslash alone is the octet 0x5C; before other characters it begins an escape.
        let hasEscapes = inner.count > 1 || inner.count < text.count
        var at = 0
        while at < inner.count, octets <= 2 {
            if hasEscapes, inner[at] == UInt8(ascii: "\\") {
                guard let (octet, length) = Self.escaped(inner, at) else {
                    isRefused = true
                    return
                }
                append(octet, isRaw: true)
                at += length
            } else if inner[at] < 0x80 {
                append(inner[at], isRaw: inner[at] < 0x20 || inner[at] == 0x7F)
                at += 1
            } else {
                // JSON is UTF-8: the characters U+0080 to U+00FF have two bytes. U+FFFD is how programs write that they have lost the octet.
                guard inner[at] & 0xFE == 0xC2, at + 1 < inner.count else {
                    isRefused = true
                    return
                }
                append(inner[at] << 6 | inner[at + 1] & 0x3F, isRaw: true)
                at += 2
            }
        }
    }

    private mutating func append(_ octet: UInt8, isRaw raw: Bool) {
        if octets < 2 { word |= UInt16(octet) << (octets == 0 ? 8 : 0) }
        octets += 1
        isRaw = isRaw || raw
        let isNumeral = (0x30...0x39).contains(octet)
        isDigit = isDigit && isNumeral && !raw
        isWord = isWord && (isNumeral || (0x61...0x7A).contains(octet | 0x20))
        // snmpget -Oa prints a dot, and others a question mark, for each octet that is not printable.
        if !raw, octet == UInt8(ascii: ".") || octet == UInt8(ascii: "?") { isRefused = true }
    }

    /// `isMarked`: the text says that it holds characters. Otherwise two letters or digits are a word such as `OK`, and one digit may be a
    /// number as well as an octet: these are nil.
    func bits(isMarked: Bool) -> ErrorStateBits? {
        guard !isRefused, octets <= 2 else { return nil }
        if !isMarked, !isRaw, octets == 2 ? isWord : octets == 1 && isDigit { return nil }
        return ErrorStateBits(octets: octets, word)
    }

    /// What stands in the quotes of net-snmp (`"@"`) or of Python (`'@'`, `b'@\\x00'`); otherwise all of it. Blanks and line ends behind the
    /// quotes come from the shell.
    static func unquoted(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        let start = text.first == UInt8(ascii: "b") ? 1 : 0
        guard start < text.count, text[start] == UInt8(ascii: "\"") || text[start] == UInt8(ascii: "'") else { return text }
        var end = text.count
        while end > start + 1, text[end - 1] == 0x20 || text[end - 1] == 0x0A || text[end - 1] == 0x0D { end -= 1 }
        guard end - start >= 2, text[end - 1] == text[start] else { return text }
        return UnsafeBufferPointer(rebasing: text[(start + 1)..<(end - 1)])
    }

    /// The octet of an escape, and how long that is.
    private static func escaped(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> (octet: UInt8, length: Int)? {
        guard at + 1 < text.count else { return nil }
        switch text[at + 1] {
        case UInt8(ascii: "x"):
            guard at + 3 < text.count, let high = HexText.digit(text[at + 2]), let low = HexText.digit(text[at + 3]) else { return nil }
            return (high << 4 | low, 4)
        case UInt8(ascii: "0"): return (0x00, 2)
        case UInt8(ascii: "t"): return (0x09, 2)
        case UInt8(ascii: "n"): return (0x0A, 2)
        case UInt8(ascii: "r"): return (0x0D, 2)
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): return (text[at + 1], 2)
        default: return nil
        }
    }
}
