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
    /// Yields to every other profile that reads the topic.
    public var isGeneral = false
    public var liveness: LivenessRule?
    public var full: FullRule?
    /// A message without this member carries no readings; that is no mistake.
    public var requires: PathPattern?
    public var time: TimeRule?

    public init(topic: TopicPattern) { self.topic = topic }

    /// One JSON object about the one device that the topic names: the hot path.
    public var isPlain: Bool { format == .json && each == nil && device == nil && liveness == nil && full == nil }
}

/// A word that says whether the device is there: a last will, an availability topic.
public struct LivenessRule: Equatable, Sendable {
    public var path: PathPattern
    public var online: [String]
    public var offline: [String]
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
    public var requestID: PathPattern
    public var outcome: PathPattern
    public var success: [String]
    /// A reason in the device's own words.
    public var reason: PathPattern?
}
