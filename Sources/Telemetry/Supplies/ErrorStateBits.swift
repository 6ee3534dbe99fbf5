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

    /// A number (up to 255 one octet, up to 65,535 two), or a text as the tools of SNMP print octets, see `init?(text:)`. Nil for anything else.
    init?(_ tape: JSONTape, _ index: Int) {
        if let number = tape.integer(index) {
            guard let word = UInt16(exactly: number) else { return nil }
            self = word > 0xFF ? ErrorStateBits(octets: 2, word) : ErrorStateBits(octets: 1, word << 8)
            return
        }
        guard tape.isString(index) else { return nil }
        self.init(text: tape.string(index))
    }

    /// Hexadecimal digits in pairs (net-snmp, pysnmp, Telegraf), base64 with its `=` (Go), or the octets themselves as characters. The
    /// characters may stand in quotes, with the escapes of C and Python. The type may stand in front, as `snmpget` prints it: `Hex-STRING:`
    /// and `STRING:` decide which of the two forms it is.
    init?(text: UnsafeBufferPointer<UInt8>) {
        guard text.count <= 64 else { return nil }
        let found: ErrorStateBits? =
            if let rest = Self.behind("Hex-STRING:", text) {
                Self.hexadecimal(rest)
            } else if let rest = Self.behind("STRING:", text) ?? Self.behind("BITS:", text) {
                ErrorStateCharacters(rest).bits(isMarked: true)
            } else {
                Self.unmarked(text)
            }
        guard let found else { return nil }
        self = found
    }

    private static func unmarked(_ text: UnsafeBufferPointer<UInt8>) -> ErrorStateBits? {
        // One blank is the octet 0x20 (lowToner), which net-snmp and Telegraf print as a character; a dash alone is how people write nothing.
        let inner = ErrorStateCharacters.unquoted(text)
        let isOctet = inner.count == 1 && inner[0] != UInt8(ascii: "-")
        if !isOctet, let bits = hexadecimal(inner) ?? base64(text) { return bits }
        return ErrorStateCharacters(text).bits(isMarked: false)
    }

    /// What follows the type that `snmpget` prints, without the blank behind it; nil when the text does not begin so.
    private static func behind(_ type: StaticString, _ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        let count = type.utf8CodeUnitCount
        guard text.count >= count, (0..<count).allSatisfy({ text[$0] == type.utf8Start[$0] }) else { return nil }
        let rest = text[count...]
        return UnsafeBufferPointer(rebasing: rest.first == 0x20 ? rest.dropFirst() : rest)
    }

    private static func hexadecimal(_ text: UnsafeBufferPointer<UInt8>) -> ErrorStateBits? {
        var at = text.count > 2 && text[0] == UInt8(ascii: "0") && text[1] | 0x20 == UInt8(ascii: "x") ? 2 : 0
        var octets = 0
        var word: UInt16 = 0
        while at < text.count {
            if text[at] == 0x20 || text[at] == 0x0A || text[at] == 0x0D || text[at] == UInt8(ascii: ":") || text[at] == UInt8(ascii: "-") {
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
        guard text.count == 4, text[3] == UInt8(ascii: "="), let a = Base64Text.sixBits(text[0]), let b = Base64Text.sixBits(text[1]) else {
            return nil
        }
        let first = UInt16(a << 2 | b >> 4) << 8
        if text[2] == UInt8(ascii: "=") { return ErrorStateBits(octets: 1, first) }
        guard let c = Base64Text.sixBits(text[2]) else { return nil }
        return ErrorStateBits(octets: 2, first | UInt16(b << 4 | c >> 2))
    }
}
