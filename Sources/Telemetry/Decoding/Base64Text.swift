/// Base64 (RFC 4648) with either alphabet, with its `=` or without; line ends are stepped over.
enum Base64Text {
    /// The bytes that the text stands for; nil when it is no base64.
    static func bytes(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 3)
        var (word, bits): (UInt32, UInt32) = (0, 0)
        var isEnded = false
        for sign in text where sign != 0x0A && sign != 0x0D {
            if sign == UInt8(ascii: "=") {
                isEnded = true
                continue
            }
            guard !isEnded, let six = sixBits(sign) else { return nil }
            word = word << 6 | UInt32(six)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> bits))
            }
        }
        // Six bits alone make no byte.
        return bits < 6 ? bytes : nil
    }

    static func sixBits(_ sign: UInt8) -> UInt8? {
        switch sign {
        case 0x41...0x5A: sign - 0x41
        case 0x61...0x7A: sign - 0x61 + 26
        case 0x30...0x39: sign - 0x30 + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
