import CivilCalendar

/// An event in the structured JSON form of CloudEvents 1.0 (https://github.com/cloudevents/spec, JSON event format).
public struct CloudEvent: Sendable {
    public static let contentType = "application/cloudevents+json"

    public enum Failure: Error, Equatable, CustomStringConvertible {
        case emptyAttribute(String)
        public var description: String {
            switch self {
            case .emptyAttribute(let name): "the CloudEvents attribute \(name) is empty; the specification wants it non-empty"
            }
        }
    }

    /// Unique for its source; the same at every try of a delivery.
    public let id: String
    /// A URI reference, `/gateways/site-12`.
    public let source: String
    /// In reverse DNS order, `org.example.steward.order.sent`.
    public let type: String
    public let subject: String?
    /// Milliseconds since 1970-01-01 UTC, of the occurrence; nil leaves `time` out.
    public let timeMilliseconds: Int64?
    /// JSON already, taken as it is; nil leaves `data` out.
    public let data: [UInt8]?

    public init(id: String, source: String, type: String, subject: String? = nil, timeMilliseconds: Int64? = nil, data: [UInt8]? = nil)
        throws(Failure)
    {
        for (name, value) in [("id", id), ("source", source), ("type", type), ("subject", subject ?? "-")] where value.isEmpty {
            throw .emptyAttribute(name)
        }
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.timeMilliseconds = timeMilliseconds
        self.data = data
    }

    /// The envelope as UTF-8 JSON; the same event gives the same bytes. A time outside the years 0000 to 9999, which RFC 3339 cannot
    /// say, is left out.
    public func encoded() -> [UInt8] {
        var text = "{\"specversion\":\"1.0\",\"id\":\(JSONText.quote(id)),\"source\":\(JSONText.quote(source))"
        text += ",\"type\":\(JSONText.quote(type))"
        if let subject { text += ",\"subject\":\(JSONText.quote(subject))" }
        if let time = timeMilliseconds.flatMap(UTCText.rfc3339) { text += ",\"time\":\"\(time)\"" }
        guard let data, !data.isEmpty else { return Array((text + "}").utf8) }
        return Array((text + ",\"datacontenttype\":\"application/json\",\"data\":").utf8) + data + [UInt8(ascii: "}")]
    }
}

enum JSONText {
    /// A JSON string with its quotes (RFC 8259 §7).
    static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
