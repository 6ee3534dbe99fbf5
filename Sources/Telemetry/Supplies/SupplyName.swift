/// The name of a supply as people should see it, out of what devices send.
public struct SupplyName: Equatable, Sendable {
    /// Printable, at most 64 bytes, empty when nothing readable was there.
    public var text: String
    public var partNumber: String?
    public var serialNumber: String?

    public static let maximumBytes = 64
    /// More than any device sends; the rest is not looked at.
    static let maximumInputBytes = 1024

    /// Cleans a name. In this order: hexadecimal text is read, the two bytes that HP's PML puts in front and control characters go,
    /// part and serial number behind the name are split off, one of the standard's joined words (`inkCartridge`) gets its one spelling,
    /// and everything is bounded at a character. Bytes that are no UTF-8 are taken for Latin-1, which is right about ASCII.
    public static func clean(bytes: [UInt8]) -> SupplyName {
        let bytes = HexText.plain(Array(bytes.prefix(maximumInputBytes)))
        let readable = collapsed(decoded(bytes.dropFirst(symbolSetLength(bytes))))
        var name = SupplySuffix.split(readable)
        if !name.text.contains(" "), Int(name.text) == nil, let type = SupplyType(name.text), type.keyword.contains("-") {
            name.text = type.keyword
        }
        name.text = bounded(name.text)
        name.partNumber = name.partNumber.map { bounded($0) }
        name.serialNumber = name.serialNumber.map { bounded($0) }
        return name
    }

    /// Text for people: hexadecimal text is read, control characters go, and it is bounded at a character.
    static func readable(_ bytes: [UInt8], maximumBytes: Int) -> String {
        bounded(collapsed(decoded(HexText.plain(Array(bytes.prefix(maximumInputBytes)))[...])), maximumBytes)
    }

    /// One spelling of a key: `inkCartridge`, `INK_CARTRIDGE`, `Ink Cartridge` and `ink-cartridge` all give `ink-cartridge`.
    public static func folded(_ text: String) -> String {
        var result: [UInt8] = []
        var previousIsLower = false
        for byte in text.utf8.prefix(maximumInputBytes) {
            let isUpper = (0x41...0x5A).contains(byte)
            let isSeparator = byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte <= 0x20
            if (isUpper && previousIsLower) || isSeparator, let last = result.last, last != UInt8(ascii: "-") {
                result.append(UInt8(ascii: "-"))
            }
            if !isSeparator { result.append(isUpper ? byte | 0x20 : byte) }
            previousIsLower = !isUpper && !isSeparator
        }
        while result.last == UInt8(ascii: "-") { result.removeLast() }
        return String(decoding: result, as: UTF8.self)
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }

    /// Runs of spaces become one; characters that are not seen, or that turn the writing around, become nothing.
    private static func collapsed(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace {
                if let last = result.last, last != " " { result.append(" ") }
            } else if !isHidden(scalar) {
                result.append(scalar)
            }
        }
        if result.last == " " { result.removeLast() }
        return String(result)
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .privateUse, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator: true
        default: scalar == "\u{FFFD}"
        }
    }

    /// At most so many bytes, never half a character.
    private static func bounded(_ text: String, _ maximumBytes: Int = maximumBytes) -> String {
        guard text.utf8.count > maximumBytes else { return text }
        var result = ""
        var count = 0
        for character in text {
            count += character.utf8.count
            if count > maximumBytes { break }
            result.append(character)
        }
        while result.last == " " { result.removeLast() }
        return result
    }

    /// HP's Peripheral Management Language puts the number of the symbol set, two bytes, in front of a string. The sets in use; for these
    /// the second byte may be a printable one.
    private static let symbolSets: [[UInt8]] = [[0x01, 0x15], [0x00, 0x0E], [0x02, 0x75], [0x01, 0x55]]

    /// Another control character goes later anyway; a letter behind a stray one stays.
    private static func symbolSetLength(_ bytes: [UInt8]) -> Int { bytes.count > 2 && symbolSets.contains(Array(bytes[..<2])) ? 2 : 0 }
}
