import ConsumableForecast
import Documents
import FaultDetection
import RemoteSupport
import Replenishment
import ServiceValue
import Telemetry

/// The one state machine that joins the six: events in, effects out.
///
/// It is a value without clock, I/O, threads or randomness. Time comes in with the segment. The same events give the same state,
/// the same effects and the same ids, which makes crash recovery, replay, backtest and simulation one mechanism.
/// It is used by one thread at a time.
public struct StewardCore {
    public let configuration: CoreConfiguration
    public internal(set) var counters = CoreCounters()
    /// The number of the last event that was taken.
    public internal(set) var lastEvent: Int64 = 0
    /// Arrival time of the newest segment: the core's only clock.
    public internal(set) var now: Int64 = 0

    var fleet: FleetState
    var repeats: RepeatFilter
    /// What waits in `repeats` can be judged now.
    var mustReleaseRepeats = false

    /// Where the search for a device that may be forgotten stands.
    var admissionHand = 0
    var refusedNames = RefusedNames()

    var anomalies: AnomalyDesk

    var alarms = BoundedMap<Alarm>()
    var runs = BoundedMap<PlaybookRun>()
    var orders = BoundedMap<SupplyOrder>()
    var tickets = BoundedMap<Ticket>()
    var openRuns: [String] = []
    /// The earliest deadline of the open runs, so that a batch asks one number instead of all runs.
    var nextRunDeadline: Int64 = .max
    var scores = ExperienceScores()
    var stock = StockLedger()
    /// The orders that travel together, by the id of the shipment.
    var shipments: [String: [String]] = [:]
    /// When an order has waited for company long enough, or a step of one is overdue: the earliest of all.
    var nextOrderDue: Int64 = .max

    var plans: [MaintenancePlan] = []
    var openWindows: [String] = []
    /// Windows of the configuration that were ended before their time, and when.
    var cutShort: [String: Int64] = [:]
    var nextWindowEdge: Int64 = .max
    /// Alarms whose dispatch waits, in the order in which they came.
    var held: [String] = []
    var mustRelease = false
    /// Alarms that flap.
    var flapping: [String] = []
    /// Devices with shelved alarms.
    var shelvingDevices: [DeviceIndex] = []
    /// When a window, a shelf or a flapping alarm has to be looked at again, in arrival time.
    var nextInhibitionCheck: Int64 = .max
    /// Devices whose late readings are being judged.
    var laneDevices: [DeviceIndex] = []
    /// Devices with messages that wait for those before them.
    var waitingDevices: [DeviceIndex] = []
    /// When these two have to be looked at again, in arrival time.
    var nextQuietCheck: Int64 = .max
    /// Some device hangs on another.
    var hasParents = false
    var sparkplug: SparkplugSessions
    var storeDamage = StoreDamageLog()
    public internal(set) var clock = ClockBook()

    var isConnected = false
    var listeningSince: Int64 = 0
    var nextSilenceScan: Int64 = .min
    /// Events that crashed the decoder twice: they go to the dead letters unread.
    public var quarantined: Set<Int64> = []
    /// A reload has lost the state for want of memory: it has to be read from the store again, and nothing of this core may be stored.
    public internal(set) var isLost = false
    /// When the dead letter that is being taken once more first came; nil while a message is taken that has just come.
    var replayedArrivalMilliseconds: Int64?
    /// What the message that is being taken may still cost, and what of it could not be used.
    var budget = MessageBudget()
    var trouble = MessageTrouble()
    /// What was dropped, folded or forgotten at a limit, by kind.
    public internal(set) var budgets = BudgetCounters()

    /// Alarms that hold and that the present profiles can no longer clear; the next step ends them.
    var orphans: [Orphan] = []

    struct Orphan: Sendable {
        var device: DeviceIndex
        var condition: String
        var source: Alarm.Source
    }

    let decoder: MessageDecoder
    var decoded = DecodedMessage()

    /// Nil when memory is short.
    public init?(configuration: CoreConfiguration, profiles: [DeviceProfile]) {
        guard let decoder = MessageDecoder(maximumBytes: configuration.maximumPayloadBytes) else { return nil }
        self.configuration = configuration
        self.decoder = decoder
        anomalies = AnomalyDesk(maximumMetrics: configuration.maximumAnomalyMetrics)
        fleet = FleetState(topics: TopicTable(maximumTopics: configuration.maximumDevices * 3, hash: configuration.tableHash))
        repeats = RepeatFilter(capacity: configuration.repeatWindow)
        sparkplug = SparkplugSessions(
            maximumMetrics: configuration.maximumSparkplugMetrics, maximumNodes: configuration.maximumSparkplugNodes)
        for profile in profiles { fleet.add(ProfileLayout(profile)) }
        plans = configuration.maintenance.prefix(Self.maximumWindows).map { MaintenancePlan($0, isConfigured: true) }
        nextWindowEdge = plans.isEmpty ? .max : .min
        nextInhibitionCheck = nextWindowEdge
    }

    /// Takes the events of a segment in order and appends their effects. `progress` is told the number of each event before it is taken.
    public mutating func step(_ segment: borrowing Segment, progress: UnsafeMutablePointer<Int64>? = nil, into effects: inout [Effect]) {
        if let step = clockStep(in: segment) { stepClock(byMilliseconds: step, to: segment.arrivalMilliseconds, &effects) }
        advance(to: segment.arrivalMilliseconds, &effects)
        releaseRepeats(before: nil, progress: progress, &effects)
        if !orphans.isEmpty { endOrphans(&effects) }
        // The first batch after a start or a reconnect says that nobody was listening: devices are judged after it, not before.
        let beginsWithControl = segment.frame(at: 0)?.kind == Segment.Kind.control.rawValue
        if !beginsWithControl { scanForSilenceIfDue(&effects) }
        var number = segment.firstEvent
        var offset = 0
        while let frame = segment.frame(at: offset) {
            progress?.pointee = number
            lastEvent = number
            if repeats.isWaiting {
                releaseRepeats(before: frame, progress: progress, &effects)
                progress?.pointee = number
            }
            if frame.kind == Segment.Kind.message.rawValue {
                message(frame, number: number, &effects)
            } else {
                control(frame, &effects)
            }
            if mustReleaseRepeats { releaseRepeats(before: nil, progress: progress, &effects) }
            offset = frame.end
            number += 1
        }
        if beginsWithControl { scanForSilenceIfDue(&effects) }
        progress?.pointee = 0
    }

    /// When time alone has something to say again, in arrival time; nil when nothing is pending.
    public var nextDueMilliseconds: Int64? {
        let scan = fleet.devices.isEmpty || !isConnected ? Int64.max : nextSilenceScan
        let due = min(
            nextRunDeadline, scan, nextOrderDue, sparkplug.nextDueMilliseconds,
            min(nextQuietCheck, nextInhibitionCheck, repeats.dueMilliseconds))
        // What is due since before the first event is due now.
        return due == .max ? nil : max(due, now)
    }

    mutating func decide(
        _ kind: Decision.Kind, at time: Int64, device: String, _ effects: inout [Effect], _ more: (inout JSONWriter) -> Void
    ) {
        effects.append(.decision(Decision(kind, at: time, device: device, more)))
    }
}

/// Things by id, in the order in which they came, so that walking over them is the same in every run.
struct BoundedMap<Value: Sendable & Codable>: Sendable {
    private(set) var ids: [String] = []
    /// How many there are when looking for finished ones is worth while again. It decides what is forgotten, so it is part of the state.
    private(set) var nextTrimCount = 0
    private var values: [String: Value] = [:]

    var count: Int { ids.count }
    var all: [Value] { ids.compactMap { values[$0] } }

    subscript(id: String) -> Value? { values[id] }

    mutating func insert(_ value: Value, id: String) {
        if values.updateValue(value, forKey: id) == nil { ids.append(id) }
    }

    /// Changes a value in its place; nil when there is none.
    mutating func update<Result>(_ id: String, _ body: (inout Value) -> Result) -> Result? {
        guard var value = values[id] else { return nil }
        defer { values[id] = value }
        return body(&value)
    }

    /// From a snapshot, after the values. It is never more than a quarter above what there is; more would be damage.
    mutating func restore(nextTrimCount count: Int) { nextTrimCount = min(max(count, 0), ids.count + ids.count / 4) }

    /// Drops those that `isFinished` says may go until at most `limit` of them stay: the oldest of the owners that have more than a fair share, so
    /// that one that makes many takes the memory of its own past and not of others'.
    mutating func trim(finishedBeyond limit: Int, of owner: (Value) -> String, _ isFinished: (Value) -> Bool) {
        // Only after a quarter more have come, so that a trim costs little on average even when all are open.
        guard ids.count > max(limit, nextTrimCount) else { return }
        var excess: [String: Int] = [:]
        for value in all where isFinished(value) { excess[owner(value), default: 0] += 1 }
        var surplus = excess.values.reduce(-limit, +)
        if surplus > 0 {
            let share = Self.share(of: limit, excess.values.sorted())
            for name in excess.keys { excess[name]? -= share }
            ids.removeAll { id in
                guard surplus > 0, let value = values[id], isFinished(value), excess[owner(value), default: 0] > 0 else { return false }
                excess[owner(value)]? -= 1
                surplus -= 1
                values[id] = nil
                return true
            }
        }
        nextTrimCount = ids.count + ids.count / 4
    }

    /// How many each may keep when all that have fewer keep theirs. `counts` are sorted.
    private static func share(of limit: Int, _ counts: [Int]) -> Int {
        var left = limit
        for (place, count) in counts.enumerated() {
            let owners = counts.count - place
            if count * owners > left { return max(left, 0) / owners }
            left -= count
        }
        return counts.last ?? 0
    }
}
