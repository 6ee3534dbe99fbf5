/// How to read, judge, command and supply one kind of device. It is data: `DeviceProfiles/README.md` is its reference.
public struct DeviceProfile: Equatable, Sendable {
    public var name: String
    public var title: String
    /// The file it came from, for messages to people.
    public var source: String
    public var messages: [MessageRule] = []
    public var replies: [ReplyRule] = []
    public var metrics: [MetricRule] = []
    /// Members that nobody wants, although a rule for every further member would take them.
    public var ignored: [PathPattern] = []
    public var supplies: [SupplyRule] = []
    public var alerts: [AlertListRule] = []
    public var status: StatusRule?
    public var faults: [FaultRule] = []
    public var commands: [CommandRule] = []
    public var playbooks: [Playbook] = []
    /// The device on which the devices of this profile hang, such as their bridge; it may hold what the topic captures.
    public var parent: NameTemplate?
    /// Arrival time without a message after which the device counts as silent.
    public var silentAfterMilliseconds: Int64 = 15 * 60_000
    /// How long a message may be on its way while later ones overtake it. So much later everything is decided.
    public var allowedLatenessMilliseconds: Int64 = 0
    /// Two readings further apart in event time say nothing about the time between them.
    public var gapMilliseconds: Int64 = 5 * 60_000
    /// The devices have few names in common, so each learns its own; otherwise they share the names, and each has room for all of them.
    public var namesPerDevice = false

    /// Gauges and the rates of counters are watched for anomalies, where the metric does not say otherwise.
    public var watchesAnomalies = true

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
            var rule = SupplyRule(name: NameTemplate(supply), level: nowhere, item: NameTemplate(supply))
            rule.isOrdered = false
            return rule
        }
    }
}
