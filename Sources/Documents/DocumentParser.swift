/// Reads JSON with comments, trailing commas, single quotes and bare keys (JSON5, json5.org), and remembers where everything stands.
///
/// It reads what operators write: configuration and device profiles. Telemetry goes through simdjson instead.
/// Foundation reads JSON5 as well, but its values carry no position, and a mistake has to be named by line and column.
public struct DocumentParser {
    /// A file larger than this is not a configuration.
    public static let maximumBytes = 4 * 1024 * 1024
    public static let maximumDepth = 64

    private let bytes: [UInt8]
    private let file: String
    private var offset = 0
    private var line = 1
    private var lineStart = 0

    private init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
    }

    /// Reads one document. Throws a `Diagnostic` at the first byte that cannot be read.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostic) -> DocumentNode {
        var parser = DocumentParser(bytes, file: file)
        guard bytes.count <= maximumBytes else {
            throw parser.mistake("the file has \(bytes.count) bytes; at most \(maximumBytes) are read")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            // The mark is not part of the first line's columns.
            parser.offset = 3
            parser.lineStart = 3
        }
        try parser.skipBlank()
        let root = try parser.value(depth: 0)
        try parser.skipBlank()
        guard parser.offset == bytes.count else { throw parser.mistake("expected the end of the file after the first value") }
        return root
    }

    private var position: SourcePosition { SourcePosition(line: line, column: offset - lineStart + 1) }
    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func mistake(_ message: String, at place: SourcePosition? = nil) -> Diagnostic {
        Diagnostic(file: file, position: place ?? position, message: message)
    }

    private mutating func advance() {
        if bytes[offset] == UInt8(ascii: "\n") {
            line += 1
            lineStart = offset + 1
        }
        offset += 1
    }

    private mutating func skipBlank() throws(Diagnostic) {
        while let byte = current {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: advance()
            case UInt8(ascii: "/"):
                let next = offset + 1 < bytes.count ? bytes[offset + 1] : 0
                if next == UInt8(ascii: "/") {
                    while let byte = current, byte != 0x0A { advance() }
                } else if next == UInt8(ascii: "*") {
                    try skipBlockComment()
                } else {
                    throw mistake("a single / begins nothing; a comment is // or /* */")
                }
            default: return
            }
        }
    }

    private mutating func skipBlockComment() throws(Diagnostic) {
        let start = position
        advance()
        advance()
        while offset + 1 < bytes.count {
            if bytes[offset] == UInt8(ascii: "*"), bytes[offset + 1] == UInt8(ascii: "/") {
                advance()
                advance()
                return
            }
            advance()
        }
        throw mistake("the comment that begins here has no */", at: start)
    }

    private mutating func value(depth: Int) throws(Diagnostic) -> DocumentNode {
        guard depth < Self.maximumDepth else { throw mistake("nested deeper than \(Self.maximumDepth) levels") }
        let start = position
        guard let byte = current else { throw mistake("expected a value, found the end of the file") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth, start: start)
        case UInt8(ascii: "["): return try array(depth: depth, start: start)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return DocumentNode(.string(try quoted()), at: start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            return try number(start: start)
        default:
            let word = bareWord()
            switch word {
            case "true": return DocumentNode(.bool(true), at: start)
            case "false": return DocumentNode(.bool(false), at: start)
            case "null": return DocumentNode(.null, at: start)
            case "": throw mistake("expected a value, found \(Self.shown(byte))", at: start)
            default: throw mistake("expected a value, found \(word); text needs quotes", at: start)
            }
        }
    }

    private mutating func object(depth: Int, start: SourcePosition) throws(Diagnostic) -> DocumentNode {
        advance()
        var members: [DocumentMember] = []
        while true {
            try skipBlank()
            guard let byte = current else { throw mistake("the object that begins here has no }", at: start) }
            if byte == UInt8(ascii: "}") {
                advance()
                return DocumentNode(.object(members), at: start)
            }
            let place = position
            let key = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") ? try quoted() : bareWord()
            guard !key.isEmpty || byte == UInt8(ascii: "\"") else { throw mistake("expected a key or }, found \(Self.shown(byte))") }
            if let earlier = members.first(where: { $0.key == key }) {
                throw mistake("\"\(key)\" stands already on line \(earlier.keyPosition.line)", at: place)
            }
            try skipBlank()
            guard current == UInt8(ascii: ":") else { throw mistake("expected : after the key \"\(key)\"") }
            advance()
            try skipBlank()
            members.append(DocumentMember(key: key, keyPosition: place, node: try value(depth: depth + 1)))
            try separator(closing: UInt8(ascii: "}"))
        }
    }

    private mutating func array(depth: Int, start: SourcePosition) throws(Diagnostic) -> DocumentNode {
        advance()
        var items: [DocumentNode] = []
        while true {
            try skipBlank()
            guard let byte = current else { throw mistake("the list that begins here has no ]", at: start) }
            if byte == UInt8(ascii: "]") {
                advance()
                return DocumentNode(.array(items), at: start)
            }
            items.append(try value(depth: depth + 1))
            try separator(closing: UInt8(ascii: "]"))
        }
    }

    /// After a member or an item: a comma, or the closing bracket, which stays for the caller.
    private mutating func separator(closing: UInt8) throws(Diagnostic) {
        try skipBlank()
        if current == UInt8(ascii: ",") {
            advance()
        } else if current != closing {
            throw mistake("expected , or \(Character(UnicodeScalar(closing)))")
        }
    }

    private mutating func bareWord() -> String {
        let start = offset
        while let byte = current, Self.isWordByte(byte) { offset += 1 }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...0xFF:
            true
        default: false
        }
    }

    private static func shown(_ byte: UInt8) -> String {
        (0x21...0x7E).contains(byte) ? "\(Character(UnicodeScalar(byte)))" : "byte \(byte)"
    }

    private mutating func number(start: SourcePosition) throws(Diagnostic) -> DocumentNode {
        let first = offset
        while let byte = current,
            Self.isWordByte(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        {
            offset += 1
        }
        var text = String(decoding: bytes[first..<offset], as: UTF8.self)
        if text.hasPrefix("+") { text.removeFirst() }
        if let hexadecimal = Self.hexadecimal(text) {
            return DocumentNode(.number(Double(hexadecimal), text: String(hexadecimal)), at: start)
        }
        guard let number = Double(text), number.isFinite else {
            throw mistake("\(text) is not a finite number", at: start)
        }
        return DocumentNode(.number(number, text: text), at: start)
    }

    private static func hexadecimal(_ text: String) -> Int64? {
        let isNegative = text.hasPrefix("-")
        let digits = (isNegative ? text.dropFirst() : text[...]).lowercased()
        // A second sign would be taken for part of the number, and the smallest number has no counterpart.
        guard digits.hasPrefix("0x"), digits.dropFirst(2).allSatisfy({ $0.isHexDigit }) else { return nil }
        return Int64(digits.dropFirst(2), radix: 16).map { isNegative ? -$0 : $0 }
    }

    private mutating func quoted() throws(Diagnostic) -> String {
        let start = position
        let quote = bytes[offset]
        advance()
        var text: [UInt8] = []
        while let byte = current {
            if byte == quote {
                advance()
                guard let valid = String(validating: text, as: UTF8.self) else { throw mistake("the string is not valid UTF-8", at: start) }
                return valid
            }
            if byte == UInt8(ascii: "\\") {
                try escape(into: &text)
            } else if byte == 0x0A {
                break
            } else {
                text.append(byte)
                advance()
            }
        }
        throw mistake("the string that begins here has no closing quote", at: start)
    }

    private mutating func escape(into text: inout [UInt8]) throws(Diagnostic) {
        let start = position
        advance()
        guard let byte = current else { throw mistake("the file ends within an escape", at: start) }
        advance()
        switch byte {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case 0x0A: break  // JSON5: a backslash at the end of a line continues the string.
        case UInt8(ascii: "u"):
            var unit = try hexQuad(start)
            if (0xD800...0xDBFF).contains(unit) {
                guard current == UInt8(ascii: "\\"), offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "u") else {
                    throw mistake("half of a surrogate pair stands alone", at: start)
                }
                advance()
                advance()
                let low = try hexQuad(start)
                guard (0xDC00...0xDFFF).contains(low) else { throw mistake("half of a surrogate pair stands alone", at: start) }
                unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = UnicodeScalar(unit) else { throw mistake("\\u names no character", at: start) }
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw mistake("\\\(Self.shown(byte)) is no escape", at: start)
        }
    }

    private mutating func hexQuad(_ start: SourcePosition) throws(Diagnostic) -> UInt32 {
        guard offset + 4 <= bytes.count, bytes[offset] != UInt8(ascii: "+"), bytes[offset] != UInt8(ascii: "-"),
            let unit = UInt32(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16)
        else { throw mistake("\\u needs four hexadecimal digits", at: start) }
        offset += 4
        return unit
    }
}
