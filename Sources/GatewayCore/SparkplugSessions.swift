import Telemetry

/// The edge nodes that speak Sparkplug B, and what their devices are called here.
struct SparkplugSessions: Sendable {
    /// How the messages about one Sparkplug device are read. -1 for a device that was turned away.
    struct Target: Sendable {
        var device: Int32
        var profile: Int32
        var message: Int16
        var root: Int32
    }

    private(set) var hosts: [SparkplugHost] = []
    private var numbers: [String: Int32] = [:]
    /// By "group/node" and "group/node/device". A reload of the profiles makes them anew.
    var targets: [String: Target] = [:]
    var reader = SparkplugPayload()
    var output = SparkplugOutput()
    var documents: [SparkplugDocument] = []
    /// The earliest time at which a node has something to do without a message, in arrival time.
    private(set) var nextDueMilliseconds: Int64 = .max

    var count: Int { hosts.count }

    func number(of key: String) -> Int32? { numbers[key] }

    mutating func add(_ host: SparkplugHost) -> Int32 {
        let number = Int32(hosts.count)
        numbers[host.devices[0].key] = number
        hosts.append(host)
        documents.append(SparkplugDocument())
        noteDue(Int(number))
        return number
    }

    /// Lets one node take a message or the passing of time; what follows lies in `output`.
    mutating func update(_ number: Int, _ body: (inout SparkplugHost, inout SparkplugPayload, inout SparkplugOutput) -> Void) {
        body(&hosts[number], &reader, &output)
        noteDue(number)
    }

    /// Looking too early costs little; looking too late would keep a message that waits for another one.
    private mutating func noteDue(_ number: Int) {
        nextDueMilliseconds = min(nextDueMilliseconds, hosts[number].nextDueMilliseconds ?? .max)
    }

    mutating func findNextDue() {
        nextDueMilliseconds = hosts.reduce(.max) { min($0, $1.nextDueMilliseconds ?? .max) }
    }
}
