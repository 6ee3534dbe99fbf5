/// hrPrinterDetectedErrorState of RFC 2790 with the further bits of RFC 3805: an octet string, bit 0 being the high bit of the first octet.
public struct ErrorStateBits: Equatable, Sendable {
    /// In the order of the bits. The raw value is the code, as the standard spells it.
    public enum Code: String, CaseIterable, Sendable {
        case lowPaper, noPaper, lowToner, noToner, doorOpen, jammed, offline, serviceRequested
        case inputTrayMissing, outputTrayMissing, markerSupplyMissing, outputNearFull, outputFull, inputTrayEmpty, overduePreventMaint

        /// `noPaper`, `no-paper`, `NO_PAPER`.
        init?(_ text: String) {
            let folded = SupplyName.folded(text)
            guard let code = Self.allCases.first(where: { SupplyName.folded($0.rawValue) == folded }) else { return nil }
            self = code
        }
    }

    /// How many octets were sent. With one octet the device says nothing about the codes from `inputTrayMissing` on; with none it says
    /// nothing at all, so that nothing is raised and nothing is cleared.
    public let octets: Int
    /// Bit 0 is the highest.
    let bits: UInt16

    init(octets: Int, _ bits: UInt16) {
        self.octets = octets
        self.bits = bits
    }

    /// From a list of octets as numbers; those beyond the second have no meaning and are left out. Nil when one of the two is no octet.
    init?(numbers: some Sequence<Int>) {
        var (octets, bits): (Int, UInt16) = (0, 0)
        for number in numbers.prefix(2) {
            guard let octet = UInt8(exactly: number) else { return nil }
            bits |= UInt16(octet) << (octets == 0 ? 8 : 0)
            octets += 1
        }
        self.init(octets: octets, bits)
    }

    /// True when the device said nothing; that is not the same as "no error".
    public var saysNothing: Bool { octets == 0 }

    /// What is set, in the order of the bits. The sixteenth bit has no meaning.
    public var codes: [Code] { Code.allCases.enumerated().filter { bits & (0x8000 >> UInt16($0.offset)) != 0 }.map(\.element) }

    /// Whether the device said anything about this code: nil when it did not.
    public func isSet(_ code: Code) -> Bool? {
        guard let index = Code.allCases.firstIndex(of: code), index < octets * 8 else { return nil }
        return bits & (0x8000 >> UInt16(index)) != 0
    }

    // MARK: The forms in which octets come in JSON. Nothing is allocated: a device sends them with every message

    /// A number (up to 255 one octet, up to 65,535 two), or a text: hexadecimal digits in pairs, base64 with its `=`, or the octets
    /// themselves as characters, when one of them is none that people write. Nil for anything else.
    init?(_ tape: JSONTape, _ index: Int) {
        if let number = tape.integer(index) {
            guard let word = UInt16(exactly: number) else { return nil }
            self = word > 0xFF ? ErrorStateBits(octets: 2, word) : ErrorStateBits(octets: 1, word << 8)
            return
        }
        guard tape.isString(index) else { return nil }
        self.init(text: tape.string(index))
    }

    init?(text: UnsafeBufferPointer<UInt8>) {
        guard text.count <= 64, let bits = Self.hexadecimal(text) ?? Self.base64(text) ?? Self.characters(text) else { return nil }
        self = bits
    }

    private static func hexadecimal(_ text: UnsafeBufferPointer<UInt8>) -> ErrorStateBits? {
        var at = text.count > 2 && text[0] == UInt8(ascii: "0") && text[1] | 0x20 == UInt8(ascii: "x") ? 2 : 0
        var octets = 0
        var word: UInt16 = 0
        while at < text.count {
            if text[at] == 0x20 || text[at] == UInt8(ascii: ":") || text[at] == UInt8(ascii: "-") {
                at += 1
                continue
            }
            guard let high = HexText.digit(text[at]), at + 1 < text.count, let low = HexText.digit(text[at + 1]) else { return nil }
            if octets < 2 { word |= UInt16(high << 4 | low) << (octets == 0 ? 8 : 0) }
            octets += 1
            at += 2
        }
        return ErrorStateBits(octets: min(octets, 2), word)
    }

    /// One or two octets are four characters with one or two `=` at the end.
    private static func base64(_ text: UnsafeBufferPointer<UInt8>) -> ErrorStateBits? {
        guard text.count == 4, text[3] == UInt8(ascii: "="), let a = sixBits(text[0]), let b = sixBits(text[1]) else { return nil }
        let first = UInt16(a << 2 | b >> 4) << 8
        if text[2] == UInt8(ascii: "=") { return ErrorStateBits(octets: 1, first) }
        guard let c = sixBits(text[2]) else { return nil }
        return ErrorStateBits(octets: 2, first | UInt16(b << 4 | c >> 2))
    }

    private static func sixBits(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x41...0x5A: byte - 0x41
        case 0x61...0x7A: byte - 0x61 + 26
        case 0x30...0x39: byte - 0x30 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    /// One or two characters up to U+00FF, one of them a control character or beyond ASCII: a word such as `OK` is none of these.
    private static func characters(_ text: UnsafeBufferPointer<UInt8>) -> ErrorStateBits? {
        var at = 0
        var octets = 0
        var word: UInt16 = 0
        var isRaw = false
        while at < text.count {
            var octet = text[at]
            if octet >= 0x80 {
                // JSON is UTF-8: the characters U+0080 to U+00FF have two bytes.
                guard octet & 0xFE == 0xC2, at + 1 < text.count else { return nil }
                octet = octet << 6 | text[at + 1] & 0x3F
                at += 1
            }
            isRaw = isRaw || octet < 0x20 || octet >= 0x7F
            if octets < 2 { word |= UInt16(octet) << (octets == 0 ? 8 : 0) }
            octets += 1
            at += 1
        }
        return isRaw && octets <= 2 ? ErrorStateBits(octets: octets, word) : nil
    }
}
