/// JSON as it may be shown: what a terminal would obey, or what would show text in another order, is escaped as JSON escapes it, so the
/// meaning stays. It is the same when standard output is no terminal, as it may be shown later.
package enum JSONText {
    package static func visible(_ bytes: [UInt8]) -> [UInt8] {
        if isPlain(bytes) { return bytes.last == UInt8(ascii: "\n") ? bytes : bytes + [UInt8(ascii: "\n")] }
        var visible: [UInt8] = []
        visible.reserveCapacity(bytes.count + 1)
        // Bytes that are not UTF-8 become U+FFFD here.
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if mustBeEscaped(scalar.value) {
                // Outside of a string there is none of these in JSON, but for the carriage return, which is white space there.
                for unit in UTF16.encode(scalar) ?? .init() { visible.append(contentsOf: escape(unit)) }
            } else {
                visible.append(contentsOf: UTF8.encode(scalar) ?? .init())
            }
        }
        if visible.last != UInt8(ascii: "\n") { visible.append(UInt8(ascii: "\n")) }
        return visible
    }

    /// Printable ASCII with line ends and tabs, as nearly all output is.
    private static func isPlain(_ bytes: [UInt8]) -> Bool {
        // Without an early end, so that the compiler takes many bytes at a time.
        var others: UInt8 = 0
        for byte in bytes { others |= (byte &- 0x20 < 0x5F) || byte == 0x0A || byte == 0x09 ? 0 : 1 }
        return others == 0
    }

    private static func escape(_ unit: UInt16) -> [UInt8] {
        let digits = String(unit, radix: 16)
        return Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
    }

    private static func mustBeEscaped(_ value: UInt32) -> Bool {
        switch value {
        case 0x09, 0x0A: false
        // C0 and C1 controls; line and paragraph separators; tags of plane 14.
        case 0x00...0x1F, 0x7F...0x9F, 0x2028, 0x2029, 0xE0000...0xE007F: true
        // What is invisible, or changes the direction of the text around it.
        case 0xAD, 0x61C, 0x180E, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB: true
        default: false
        }
    }
}
