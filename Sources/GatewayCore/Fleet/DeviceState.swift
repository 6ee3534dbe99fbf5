import ConsumableForecast
import Documents
import FaultDetection
import Replenishment
import SampleCodec
import ServiceValue
import Telemetry

/// What the hot path touches of a device. Plain data in one flat array.
struct DeviceState: Sendable {
    var profile: ProfileIndex
    /// Where its table of metric pages lies, and how many pages it has room for.
    var firstPage: Int32 = 0
    var pageCount: Int32 = 0
    /// Where the block lies in which its conditions remember.
    var firstCell: Int32
    var newestMilliseconds: Int64 = .min
    var arrivalMilliseconds: Int64 = .min
    var messages: Int64 = 0
    /// The place of the detector of the device as a whole, or -1.
    var machine = MetricWatch.none
    var isSilent = false
    /// Its newest message had no time of its own that could be believed, so our clock is its only one.
    var isDatedByArrival = false
    /// An alarm was raised by evidence of the past and waits for the present to confirm it.
    var awaitsDispatch = false
    /// The last lists of device alerts, by their hash; a profile has at most four lists.
    var alertHashes: SIMD4<UInt64> = SIMD4(repeating: ReportedAlerts.emptyHash)
    /// Members that it has added to the tree that it shares with others, since the start.
    var broughtFields: Int32 = 0
    /// The device is gone, and its place waits for another.
    var isVacant = false
    /// Dead letters for single fields are told once an hour a device.
    var fieldProblemMilliseconds: Int64 = .min
}

/// What is needed of a device only when something happens.
struct DeviceRecord: Sendable, Codable {
    var id: String
    var ledger = DowntimeLedger()
    var incidents: IncidentLog
    var supplies: [SupplyState] = []
    /// The codes that the device reports now, a list for each alert list of its profile.
    var alertCodes: [[String]] = []
    /// Ids of the alarms that hold.
    var activeAlarms: [String] = []
    /// Ids of the alarms that went away last, the newest at the end: one that comes again soon is the same.
    var recentAlarms: [String] = []
    /// Alarms that people have put aside.
    var shelves: [Shelf] = []
    /// Messages that wait until they can be taken in the order of their times, the oldest first.
    var heldMessages: [HeldMessage] = []
    /// The judging of late readings while there are any: none or one.
    var lanes: [LateLane] = []
    /// The device that this one hangs on, such as its bridge.
    var parent: String?
    /// Ids of the playbook runs that are open.
    var openRuns: [String] = []
    /// Lead time that the topic tells, in days.
    var topicLeadDays: Double?
    /// Event time of the reading that verified a command last.
    var mendedMilliseconds: Int64?
    /// What it has added to the names that it shares with others (`Core+OwnLayout`).
    var broughtNames: Int?
    /// Ids of tickets about it that were open when the last one was opened.
    var openTickets: [String]?

    init(id: String) {
        self.id = id
        incidents = IncidentLog(device: id)
    }

    mutating func remember(cleared alarm: String) {
        recentAlarms.append(alarm)
        if recentAlarms.count > 8 { recentAlarms.removeFirst(recentAlarms.count - 8) }
    }
}

/// One supply slot of one device.
struct SupplyState: Sendable, Codable {
    var model = SupplyModel()
    /// When the reorder rule was asked last, in event time.
    var evaluatedMilliseconds: Int64 = .min
    /// The order for the present generation, once there is one.
    var order: String?
    /// What was foretold when it was placed, for the price of lateness.
    var orderedMilliseconds: Int64?
    var orderRisk = 0.0
    /// Event time at which the present generation began; nil for the one that was found in the slot.
    var installedMilliseconds: Int64?
    /// When the level was first at or below `StewardCore.thresholdPercent`: what a fixed threshold would have done, for the backtest.
    var thresholdMilliseconds: Int64?
    /// What the device said last about the level; the model keeps what it was before.
    var reported: SupplyLevel?
    /// What it says of the supply itself, and the hash by which a change is seen.
    @Rare var facts: SupplyFacts?
    var factsHash: UInt64?

    /// Memory that it takes.
    var stateBytes: Int { MemoryLayout<SupplyState>.stride + model.heapBytes + $facts.heapBytes }

    /// All but the model, which has bytes of its own.
    private enum CodingKeys: String, CodingKey {
        case evaluatedMilliseconds, order, orderedMilliseconds, orderRisk, installedMilliseconds, thresholdMilliseconds, reported, facts
        case factsHash
    }
}
