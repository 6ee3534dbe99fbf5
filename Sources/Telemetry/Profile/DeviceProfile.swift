/// How to read, judge, command and supply one kind of device. It is data: `DeviceProfiles/reference.md` is its reference.
public struct DeviceProfile: Equatable, Sendable {
    public var name: String
    public var title: String
    /// The file it came from, for messages to people.
    public var source: String
    public var messages: [MessageRule] = []
    public var replies: [ReplyRule] = []
    public var metrics: [MetricRule] = []
    /// Members that are not read, although the pointer of a rule with a capture would match them.
    public var ignored: [PathPattern] = []
    public var supplies: [SupplyRule] = []
    public var alerts: [AlertListRule] = []
    public var status: StatusRule?
    public var faults: [FaultRule] = []
    public var commands: [CommandRule] = []
    public var playbooks: [Playbook] = []
    /// The name of the device that connects the devices of this profile, such as their bridge; it may hold captures of the topic.
    public var parent: NameTemplate?
    /// Arrival time without a message after which the device counts as silent; nil: each device's own habit tells.
    public var silentAfterMilliseconds: Int64?
    /// How long a message may be on its way while later ones overtake it. Every decision waits for so long.
    public var allowedLatenessMilliseconds: Int64 = 0
    /// Two readings further apart in event time say nothing about the time between them.
    public var gapMilliseconds: Int64 = 5 * 60_000
    /// Each device has a layout of its own, as the devices have few names in common. Otherwise all share one, and each has room for all its metrics.
    public var namesPerDevice = false

    /// Gauges and the rates of counters are watched for anomalies, where the metric does not say otherwise.
    public var watchesAnomalies = true

    public init(name: String, title: String, source: String) {
        self.name = name
        self.title = title
        self.source = source
    }

    /// Stands for a profile that is not loaded. It reads nothing; its supplies keep their numbers, under which the devices' state is kept.
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
