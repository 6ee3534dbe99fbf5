import CivilCalendar
import Documents

/// An event in the structured JSON form of CloudEvents 1.0 (https://github.com/cloudevents/spec, JSON event format).
struct CloudEvent: Sendable {
    static let contentType = "application/cloudevents+json"

    enum Failure: Error, Equatable, CustomStringConvertible {
        case emptyAttribute(String)
        var description: String {
            switch self {
            case .emptyAttribute(let name): "the CloudEvents attribute \(name) is empty; the specification wants it non-empty"
            }
        }
    }

    /// Unique for its source; the same at every try of a delivery.
    let id: String
    /// A URI reference, `/gateways/site-12`.
    let source: String
    /// In reverse DNS order, `org.example.steward.order.sent`.
    let type: String
    let subject: String?
    /// Milliseconds since 1970-01-01 UTC, of the occurrence; nil leaves `time` out.
    let timeMilliseconds: Int64?
    /// JSON already, taken as it is; nil leaves `data` out.
    let data: [UInt8]?

    init(id: String, source: String, type: String, subject: String? = nil, timeMilliseconds: Int64? = nil, data: [UInt8]? = nil)
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
    /// express, is left out.
    func encoded() -> [UInt8] {
        JSONWriter.object { writer in
            writer.member("specversion", "1.0")
            writer.member("id", id)
            writer.member("source", source)
            writer.member("type", type)
            writer.member("subject", subject)
            writer.member("time", timeMilliseconds.flatMap(UTCText.rfc3339))
            guard let data, !data.isEmpty else { return }
            writer.member("datacontenttype", "application/json")
            writer.key("data")
            writer.raw(data)
        }
    }
}
