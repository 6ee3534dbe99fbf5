import CivilCalendar

/// A topic that carries readings.
public struct MessageRule: Equatable, Sendable {
    public enum Format: String, CaseIterable, Sendable {
        case json
        /// One value as text, read as the member `value`.
        case text
        /// Lines of values, read as members with the names of `columns`.
        case csv
        /// Messages of Sparkplug B edge nodes; a metric's name is the way to its member.
        case sparkplug
        /// An object or a list is JSON, anything else is text: some devices send both on one topic.
        case auto
    }
    /// How metrics, supplies and alerts name it that belong to this topic only.
    public var name: String?
    public var topic: TopicPattern
    public var format = Format.json
    public var columns: [String] = []
    public var delimiter = UInt8(ascii: ",")
    /// Where the parts of a message stand that are devices or times of their own: `/{device}/{row}`.
    public var each: PathPattern?
    /// Where the payload names the device.
    public var device: PathPattern?
    /// Texts of the payload that take part in names as the topic's named levels do.
    public var names: [NamePointer] = []
    /// Yields to every other profile that reads the topic.
    public var isGeneral = false
    /// Reads its topic beside the rule that counts, and not instead of it.
    public var isAdditional = false
    public var liveness: LivenessRule?
    public var full: FullRule?
    /// A message without this member carries no readings; that is no mistake.
    public var requires: PathPattern?
    public var time: TimeRule?

    public init(topic: TopicPattern) { self.topic = topic }

    /// One JSON object about the one device that the topic names: the hot path.
    public var isPlain: Bool {
        format == .json && each == nil && device == nil && liveness == nil && full == nil && names.isEmpty
    }
}

/// A word that says whether the device is there: a last will, an availability topic.
public struct LivenessRule: Equatable, Sendable {
    /// Where the word stands: the first of these that a message has.
    public var paths: [PathPattern]
    /// Every message of the topic means that the device is gone, whatever it says.
    public var isAlwaysOffline = false
    public var online: [String]
    public var offline: [String]
}

/// A name that the payload tells, such as that of the sensor a message is about.
public struct NamePointer: Equatable, Sendable {
    public var name: String
    public var path: PathPattern
}

/// Which messages tell everything: what they leave out is not known any more. All others tell only what they name.
public enum FullRule: Equatable, Sendable {
    case always
    case when(PathPattern, values: [String])
}

/// Where the device's own time stands. Without a rule the arrival time is taken.
public struct TimeRule: Equatable, Sendable {
    public enum Unit: String, CaseIterable, Sendable {
        case milliseconds, seconds, iso8601
        /// Counted from the device's start: of no use as a time, so the arrival time is taken.
        case monotonic

        /// What a bare number counts.
        var counted: DeviceTime.Unit {
            switch self {
            case .milliseconds, .iso8601: .milliseconds
            case .seconds: .seconds
            case .monotonic: .monotonic
            }
        }
    }
    public var path: PathPattern
    public var unit: Unit
    /// The zone of texts that have none; nil: UTC.
    public var zone: ZoneRules?
}

/// A topic on which commands are answered.
public struct ReplyRule: Equatable, Sendable {
    public var topic: TopicPattern
    /// Nil where the topic's level `{requestId}` tells it.
    public var requestID: PathPattern?
    /// Nil where an answer says nothing more than that it came; its outcome is then "ok".
    public var outcome: PathPattern?
    public var success: [String]
    /// A member that only a refusal has.
    public var failure: PathPattern?
    /// Where the payload names the device.
    public var device: PathPattern?
    /// A reason in the device's own words.
    public var reason: PathPattern?

    public init(topic: TopicPattern, requestID: PathPattern?, outcome: PathPattern?, success: [String], reason: PathPattern?) {
        self.topic = topic
        self.requestID = requestID
        self.outcome = outcome
        self.success = success
        self.reason = reason
    }

    /// The name of the topic's level that tells the request.
    static let topicLevel = "requestId"
    /// Each request has a topic of its own, which is not worth remembering.
    public var hasTopicOfItsOwn: Bool { topic.captures.contains(Self.topicLevel) }
}
