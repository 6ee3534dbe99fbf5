import Documents
import FoundationEssentials

/// One line of a recording: `{"time": ms, "topic": "…", "payload": …}`, where the payload is a JSON value, a string, or `payload_b64`.
///
/// The payload's bytes are taken as they stand, so that a number beyond all ranges or a member that stands twice reaches the
/// decoder just as it would from the network.
struct ReplayLine {
    let timeMilliseconds: Int64
    let topic: ArraySlice<UInt8>
    let payload: ArraySlice<UInt8>
    private(set) var isRetained = false

    /// Throws the reason in words.
    init(_ line: ArraySlice<UInt8>) throws(ConfigurationError) {
        var scanner = RawMembers(line)
        var time: Int64?
        var topic: ArraySlice<UInt8>?
        var payload: ArraySlice<UInt8>?
        while let member = try scanner.next() {
            switch Key(member.key) {
            case .time:
                time = try Self.milliseconds(member.value)
            case .topic: topic = try Self.string(member.value, "topic")
            case .payload:
                let isText = member.value.first == UInt8(ascii: "\"")
                payload = isText ? try Self.string(member.value, "payload") : member.value
            case .base64:
                guard let data = Data(base64Encoded: Data(try Self.string(member.value, "payload_b64"))) else {
                    throw ConfigurationError("\"payload_b64\" is not base64")
                }
                payload = Array(data)[...]
            case .retained: isRetained = member.value.elementsEqual("true".utf8)
            case nil: break
            }
        }
        guard let time, let topic, let payload else {
            throw ConfigurationError("a line needs \"time\", \"topic\" and \"payload\" (or \"payload_b64\")")
        }
        (timeMilliseconds, self.topic, self.payload) = (time, topic, payload)
    }

    private enum Key {
        case time, topic, payload, base64, retained

        /// Nil for a member that says nothing here.
        init?(_ name: ArraySlice<UInt8>) {
            for (key, text) in Self.names where name.count == text.utf8CodeUnitCount {
                guard text.withUTF8Buffer({ name.elementsEqual($0) }) else { continue }
                self = key
                return
            }
            return nil
        }

        private static let names: [(Key, StaticString)] = [
            (.time, "time"), (.topic, "topic"), (.payload, "payload"), (.base64, "payload_b64"), (.retained, "retained"),
        ]
    }

    private static func milliseconds(_ value: ArraySlice<UInt8>) throws(ConfigurationError) -> Int64 {
        // Up to 18 digits cannot overflow.
        if value.count <= 18, value.allSatisfy({ $0 &- 0x30 < 10 }) { return value.reduce(0) { $0 * 10 + Int64($1 &- 0x30) } }
        let text = String(decoding: value, as: UTF8.self)
        guard let time = Int64(text) ?? Double(text).flatMap({ Int64(exactly: $0) }) else {
            throw ConfigurationError("\"time\" must be whole milliseconds")
        }
        return time
    }

    /// The bytes that a string of JSON stands for.
    private static func string(_ value: ArraySlice<UInt8>, _ name: String) throws(ConfigurationError) -> ArraySlice<UInt8> {
        let inner = value.dropFirst().dropLast()
        // Printable ASCII without a backslash stands for itself.
        if value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\""),
            inner.allSatisfy({ $0 &- 0x20 < 0x5F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") })
        {
            return inner
        }
        guard let node = try? DocumentParser.parse(Array(value), file: name), case .string(let text) = node.value else {
            throw ConfigurationError("\"\(name)\" must be a string")
        }
        return Array(text.utf8)[...]
    }
}

/// Walks over the members of one JSON object and hands each value out as the bytes that stand there.
struct RawMembers {
    private let bytes: ArraySlice<UInt8>
    private var at: Int
    private var isStarted = false

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        at = bytes.startIndex
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

    private static func endsValue(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    private mutating func skipBlank() {
        while at < bytes.endIndex, Self.isBlank(bytes[at]) { at += 1 }
    }

    mutating func next() throws(ConfigurationError) -> (key: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        skipBlank()
        guard at < bytes.endIndex else { throw ConfigurationError("the line is no whole JSON object") }
        if !isStarted {
            guard bytes[at] == UInt8(ascii: "{") else { throw ConfigurationError("a line must be a JSON object") }
            isStarted = true
        } else if bytes[at] == UInt8(ascii: "}") {
            return nil
        } else if bytes[at] != UInt8(ascii: ",") {
            throw ConfigurationError("expected , or } between members")
        }
        at += 1
        skipBlank()
        guard at < bytes.endIndex else { throw ConfigurationError("the line is no whole JSON object") }
        if bytes[at] == UInt8(ascii: "}") { return nil }
        let key = try skipString()
        skipBlank()
        guard at < bytes.endIndex, bytes[at] == UInt8(ascii: ":") else { throw ConfigurationError("expected : after a key") }
        at += 1
        skipBlank()
        let start = at
        try skipValue()
        var end = at
        while end > start, Self.isBlank(bytes[end - 1]) { end -= 1 }
        guard end > start else { throw ConfigurationError("expected a value after a key") }
        return (key, bytes[start..<end])
    }

    private mutating func skipString() throws(ConfigurationError) -> ArraySlice<UInt8> {
        guard at < bytes.endIndex, bytes[at] == UInt8(ascii: "\"") else { throw ConfigurationError("expected a key in quotes") }
        let start = at + 1
        at += 1
        while at < bytes.endIndex, bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
        guard at < bytes.endIndex else { throw ConfigurationError("a string has no closing quote") }
        at += 1
        return bytes[start..<at - 1]
    }

    private mutating func skipValue() throws(ConfigurationError) {
        var depth = 0
        repeat {
            guard at < bytes.endIndex else { throw ConfigurationError("the line is no whole JSON object") }
            switch bytes[at] {
            case UInt8(ascii: "\""):
                _ = try skipString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return }
                depth -= 1
            case UInt8(ascii: ","): if depth == 0 { return }
            default: break
            }
            at += 1
        } while depth > 0 || (at < bytes.endIndex && !Self.endsValue(bytes[at]))
    }
}
