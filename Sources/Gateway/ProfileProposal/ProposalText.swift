/// Words of devices in a file that a person reads and a program parses: bounded, on one line, and nothing that a terminal obeys.
enum ProposalText {
    private static let maximumScalars = 160

    /// The text on one line, without control characters and without those that turn the direction of writing.
    static func plain(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(maximumScalars) {
            let isHidden =
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x200B...0x200F).contains(scalar.value)
                || (0x2028...0x202E).contains(scalar.value) || (0x2060...0x206F).contains(scalar.value) || scalar.value == 0xFEFF
            result.append(isHidden ? " " : scalar)
        }
        if text.unicodeScalars.count > maximumScalars { result.append("…") }
        return String(result)
    }

    /// A string of JSON5. It holds the text itself, however long: a topic that is cut is another topic.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _
            where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x2028...0x202E).contains(scalar.value)
                || (0x2060...0x206F).contains(scalar.value) || (0x200B...0x200F).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A key of JSON5: bare where it may be.
    static func key(_ text: String) -> String {
        let isBare =
            text.utf8.first.map { !(0x30...0x39).contains($0) } ?? false
            && text.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
        return isBare ? text : quoted(text)
    }

    static func list(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ", ") + "]" }

    /// A name for a metric or a command: letters, digits, `_`, `-` and `.`, at most 60 bytes; "value" where nothing is left.
    static func name(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            let isPlain = isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            if isPlain { result.append(byte) } else if result.last != UInt8(ascii: "_") { result.append(UInt8(ascii: "_")) }
        }
        let trimmed = result.drop { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }.prefix(60)
        let end = trimmed.reversed().drop { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }.reversed()
        return end.isEmpty ? "value" : String(decoding: end, as: UTF8.self)
    }

    /// A name for a profile: letters, digits, `-` and `.`.
    static func profileName(_ text: String) -> String {
        let words = name(text.lowercased()).split { $0 == "_" || $0 == "." || $0 == "-" }.joined(separator: "-")
        return words.isEmpty ? "proposed" : words
    }

    /// Only letters and digits, in small letters: how two spellings of one name are compared.
    static func bare(_ text: String) -> String {
        String(decoding: text.lowercased().utf8.filter { isLetter($0) || isDigit($0) }, as: UTF8.self)
    }

    /// A token of a JSON pointer (RFC 6901).
    static func token(_ key: String) -> String {
        key.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
            .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }

    /// Whether a key can stand in a pointer, and a level in a topic, as the word that it is: braces there capture.
    static func isLiteral(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 128 && !text.utf8.contains { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }
            && !text.utf8.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") || $0 == 0 }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
