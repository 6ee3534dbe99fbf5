import CivilCalendar
import FoundationEssentials
import Hashing
import Replenishment

/// What the core needs to know beside the profiles. Every count is a limit; at a limit the least valuable goes first and is counted.
public struct CoreConfiguration: Equatable, Sendable {
    public var gatewayID = "steward"
    /// The clock on the wall of the site: metrics have their habits by it.
    public var zone = ZoneRules.utc
    public var maximumDevices = 20_000
    /// Edge nodes of Sparkplug B; each keeps its names and aliases, and messages that wait for their turn.
    public var maximumSparkplugNodes = 1000
    /// Metrics of all edge nodes together, about half a kilobyte each. A node may always have its share.
    public var maximumSparkplugMetrics = 50_000
    public var maximumPayloadBytes = 1 << 20
    /// How many messages the broker may send again after a reconnect: as many as it may have in flight. What it sends beyond counts twice.
    public var repeatWindow = 16_384
    /// Evidence older than this on arrival tells what was, and sends no command and no ticket.
    public var dispatchWindowMilliseconds: Int64 = 10 * 60_000
    public var maximumOpenRuns = 1000
    /// Finished alarms, runs, orders and tickets kept in memory, each.
    public var maximumFinished = 2000
    public var keepsHistory = true
    /// Messages on topics that no profile reads become dead letters. Otherwise they are only counted.
    public var keepsUnreadTopics = true
    /// Metrics that are watched for anomalies, of all devices; each takes half a kilobyte after a day and 1.5 kB after three weeks.
    public var maximumAnomalyMetrics = 20_000
    /// Share of supplies whose successor is to be there in time, where a profile says nothing else.
    public var serviceLevel = 0.95
    /// When the supplier works; nil counts every day.
    public var supplierCalendar: SupplierCalendar?
    /// Maintenance windows that the configuration names.
    public var maintenance: [MaintenanceWindow] = []
    /// Device → the device that it hangs on.
    public var parents: [String: String] = [:]
    /// Devices that ought to be heard of, by name.
    public var expected: [String: ExpectedDevice] = [:]
    public var replenishment = ReplenishmentPolicy()
    /// For tables whose keys strangers choose. It moves entries within a table, and changes no result.
    public var tableHash = KeyedHash()

    public init() {}
}

/// A device that an operator knows to be there, although it may never have said anything.
public struct ExpectedDevice: Equatable, Sendable {
    /// The profile that will read it.
    public var profile: String
    /// How long it may take until its first word, counted while the gateway listens.
    public var withinMilliseconds: Int64

    public init(profile: String, withinMilliseconds: Int64) {
        self.profile = profile
        self.withinMilliseconds = withinMilliseconds
    }

    /// What is wrong with the name of a device; nil when it can be one.
    public static func problem(name: String) -> String? { DeviceName.problem(Array(name.utf8)) }
}

/// Counts since the state began. They are part of the state, so that a replay comes to the same numbers.
public struct CoreCounters: Equatable, Sendable, Codable {
    public var messages: Int64 = 0
    public var readings: Int64 = 0
    public var repeats: Int64 = 0
    public var late: Int64 = 0
    /// Late messages that came in the wrong order and moved no condition.
    public var lateUnjudged: Int64 = 0
    /// Messages that were taken before the allowed lateness had passed, because too many waited.
    public var earlyMessages: Int64 = 0
    public var retained: Int64 = 0
    public var deadLetters: Int64 = 0
    public var fieldProblems: Int64 = 0
    public var clockProblems: Int64 = 0
    /// Messages without a time of their own that came in a burst after an outage: only the last word of each metric counts.
    public var backlog: Int64 = 0
    public var refusedDevices: Int64 = 0
    public var refusedControls: Int64 = 0
    public var suppressedDispatches: Int64 = 0
    /// Alarms whose dispatch waited because they were shelved, suppressed or under maintenance.
    public var heldDispatches: Int64 = 0
    public var alarmsRaised: Int64 = 0
    public var alarmsCleared: Int64 = 0
    public var commandsSent: Int64 = 0
    public var ordersPlaced: Int64 = 0
    public var ticketsOpened: Int64 = 0
    public var runsMended: Int64 = 0
    public var historySamples: Int64 = 0
    public var rebirthsAsked: Int64 = 0

    public init() {}
}
