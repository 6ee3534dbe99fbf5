/// Where the time of devices went in a period of whole days, and what became of their incidents: the one sum that every page and report shows.
///
/// It is fed with the sums of days, with what is still open, and with incidents; the order does not matter.
public struct DowntimeAccount: Sendable {
    /// An incident as the account counts it.
    public struct IncidentFact: Equatable, Sendable {
        public var device: String
        public var onsetMilliseconds: Int64
        /// nil: it is open.
        public var restoredMilliseconds: Int64?
        public var downtimeMilliseconds: Int64
        public var detectedMilliseconds: Int64?
        public var actedMilliseconds: Int64?
        public var isRemote: Bool
        /// The first of its conditions; nil: none was told.
        public var cause: String?

        public init(
            device: String, onsetMilliseconds: Int64, restoredMilliseconds: Int64?, downtimeMilliseconds: Int64,
            detectedMilliseconds: Int64?,
            actedMilliseconds: Int64?, isRemote: Bool, cause: String?
        ) {
            self.device = device
            self.onsetMilliseconds = onsetMilliseconds
            self.restoredMilliseconds = restoredMilliseconds
            self.downtimeMilliseconds = downtimeMilliseconds
            self.detectedMilliseconds = detectedMilliseconds
            self.actedMilliseconds = actedMilliseconds
            self.isRemote = isRemote
            self.cause = cause
        }
    }

    /// Unscheduled downtime of one first cause.
    public struct Cause: Equatable, Sendable {
        /// Empty where nobody told one.
        public var name: String
        public var milliseconds: Int64 = 0
        /// Incidents that began in the period.
        public var incidents = 0
    }

    /// Days of the site's zone since 1970, both included.
    public var days: ClosedRange<Int>
    public private(set) var totals = StateTotals()
    public private(set) var byDevice: [String: StateTotals] = [:]
    public private(set) var byDay: [Int: StateTotals] = [:]
    public private(set) var incidents: [IncidentFact] = []
    private var causes: [String: Cause] = [:]

    public init(days: ClosedRange<Int>) { self.days = days }

    /// Time of a device in one state on one day; other days are left out.
    public mutating func add(_ milliseconds: Int64, in state: EquipmentState, of device: String, onDay day: Int) {
        guard milliseconds > 0, days.contains(day) else { return }
        totals.add(milliseconds, in: state)
        byDevice[device, default: StateTotals()].add(milliseconds, in: state)
        byDay[day, default: StateTotals()].add(milliseconds, in: state)
    }

    /// Unscheduled downtime of a cause on one day, which was added as time before.
    public mutating func add(_ milliseconds: Int64, ofCause name: String, onDay day: Int) {
        guard milliseconds > 0, days.contains(day) else { return }
        let before = causes[name]?.milliseconds ?? 0
        causes[name, default: Cause(name: name)].milliseconds = before.saturatingSum(milliseconds)
    }

    /// A state of the ledger, whole: its time and its cause.
    public mutating func add(_ interval: StateInterval, _ calendar: LocalDays) {
        for share in calendar.shares(from: interval.fromMilliseconds, to: interval.toMilliseconds) {
            add(share.milliseconds, in: interval.state, of: interval.device, onDay: share.day)
            if interval.state == .unscheduledDowntime { add(share.milliseconds, ofCause: interval.causes.first ?? "", onDay: share.day) }
        }
    }

    /// An incident that began in the period; others are the caller's to leave out.
    public mutating func add(_ incident: IncidentFact) {
        incidents.append(incident)
        let name = incident.cause ?? ""
        causes[name, default: Cause(name: name)].incidents += 1
    }

    /// The largest first.
    public var causesBySize: [Cause] {
        causes.values.sorted { ($0.milliseconds, $0.incidents, $1.name) > ($1.milliseconds, $1.incidents, $0.name) }
    }

    // MARK: Times

    /// From onset to restoration, planned and unknown time included: what the customer waited. Open ones have waited at least up to `now`.
    public func timeToRestore(now: Int64) -> TimeToEvent {
        TimeToEvent(incidents.map { time($0.onsetMilliseconds, $0.restoredMilliseconds, now) })
    }

    /// From onset to the gateway's knowing of it.
    public var timeToDetect: TimeToEvent {
        TimeToEvent(incidents.compactMap { fact in fact.detectedMilliseconds.map { time(fact.onsetMilliseconds, $0, $0) } })
    }

    /// From onset to the first command or ticket. Incidents that ended without one count as "not by then".
    public func timeToAct(now: Int64) -> TimeToEvent {
        TimeToEvent(incidents.map { time($0.onsetMilliseconds, $0.actedMilliseconds, $0.restoredMilliseconds ?? now) })
    }

    private func time(_ start: Int64, _ end: Int64?, _ now: Int64) -> TimeToEvent.Observation {
        TimeToEvent.Observation(milliseconds: (end ?? now).milliseconds(since: start), isOver: end != nil)
    }

    /// Time in which devices could work, productive and standby, for each incident that began (ISO 22400-2); nil without one.
    public var meanTimeBetweenFailuresMilliseconds: Double? {
        guard !incidents.isEmpty else { return nil }
        return (Double(totals.productiveMilliseconds) + Double(totals.standbyMilliseconds)) / Double(incidents.count)
    }
}

extension StateTotals {
    /// The share of all time of which the state is known (0…1); nil without any time.
    public var knownShare: Double? {
        let known =
            Double(productiveMilliseconds) + Double(standbyMilliseconds) + Double(unscheduledDowntimeMilliseconds)
            + Double(scheduledDowntimeMilliseconds)
        let all = known + Double(unknownMilliseconds)
        return all > 0 ? known / all : nil
    }

    mutating func add(_ milliseconds: Int64, in state: EquipmentState) { self[state] = self[state].saturatingSum(milliseconds) }

    /// Milliseconds in a state.
    public func milliseconds(in state: EquipmentState) -> Int64 { self[state] }
}

extension DowntimeAccount.IncidentFact {
    /// - Parameter time: of one that is open, the event time up to which its downtime is counted.
    public init(_ incident: Incident, upTo time: Int64? = nil) {
        self.init(
            device: incident.device, onsetMilliseconds: incident.onsetMilliseconds, restoredMilliseconds: incident.restoredMilliseconds,
            downtimeMilliseconds: incident.downtimeMilliseconds ?? time.map { incident.downtimeMilliseconds(upTo: $0) } ?? 0,
            detectedMilliseconds: incident.detectedMilliseconds, actedMilliseconds: incident.actedMilliseconds,
            isRemote: incident.isHandledRemotely, cause: incident.alarmKinds.first)
    }
}
