/// What a template of Home Assistant takes from a message, as far as it has one of the simple forms:
/// `{{ value }}`, `{{ value_json.a.b }}`, `{{ value_json['a'][0] }}`, filters that leave the value what it is, and a factor.
struct ValueTemplate: Equatable {
    /// A JSON pointer into the document, or nil for the whole payload as a text.
    var pointer: String?
    var scale: Double = 1

    struct Problem: Error, Equatable { var reason: String }

    private static let maximumBytes = 1000
    /// Filters after which a number, or a word, is still what it was.
    private static let harmless: Set<String> = ["float", "int", "round", "default", "d", "is_defined", "string", "trim"]

    /// The whole payload.
    init() {}

    init(_ text: String) throws(Problem) {
        guard text.utf8.count <= Self.maximumBytes else { throw Problem(reason: "the template is long") }
        var inner = Self.trimmed(text)
        guard inner.hasPrefix("{{"), inner.hasSuffix("}}"), inner.utf8.count >= 4 else { throw Problem(reason: "it is no single {{ … }}") }
        inner = Self.trimmed(String(inner.dropFirst(2).dropLast(2)))
        // Jinja's marks against blanks.
        if inner.hasPrefix("-") { inner = Self.trimmed(String(inner.dropFirst())) }
        if inner.hasSuffix("-") { inner = Self.trimmed(String(inner.dropLast())) }
        if inner.contains("{{") || inner.contains("{%") { throw Problem(reason: "it holds statements") }
        var parser = Parser(Array(inner.utf8))
        self = try parser.expression()
        parser.skipBlanks()
        guard parser.isAtEnd else { throw Problem(reason: "it computes") }
    }

    static func trimmed(_ text: String) -> String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        let bytes = text.utf8.drop(while: isBlank)
        return String(decoding: bytes.reversed().drop(while: isBlank).reversed(), as: UTF8.self)
    }

    private struct Parser {
        private let bytes: [UInt8]
        private var at = 0
        private var depth = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { at >= bytes.count }
        private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

        mutating func skipBlanks() { while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { at += 1 } }

        private mutating func take(_ character: Character) -> Bool {
            skipBlanks()
            guard next == character.asciiValue else { return false }
            at += 1
            return true
        }

        /// `operand { | filter | * number | / number }`, in the order of the text.
        mutating func expression() throws(Problem) -> ValueTemplate {
            depth += 1
            defer { depth -= 1 }
            guard depth < 8 else { throw Problem(reason: "it is nested deeply") }
            var value: ValueTemplate
            if take("(") {
                value = try expression()
                guard take(")") else { throw Problem(reason: "a bracket is not closed") }
            } else {
                value = try variable()
            }
            while true {
                if take("|") {
                    try filter(&value)
                } else if take("*") {
                    value.scale *= try factor()
                } else if take("/") {
                    value.scale /= try factor()
                } else {
                    guard value.scale.isFinite, value.scale != 0 else { throw Problem(reason: "its factor is none") }
                    return value
                }
            }
        }

        private mutating func word() -> String {
            skipBlanks()
            let start = at
            while let byte = next, (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_") {
                at += 1
            }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }

        private mutating func variable() throws(Problem) -> ValueTemplate {
            let name = word()
            switch name {
            case "value": return ValueTemplate()
            case "value_json":
                var tokens: [String] = []
                while let token = try member() {
                    guard ProposalText.isLiteral(token) else { throw Problem(reason: "a member's name holds braces or a wildcard") }
                    tokens.append(ProposalText.token(token))
                }
                guard !tokens.isEmpty else { throw Problem(reason: "it takes the whole document") }
                guard tokens.count <= 12 else { throw Problem(reason: "it goes deeper than a pointer does") }
                var value = ValueTemplate()
                value.pointer = "/" + tokens.joined(separator: "/")
                return value
            case "": throw Problem(reason: "it begins with no variable")
            case "float", "int":
                // `float(value_json.x)`
                guard take("(") else { throw Problem(reason: "\(name) has no argument") }
                let value = try expression()
                if take(",") { try arguments(until: ")") } else if !take(")") { throw Problem(reason: "a bracket is not closed") }
                return value
            default: throw Problem(reason: "it uses \"\(name)\"")
            }
        }

        private mutating func member() throws(Problem) -> String? {
            if next == UInt8(ascii: ".") {
                at += 1
                let name = word()
                if name.isEmpty { throw Problem(reason: "a member has no name") }
                if next == UInt8(ascii: "(") { throw Problem(reason: "it calls \(name)()") }
                return name
            }
            guard next == UInt8(ascii: "[") else { return nil }
            at += 1
            skipBlanks()
            let token: String
            if let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
                at += 1
                let start = at
                while let byte = next, byte != quote {
                    if byte == UInt8(ascii: "\\") { throw Problem(reason: "a name holds a backslash") }
                    at += 1
                }
                guard next == quote else { throw Problem(reason: "a quote is not closed") }
                token = String(decoding: bytes[start..<at], as: UTF8.self)
                at += 1
            } else {
                token = word()
                guard !token.isEmpty, token.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                    throw Problem(reason: "an index is computed")
                }
            }
            guard take("]") else { throw Problem(reason: "a bracket is not closed") }
            return token
        }

        private mutating func filter(_ value: inout ValueTemplate) throws(Problem) {
            let name = word()
            if name == "multiply" {
                guard take("("), let factor = number(), take(")") else { throw Problem(reason: "multiply has no number") }
                value.scale *= factor
                return
            }
            guard ValueTemplate.harmless.contains(name) else { throw Problem(reason: "it uses the filter \"\(name)\"") }
            if take("(") { try arguments(until: ")") }
        }

        /// What a harmless filter is told; a bracket within ends the reading.
        private mutating func arguments(until end: Character) throws(Problem) {
            while let byte = next {
                at += 1
                if byte == end.asciiValue { return }
                if byte == UInt8(ascii: "(") { throw Problem(reason: "an argument is computed") }
            }
            throw Problem(reason: "a bracket is not closed")
        }

        private mutating func factor() throws(Problem) -> Double {
            guard let number = number(), number != 0, number.isFinite else { throw Problem(reason: "it computes with more than a number") }
            return number
        }

        private mutating func number() -> Double? {
            skipBlanks()
            let start = at
            while let byte = next, (0x30...0x39).contains(byte) || byte == UInt8(ascii: ".") { at += 1 }
            return Double(String(decoding: bytes[start..<at], as: UTF8.self))
        }
    }
}
