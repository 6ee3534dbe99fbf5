/// How to read, judge, command and supply one kind of device. It is data: `DeviceProfiles/README.md` is its reference.
public struct DeviceProfile: Equatable, Sendable {
    public var name: String
    public var title: String
    /// The file it came from, for messages to people.
    public var source: String
    public var messages: [MessageRule] = []
    public var replies: [ReplyRule] = []
    public var metrics: [MetricRule] = []
    public var supplies: [SupplyRule] = []
    public var alerts: [AlertListRule] = []
    public var status: StatusRule?
    public var faults: [FaultRule] = []
    public var commands: [CommandRule] = []
    public var playbooks: [Playbook] = []
    /// Arrival time without a message after which the device counts as silent.
    public var silentAfterMilliseconds: Int64 = 15 * 60_000
    /// Two readings further apart in event time say nothing about the time between them.
    public var gapMilliseconds: Int64 = 5 * 60_000

    public init(name: String, title: String, source: String) {
        self.name = name
        self.title = title
        self.source = source
    }

    /// A profile that reads nothing: it holds the places where the supplies of its devices keep their state until it is loaded again.
    public init(notLoaded name: String, supplies: [String]) {
        self.init(name: name, title: name + " (not loaded)", source: "")
        guard let nowhere = try? PathPattern("") else { return }
        self.supplies = supplies.map { supply in
            SupplyRule(
                name: NameTemplate(supply), level: nowhere, capacity: 100, unknownLevels: [], counter: nil, item: NameTemplate(supply),
                leadTimeMilliseconds: 0, floorPercent: 0, isOrdered: false)
        }
    }
}

/// A topic that carries readings.
public struct MessageRule: Equatable, Sendable {
    public enum Format: String, CaseIterable, Sendable {
        case json
        /// One value as text, read as the member `value`.
        case text
        /// Lines of values, read as members with the names of `columns`.
        case csv
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

public enum MetricKind: String, CaseIterable, Sendable, Codable { case gauge, counter, state, level }

public struct MetricRule: Equatable, Sendable {
    /// May hold captures of the path, as in `temperature.{sensor}`.
    public var name: NameTemplate
    public var path: PathPattern
    public var kind: MetricKind
    /// A UCUM code, empty when there is none.
    public var unit: String
    /// The known values of a state, in the profile's order; further ones are learned, up to a limit.
    public var states: [String]
    /// The message rule it belongs to; nil: all of the profile.
    public var message: String?
    /// value = raw · scale + offset
    public var scale = 1.0
    public var offset = 0.0
    /// What words and codes mean: a number for a gauge or counter, another word for a state.
    public var values: [ValueName] = []

    /// Whether a value of the other rule is a value of this one: they belong to topics of their own and say the same of kind and unit.
    func means(_ other: MetricRule) -> Bool {
        message != nil && other.message != nil && kind == other.kind && unit == other.unit && states == other.states
            && scale == other.scale && offset == other.offset && values == other.values
    }
}

/// One row of an enumeration: what the device sends, and what it is called here.
public struct ValueName: Equatable, Sendable {
    public var raw: String
    public var meaning: String
}

public struct SupplyRule: Equatable, Sendable {
    public var name: NameTemplate
    public var level: PathPattern
    /// The level that means full.
    public var capacity: Double
    /// Levels that mean "unknown". Every negative level does so without being listed.
    public var unknownLevels: [Double]
    /// A member beside the level that says by its value that the level means nothing, such as the tag of a spool that has none.
    public var unknownWhen: MemberRule?
    /// The usage counter that wears it, such as pages.
    public var counter: String?
    /// What to order; may hold captures.
    public var item: NameTemplate
    public var leadTimeMilliseconds: Int64
    /// Ordered at or below this level even while there is too little evidence for a forecast.
    public var floorPercent: Double
    /// False for what people refill themselves: it is forecast, never ordered.
    public var isOrdered: Bool
    public var message: String?
}

/// A member of the same JSON object, and the values of it that count.
public struct MemberRule: Equatable, Sendable {
    public var member: String
    public var values: [String]
}

/// A list of codes that the device itself reports, such as `["jam"]` or Bambu Lab's HMS pairs.
public struct AlertListRule: Equatable, Sendable {
    public enum CodeForm: Equatable, Sendable {
        /// Each item is a string or a number, taken as it is.
        case plain
        /// Each item is an object; the member is taken as it is.
        case member(String)
        /// Each item is an object whose two 32-bit numbers are written as `PREFIX_XXXX_XXXX_XXXX_XXXX`.
        case hexPair(prefix: String, high: String, low: String)
        /// A whole number whose bits are codes; bit 0 is the lowest.
        case bits([Int: String])
    }
    public var path: PathPattern
    public var form: CodeForm
    public var codes: [AlertCodeRule]
    public var defaultSeverity: Severity
    public var message: String?
}

public struct AlertCodeRule: Equatable, Sendable {
    public var code: String
    public var severity: Severity
    public var text: String
    public var playbook: String?
}

/// ITU-T X.733, without "cleared" and "indeterminate", which are states here. The most severe comes first.
public enum Severity: String, CaseIterable, Sendable, Codable, Comparable {
    case critical, major, minor, warning

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    /// A more severe one is the smaller.
    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
}

/// Which values of a state metric mean which of the basic equipment states of SEMI E10.
public struct StatusRule: Equatable, Sendable {
    public var metric: String
    public var productive: [String]
    public var standby: [String]
    public var unscheduledDowntime: [String]
    public var scheduledDowntime: [String]
}

/// What a metric is compared with.
public enum Comparison: Equatable, Sendable {
    case above(Double)
    case atLeast(Double)
    case below(Double)
    case atMost(Double)
    case equals(String)
    case notEquals(String)
    case within([String])
}

public struct ConditionRule: Equatable, Sendable {
    public var metric: String
    public var comparison: Comparison
    /// How long it must hold, in event time, without a gap.
    public var forMilliseconds: Int64
}

public struct FaultRule: Equatable, Sendable {
    public var id: String
    public var severity: Severity
    public var text: String
    public var raise: ConditionRule
    /// Without one, the fault clears when `raise` no longer holds.
    public var clear: ConditionRule?
    public var playbook: String?
}

public struct CommandRule: Equatable, Sendable {
    public enum Format: String, CaseIterable, Sendable {
        case json
        /// The string itself, without the quotes of JSON.
        case text
    }
    public var name: String
    /// With `{device}` filled in it is the topic to publish to.
    public var topic: String
    /// Strings may hold `{requestId}` and `{device}`.
    public var payload: DocumentNode
    public var format = Format.json
    public var deadlineMilliseconds: Int64
    /// False for a device that never answers: then only telemetry can confirm.
    public var expectsReply: Bool
}

public struct Playbook: Equatable, Sendable {
    public struct Step: Equatable, Sendable {
        public var command: String
        /// How long after the reply the alarm may take to return to normal.
        public var verifyMilliseconds: Int64
    }
    public var name: String
    public var steps: [Step]
    /// What the ticket says when no step helped.
    public var ticketText: String
}
