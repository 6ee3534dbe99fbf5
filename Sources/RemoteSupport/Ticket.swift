import Hashing
import Telemetry

/// Work for a person on one device.
public struct Ticket: Equatable, Sendable, Codable {
    public enum State: String, Sendable, Codable {
        case open
        /// The alarm went away by itself or by hand; the ticket says so and may be closed.
        case recovered
        case closed
    }
    /// One alarm, one ticket: the id comes from the alarm's.
    public var id: String
    public var alarm: String
    public var device: String
    public var severity: Severity
    public var text: String
    /// What was tried before, and how it ended.
    public var reason: String
    /// Event time of the alarm's onset.
    public var onsetMilliseconds: Int64
    public var state = State.open
    /// Why this gateway will never deliver it to the ticket desk; nil while it was delivered or may be.
    public var undelivered: String?
    /// It was opened before what it is about has happened, so that a visit can be planned; nil otherwise.
    public var isAhead: Bool?
    /// How often words were added to it; nil: never.
    public var updates: Int?

    public static func id(about subject: String) -> String { "ti-" + StableID.make(subject) }

    /// The id in earlier versions.
    public static func formerID(about subject: String) -> String { "ti-" + StableID.short(subject) }

    public init(alarm: String, device: String, severity: Severity, text: String, reason: String, onsetMilliseconds: Int64) {
        self.id = Self.id(about: alarm)
        self.alarm = alarm
        self.device = device
        self.severity = severity
        self.text = text
        self.reason = reason
        self.onsetMilliseconds = onsetMilliseconds
    }
}
