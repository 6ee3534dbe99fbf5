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
    /// The name by which metrics, supplies and alerts say that they belong to this topic only.
    public var name: String?
    public var topic: TopicPattern
    public var format = Format.json
    public var columns: [String] = []
    public var delimiter = UInt8(ascii: ",")
    /// The pointer to the parts of a message that has several devices or several times: `/{device}/{row}`.
    public var each: PathPattern?
    /// Where the payload names the device.
    public var device: PathPattern?
    /// Texts of the payload that names may hold, as they may hold the topic's named levels.
    public var names: [NamePointer] = []
    /// Counts only for topics that no other profile reads.
    public var isGeneral = false
    /// Reads its topic in addition to the rule that counts for it.
    public var isAdditional = false
    /// The topic is no word of a device, although another rule's topic would match it: nothing of it is read.
    public var isSkipped = false
    /// Reads only what devices say that are known already.
    public var isForKnownDevices = false
    public var liveness: LivenessRule?
    /// Full reports: a metric that one of them leaves out becomes unknown. Other messages change only what they name.
    public var full: MessageSelection?
    /// Messages that tell of the past: what they say is late, whatever its time.
    public var historical: MessageSelection?
    /// Where the message proper stands in an envelope, one step after the other; a step that a message has not is left out.
    public var unwrap: [PathPattern] = []
    /// What an empty message means; nil: what the profile does not say, which is `unknown` for a live one and nothing for a retained one.
    public var cleared: ClearedRule?
    /// A message without this member carries no readings; that is no mistake.
    public var requires: PathPattern?
    public var time: TimeRule?

    /// One JSON object about the one device that the topic names: the hot path.
    public var isPlain: Bool {
        format == .json && each == nil && device == nil && liveness == nil && full == nil && historical == nil && names.isEmpty
            && unwrap.isEmpty
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

/// What it means that a topic was emptied, as one does with a retained topic to take it back.
public enum ClearedRule: String, CaseIterable, Sendable {
    /// What the topic told is not known any more.
    case unknown
    /// Likewise, and its codes stand no longer: the topic tells one alarm.
    case over
    /// The device is gone as well.
    case gone
}

/// A name that the payload tells, such as that of the sensor a message is about.
public struct NamePointer: Equatable, Sendable {
    public var name: String
    public var path: PathPattern
}

/// Which messages something is said of: all of the rule, or those in which a member has one of these values.
public enum MessageSelection: Equatable, Sendable {
    case always
    case when(PathPattern, values: [String])
}

/// Where the device's own time stands. Without a rule the arrival time is taken.
public struct TimeRule: Equatable, Sendable {
    public var path: PathPattern
    public var unit: DeviceTime.Unit
    /// The zone of texts that have none; nil: UTC.
    public var zone: ZoneRules?
}

/// A topic on which commands are answered.
public struct ReplyRule: Equatable, Sendable {
    public var topic: TopicPattern
    /// Nil where the topic's level `{requestId}` tells it.
    public var requestID: PathPattern?
    /// Nil: every answer has the outcome "ok".
    public var outcome: PathPattern?
    /// The outcomes that mean that the command was carried out.
    public var success: [String] = []
    /// A member that only a refusal has.
    public var failure: PathPattern?
    /// Where the payload names the device; nil where the topic does.
    public var device: PathPattern?
    /// A reason in the device's own words.
    public var reason: PathPattern?

    /// The name of the topic's level that tells the request.
    static let topicLevel = "requestId"
    /// Each request is answered on a topic of its own, so what such a topic resolves to is not kept.
    public var hasTopicOfItsOwn: Bool { topic.captures.contains(Self.topicLevel) }
}
