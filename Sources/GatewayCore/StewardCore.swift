import FaultDetection
import Telemetry

/// The one state machine that joins the six: events in, effects out.
///
/// It is a value without clock, I/O, threads or randomness. Time comes in with the segment. The same events give the same state,
/// the same effects and the same ids, which makes crash recovery, replay, backtest and simulation one mechanism.
/// It is used by one thread at a time.
///
/// The work is done by desks, each with a state of its own. A desk never calls another: what others need to know it tells as a `CoreEvent`, and
/// `drain` brings it to them with the values that they need.
public struct StewardCore {
    public let configuration: CoreConfiguration
    /// The number of the last event that was taken.
    public internal(set) var lastEvent: Int64 = 0
    /// Events that crashed the decoder twice: they go to the dead letters unread.
    public var quarantined: Set<Int64> = []
    /// A reload has lost the state for want of memory: it has to be read from the store again, and nothing of this core may be stored.
    public internal(set) var isLost = false

    package internal(set) var fleet: FleetState
    var out: StepOutput

    // What comes in.
    let decoder: MessageDecoder
    var decoded = DecodedMessage()
    var repeats: RepeatFilter
    /// What waits in `repeats` can be judged now.
    var mustReleaseRepeats = false
    var sparkplug: SparkplugSessions
    var sequencer = MessageSequencer()
    var backlog = BacklogDesk()
    /// When the dead letter that is being taken once more first came; nil while a message is taken that has just come.
    var replayedArrivalMilliseconds: Int64?
    /// What the message that is being taken may still cost, and what of it could not be used.
    var budget = MessageBudget()
    var trouble = MessageTrouble()
    /// Where the search for a device that may be forgotten stands.
    var admissionHand = 0
    var refusedNames = RefusedNames()
    /// Layouts of the profiles as they were loaded, for messages of devices that are not known.
    var trialLayouts: [ProfileIndex: TrialLayouts] = [:]

    // The desks.
    package internal(set) var presence = PresenceDesk()
    var anomalies: AnomalyDesk
    package internal(set) var alarms: AlarmDesk
    package internal(set) var support: SupportDesk
    package internal(set) var availability = AvailabilityDesk()
    package internal(set) var maintenance: MaintenanceDesk
    package internal(set) var supplies: SupplyDesk
    package internal(set) var orders: OrderDesk
    package internal(set) var experience = ExperienceDesk()
    package internal(set) var storeDamage = StoreDamageLog()
    public internal(set) var clock = ClockBook()
    var clocks = DeviceClocks()

    /// Alarms that hold and that the present profiles can no longer clear; the next step ends them.
    var orphans: [Orphan] = []

    struct Orphan: Sendable {
        var device: DeviceIndex
        var condition: String
        var source: Alarm.Source
    }

    /// Nil when memory is short.
    public init?(configuration: CoreConfiguration, profiles: [DeviceProfile]) {
        guard let decoder = MessageDecoder(maximumBytes: configuration.maximumPayloadBytes) else { return nil }
        self.configuration = configuration
        self.decoder = decoder
        out = StepOutput(dispatchWindowMilliseconds: configuration.dispatchWindowMilliseconds)
        fleet = FleetState(topics: TopicTable(maximumTopics: configuration.maximumDevices * 3, hash: configuration.tableHash))
        repeats = RepeatFilter(capacity: configuration.repeatWindow)
        sparkplug = SparkplugSessions(
            maximumMetrics: configuration.maximumSparkplugMetrics, maximumNodes: configuration.maximumSparkplugNodes,
            maximumPayloadBytes: configuration.maximumPayloadBytes)
        anomalies = AnomalyDesk(maximumMetrics: configuration.maximumAnomalyMetrics, zone: configuration.zone)
        alarms = AlarmDesk(maximumFinished: configuration.maximumFinished)
        support = SupportDesk(maximumOpenRuns: configuration.maximumOpenRuns, maximumFinished: configuration.maximumFinished)
        maintenance = MaintenanceDesk(configured: configuration.maintenance)
        supplies = SupplyDesk(configuration)
        orders = OrderDesk(policy: configuration.replenishment, maximumFinished: configuration.maximumFinished)
        for profile in profiles { fleet.add(ProfileLayout(profile)) }
    }

    /// Arrival time of the newest segment: the core's only clock.
    public internal(set) var now: Int64 {
        get { out.now }
        set { out.now = newValue }
    }

    public var counters: CoreCounters { out.counters }
    public var budgets: BudgetCounters { out.budgets }

    /// Bytes that the tables hold: what the devices cost.
    public var stateBytes: Int { fleet.stateBytes + anomalies.stateBytes + supplies.stateBytes + presence.stateBytes }

    /// Takes the events of a segment in order and appends their effects. `progress` is told the number of each event before it is taken.
    public mutating func step(_ segment: borrowing Segment, progress: UnsafeMutablePointer<Int64>? = nil, into effects: inout [Effect]) {
        swap(&out.effects, &effects)
        defer { swap(&out.effects, &effects) }
        if let step = clockStep(in: segment) { stepClock(byMilliseconds: step, to: segment.arrivalMilliseconds) }
        advance(to: segment.arrivalMilliseconds)
        releaseRepeats(before: nil, progress: progress)
        if !orphans.isEmpty { endOrphans() }
        // The first batch after a start or a reconnect says that nobody was listening: devices are judged after it, not before.
        let beginsWithControl = segment.frame(at: 0)?.kind == Segment.Kind.control.rawValue
        if !beginsWithControl { scanForSilence() }
        var number = segment.firstEvent
        var offset = 0
        while let frame = segment.frame(at: offset) {
            progress?.pointee = number
            lastEvent = number
            if repeats.isWaiting {
                releaseRepeats(before: frame, progress: progress)
                progress?.pointee = number
            }
            if frame.kind == Segment.Kind.message.rawValue {
                message(frame, number: number)
            } else {
                control(frame)
            }
            if mustReleaseRepeats { releaseRepeats(before: nil, progress: progress) }
            offset = frame.end
            number += 1
        }
        if beginsWithControl { scanForSilence() }
        progress?.pointee = 0
    }

    private mutating func scanForSilence() {
        guard presence.scanIfDue(&fleet, &out) else { return }
        drain()
        if !configuration.expected.isEmpty { lookForExpected() }
    }

    /// Arrival time never runs backwards here but by a step that was told (`Core+Clock`).
    private mutating func advance(to arrival: Int64) {
        presence.advance(from: now, to: arrival)
        now = max(now, arrival)
        tickSparkplug()
        support.expire(fleet, &out)
        drain()
        followSequence()
        followBacklog()
        if now >= alarms.nextDue { alarms.endQuietLanes(fleet, &out) }
        drain()
        if now >= maintenance.nextDue {
            maintenance.follow(&out)
            drain()
        }
        if now >= alarms.nextDue {
            alarms.endShelves(fleet, &out)
            alarms.endFlapping(fleet, &out)
            drain()
            alarms.findNextDue()
        }
        settleInhibitions()
        supplies.expire(&out)
        drain()
        orders.expire(fleet, &out)
        drain()
    }

    /// Ends the alarms that a reload left without a rule: nothing else ever would.
    private mutating func endOrphans() {
        for orphan in orphans {
            out.tell(.conditionEnded(orphan.device, condition: orphan.condition, source: orphan.source, at: now))
        }
        orphans = []
        drain()
    }

    /// When time alone has something to say again, in arrival time; nil when nothing is pending.
    public var nextDueMilliseconds: Int64? {
        let due = min(presence.nextDue(hasDevices: looksForDevices), nextDueBesideScans)
        // What is due since before the first event is due now.
        return due == .max ? nil : max(due, now)
    }

    private var looksForDevices: Bool { !fleet.devices.isEmpty || !configuration.expected.isEmpty }

    /// Likewise, without the scans for silent devices.
    private var nextDueBesideScans: Int64 {
        var due = min(min(support.nextDue, orders.nextDue), min(supplies.nextAsk, sparkplug.nextDueMilliseconds))
        due = min(min(due, sequencer.nextDue), min(alarms.nextDue, maintenance.nextDue))
        due = min(due, repeats.dueMilliseconds)
        return presence.isCatchingUp ? due : min(due, backlog.nextDue)
    }

    /// Takes the ticks up to `time` at which nothing can be decided, all at once: the state is the same as after a `step` for each of them. For whoever
    /// makes the ticks himself, as a replay does; those of a gateway stand in its inbox.
    /// - Returns: how many ticks they were, each of which has a number of its own; 0 where the next one may decide something.
    public mutating func passIdleTime(to time: Int64) -> Int64 {
        guard looksForDevices, configuration.expected.isEmpty, orphans.isEmpty, !alarms.mustRelease, !mustReleaseRepeats else { return 0 }
        let next = nextDueBesideScans
        guard next > now else { return 0 }
        let ticks = presence.passScans(to: min(time, next &- 1), &out)
        lastEvent &+= ticks
        return ticks
    }
}
