/// Base64 with the standard alphabet and padding (RFC 4648 §4). Our own, as OpenSSL's block decoder accepts blanks and counts
/// padding as bytes.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for offset in 0..<3 { bits = bits << 8 | UInt32(offset < group.count ? group[start + offset] : 0) }
            for position in 0..<4 {
                text.append(position <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * position)) & 63] : padding)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// nil for anything that `encode` would not have written: other characters, missing padding, bits left over.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 4 * 3)
        for start in stride(from: 0, to: characters.count, by: 4) {
            let isLast = start + 4 == characters.count
            let padded = isLast ? characters[start...].reversed().prefix { $0 == padding }.count : 0
            guard padded <= 2 else { return nil }
            var bits: UInt32 = 0
            for index in start..<start + 4 - padded {
                guard let value = value(characters[index]) else { return nil }
                bits = bits << 6 | UInt32(value)
            }
            bits <<= UInt32(6 * padded)
            guard bits & ((1 << UInt32(8 * padded)) - 1) == 0 else { return nil }
            for position in 0..<3 - padded { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * position))) }
        }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
