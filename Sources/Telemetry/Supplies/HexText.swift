/// Hexadecimal digits as programs print octet strings: `54 6F 6E 65 72`, `54:6f:6e`, `0x546F6E6572`, `546F6E6572`.
enum HexText {
    /// The bytes that pairs of digits stand for, with or without `0x` and with spaces, colons, dashes or nothing between them. An empty
    /// text stands for no bytes; nil when it is anything else.
    static func bytes(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var high: UInt8?
        var isBlank = true
        for byte in withoutPrefix(Array(text)) {
            isBlank = isBlank && byte <= 0x20
            if let digit = digit(byte) {
                if let first = high {
                    result.append(first << 4 | digit)
                    high = nil
                } else {
                    high = digit
                }
            } else {
                guard high == nil, isSeparator(byte) else { return nil }
            }
        }
        return high == nil && (isBlank || !result.isEmpty) ? result : nil
    }

    /// A name that was sent as digits, read; any other unchanged.
    ///
    /// Part numbers look like digits too (`44574702`, `CE505A`), so a text counts as hexadecimal only if it is marked by `0x`, stands in
    /// separate pairs, or has twelve digits and more, and if what it says is readable and has letters in it.
    static func plain(_ bytes: [UInt8]) -> [UInt8] {
        if let joined = continued(bytes) { return joined }
        let text = Array(bytes[...].trimmed())
        let hasPrefix = withoutPrefix(text).count < text.count
        let hasSeparators = text.contains(where: isSeparator)
        guard let decoded = Self.bytes(text), decoded.count >= (hasPrefix ? 1 : hasSeparators ? 4 : 6), isPaired(text) else { return bytes }
        return isReadable(decoded, letters: hasPrefix ? 1 : 3) ? decoded : bytes
    }

    /// Net-SNMP prints sixteen bytes a line. Programs that take its first line for text and leave the others make
    /// `Fuser Kit HP 110\n56 2D 43` of a name: the pairs behind the sixteenth byte are its rest.
    private static func continued(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count > 17, bytes[16] == 0x0A, !bytes[..<16].contains(0x0A) else { return nil }
        let rest = Array(bytes[17...].trimmed())
        guard isPaired(rest), let decoded = Self.bytes(rest), !decoded.isEmpty, isReadable(decoded, letters: 0) else { return nil }
        return bytes[..<16] + decoded
    }

    /// Digits stand two and two, or without any separator at all.
    private static func isPaired(_ text: [UInt8]) -> Bool {
        let words = withoutPrefix(text).split(whereSeparator: isSeparator)
        return words.count <= 1 || words.allSatisfy { $0.count == 2 }
    }

    /// UTF-8 without control characters, but for those at the end, with this many letters.
    private static func isReadable(_ bytes: [UInt8], letters: Int) -> Bool {
        var end = bytes.count
        while end > 0, bytes[end - 1] <= 0x20 { end -= 1 }
        let start = bytes.starts(with: [0x01, 0x15]) ? 2 : 0
        guard start <= end else { return letters == 0 }
        guard let text = String(validating: bytes[start..<end], as: UTF8.self) else { return false }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return false }
        return text.count(where: \.isLetter) >= letters
    }

    private static func withoutPrefix(_ text: [UInt8]) -> ArraySlice<UInt8> {
        isMarked(text) ? text[2...] : text[...]
    }

    /// Whether digits follow an `0x`.
    static func isMarked(_ text: some Collection<UInt8>) -> Bool {
        text.count > 2 && text.first == UInt8(ascii: "0") && text.dropFirst().first.map { $0 | 0x20 } == UInt8(ascii: "x")
    }

    static func isSeparator(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-")
    }

    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
