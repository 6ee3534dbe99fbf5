import Documents
import FoundationEssentials

/// One line of a recording: `{"time": ms, "topic": "…", "payload": …}`, where the payload is a JSON value, a string, or `payload_b64`.
///
/// The payload's bytes are taken as they stand, so that a number beyond all ranges or a member that stands twice reaches the
/// decoder just as it would from the network.
struct ReplayLine {
    let timeMilliseconds: Int64
    let topic: String
    let payload: [UInt8]
    private(set) var isRetained = false

    /// Throws the reason in words.
    init(_ line: ArraySlice<UInt8>) throws(ConfigurationError) {
        var scanner = RawMembers(line)
        var time: Int64?
        var topic: String?
        var payload: [UInt8]?
        while let member = try scanner.next() {
            switch member.key {
            case "time":
                let text = String(decoding: member.value, as: UTF8.self)
                time = Int64(text) ?? Double(text).flatMap { Int64(exactly: $0) }
                if time == nil { throw ConfigurationError("\"time\" must be whole milliseconds") }
            case "topic": topic = try Self.string(member.value, "topic")
            case "payload":
                let isText = member.value.first == UInt8(ascii: "\"")
                payload = isText ? Array(try Self.string(member.value, "payload").utf8) : Array(member.value)
            case "payload_b64":
                guard let data = Data(base64Encoded: try Self.string(member.value, "payload_b64")) else {
                    throw ConfigurationError("\"payload_b64\" is not base64")
                }
                payload = Array(data)
            case "retained": isRetained = member.value.elementsEqual("true".utf8)
            default: break
            }
        }
        guard let time, let topic, let payload else {
            throw ConfigurationError("a line needs \"time\", \"topic\" and \"payload\" (or \"payload_b64\")")
        }
        (timeMilliseconds, self.topic, self.payload) = (time, topic, payload)
    }

    private static func string(_ value: ArraySlice<UInt8>, _ name: String) throws(ConfigurationError) -> String {
        guard let node = try? DocumentParser.parse(Array(value), file: name), case .string(let text) = node.value else {
            throw ConfigurationError("\"\(name)\" must be a string")
        }
        return text
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

    private mutating func skipBlank() {
        while at < bytes.endIndex, [0x20, 0x09, 0x0D, 0x0A].contains(bytes[at]) { at += 1 }
    }

    mutating func next() throws(ConfigurationError) -> (key: String, value: ArraySlice<UInt8>)? {
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
        while end > start, [0x20, 0x09, 0x0D, 0x0A].contains(bytes[end - 1]) { end -= 1 }
        guard end > start else { throw ConfigurationError("expected a value after a key") }
        return (String(decoding: key, as: UTF8.self), bytes[start..<end])
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
        } while depth > 0 || (at < bytes.endIndex && ![UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]")].contains(bytes[at]))
    }
}
