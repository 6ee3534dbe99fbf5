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
        if let time = timeMilliseconds.flatMap(RFC3339.text(epochMilliseconds:)) { text += ",\"time\":\"\(time)\"" }
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

enum RFC3339 {
    /// `2026-03-01T12:34:56.789Z`, or nil outside the years 0000 to 9999.
    static func text(epochMilliseconds: Int64) -> String? {
        // 0000-01-01 and 10000-01-01 in the proleptic Gregorian calendar.
        guard epochMilliseconds >= -62_167_219_200_000, epochMilliseconds < 253_402_300_800_000 else { return nil }
        let day = epochMilliseconds >= 0 ? epochMilliseconds / 86_400_000 : (epochMilliseconds - 86_399_999) / 86_400_000
        let inDay = epochMilliseconds - day * 86_400_000
        let (year, month, dayOfMonth) = civil(day)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
        let time = "\(padded(inDay / 3_600_000, 2)):\(padded(inDay / 60_000 % 60, 2)):\(padded(inDay / 1_000 % 60, 2))"
        return "\(date)T\(time).\(padded(inDay % 1_000, 3))Z"
    }

    /// Year, month and day of a day counted from 1970-01-01. Years begin in March here, so that the leap day is the last of its year.
    private static func civil(_ day: Int64) -> (Int64, Int64, Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
