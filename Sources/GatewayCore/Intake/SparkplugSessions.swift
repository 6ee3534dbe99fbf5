import Sparkplug

/// The edge nodes that speak Sparkplug B, and what their devices are called here.
struct SparkplugSessions: Sendable {
    /// How the messages about one Sparkplug device are read; no device for one that was turned away.
    struct Target: Sendable {
        var device: DeviceIndex
        var profile: ProfileIndex
        var message: Int16
        var root: Int32
    }

    private(set) var hosts: [SparkplugHost] = []
    /// Metrics of all nodes together.
    private(set) var metricCount = 0
    /// How many they may have; a node may always have its share.
    let maximumMetrics: Int
    let shareOfMetrics: Int
    private var numbers: [String: Int32] = [:]
    /// By "group/node" and "group/node/device". A reload of the profiles makes them anew.
    var targets: [String: Target] = [:]
    var reader: SparkplugPayload
    var output = SparkplugOutput()
    var documents: [SparkplugDocument] = []
    /// The earliest time at which a node has something to do without a message, in arrival time.
    private(set) var nextDueMilliseconds: Int64 = .max

    init(maximumMetrics: Int, maximumNodes: Int, maximumPayloadBytes: Int) {
        reader = SparkplugPayload(maximumInflatedBytes: maximumPayloadBytes)
        self.maximumMetrics = maximumMetrics
        shareOfMetrics = max(maximumMetrics / max(maximumNodes, 1), 64)
    }

    var count: Int { hosts.count }

    func number(of key: String) -> Int32? { numbers[key] }

    mutating func add(_ host: SparkplugHost) -> Int32 {
        let number = Int32(hosts.count)
        numbers[host.devices[0].key] = number
        hosts.append(host)
        documents.append(SparkplugDocument())
        metricCount += host.metrics.count
        noteDue(Int(number))
        return number
    }

    /// Another node takes the place of one that is not heard of any more.
    mutating func replace(_ number: Int, with host: SparkplugHost) {
        numbers[hosts[number].devices[0].key] = nil
        for device in hosts[number].devices { targets[device.key] = nil }
        metricCount -= hosts[number].metrics.count
        numbers[host.devices[0].key] = Int32(number)
        hosts[number] = host
        documents[number] = SparkplugDocument()
    }

    /// Names that devices behind the nodes have had: made anew when they are needed, so a list that grows too long is begun again.
    mutating func boundTargets(_ limit: Int) { if targets.count > limit { targets.removeAll() } }

    /// Lets one node take a message or the passing of time; what follows lies in `output`.
    mutating func update(_ number: Int, _ body: (inout SparkplugHost, inout SparkplugPayload, inout SparkplugOutput) -> Void) {
        let before = hosts[number].metrics.count
        hosts[number].allowMetrics(max(maximumMetrics - metricCount + before, shareOfMetrics))
        metricCount += Self.change(&hosts[number], &nextDueMilliseconds) { body(&$0, &reader, &output) }
    }

    /// In place, because a host that is asked within the list is copied with all its tables' references. Returns how many metrics are new.
    private static func change(_ host: inout SparkplugHost, _ due: inout Int64, _ body: (inout SparkplugHost) -> Void) -> Int {
        let before = host.metrics.count
        body(&host)
        due = min(due, host.nextDueMilliseconds ?? .max)
        return host.metrics.count - before
    }

    /// Looking too early costs little; looking too late would keep a message that waits for another one.
    private mutating func noteDue(_ number: Int) {
        nextDueMilliseconds = min(nextDueMilliseconds, hosts[number].nextDueMilliseconds ?? .max)
    }

    mutating func findNextDue() {
        nextDueMilliseconds = hosts.reduce(.max) { min($0, $1.nextDueMilliseconds ?? .max) }
    }
}
