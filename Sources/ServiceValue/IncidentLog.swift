import CivilCalendar

/// The incidents of one device: at most one is open, the newest closed ones are kept, and the totals of all.
public struct IncidentLog: Codable, Equatable, Sendable {
    public static let closedLimit = 64

    public enum Change: Equatable, Sendable {
        case none
        case opened(Incident)
        case closed(Incident)
        /// Older than what is already known: ignored and counted.
        case late
    }

    public let device: String
    public private(set) var open: Incident?
    /// The newest closed ones, oldest first; at most `closedLimit`.
    public private(set) var closed: [Incident] = []
    /// All that were ever closed, the forgotten ones included.
    public private(set) var closedCount: Int64 = 0
    public private(set) var remotelyHandledCount: Int64 = 0
    /// Of all closed ones together; by `closedCount` it is the mean time to restoration (MTTR).
    public private(set) var downtimeMilliseconds: Int64 = 0
    public private(set) var lateCount: Int64 = 0
    private var nextID: Int64 = 1
    private var lastRestoredMilliseconds: Int64?

    /// Without when the gateway knew of the incidents and acted: these are arrival times, which differ between two runs of the same messages.
    public var inEventTime: IncidentLog {
        var log = self
        log.open?.forgetArrivalTimes()
        for index in log.closed.indices { log.closed[index].forgetArrivalTimes() }
        return log
    }

    public init(device: String) {
        self.device = Incident.bounded(device)
    }

    /// Follows the states of the device: unscheduled downtime opens, productive and standby close.
    /// Scheduled downtime and unknown do neither: a device that is silent or open on a bench is not restored, but the time does not count.
    /// - Parameter now: arrival time, when the gateway knows of it.
    public mutating func follow(
        _ state: EquipmentState, atMilliseconds time: Int64, now: Int64? = nil, isHandledRemotely: Bool = false
    ) -> Change {
        open?.follow(state, atMilliseconds: time)
        return switch state {
        case .unscheduledDowntime: open(atMilliseconds: time, now: now)
        case .productive, .standby: restore(atMilliseconds: time, isHandledRemotely: isHandledRemotely)
        case .scheduledDowntime, .unknown: .none
        }
    }

    /// The clock that dates the device was set: what is open has lasted no longer for it. What is closed is history.
    public mutating func shift(byMilliseconds step: Int64) {
        open?.shift(byMilliseconds: step)
        lastRestoredMilliseconds = lastRestoredMilliseconds.shifted(byMilliseconds: step)
    }

    /// An alarm of the open incident; nothing without one.
    public mutating func note(alarmKind: String) {
        open?.note(alarmKind: alarmKind)
    }

    /// A command or another action taken for the open incident at that arrival time; nothing without one.
    public mutating func noteAction(atMilliseconds now: Int64) {
        guard let count = open?.actionCount else { return }
        open?.actionCount = count.saturatingSum(1)
        if open?.actedMilliseconds == nil { open?.actedMilliseconds = now }
    }

    private mutating func open(atMilliseconds time: Int64, now: Int64?) -> Change {
        guard open == nil else { return .none }
        // An onset before the last restoration would count its time twice.
        if let last = lastRestoredMilliseconds, time < last { return late() }
        let incident = Incident(id: nextID, device: device, onsetMilliseconds: time, detectedMilliseconds: now)
        nextID = nextID.saturatingSum(1)
        open = incident
        return .opened(incident)
    }

    private mutating func restore(atMilliseconds time: Int64, isHandledRemotely: Bool) -> Change {
        guard var incident = open else { return .none }
        guard time >= incident.onsetMilliseconds else { return late() }
        incident.restoredMilliseconds = time
        incident.isHandledRemotely = isHandledRemotely
        open = nil
        lastRestoredMilliseconds = time
        closedCount = closedCount.saturatingSum(1)
        if isHandledRemotely { remotelyHandledCount = remotelyHandledCount.saturatingSum(1) }
        downtimeMilliseconds = downtimeMilliseconds.saturatingSum(incident.downtimeMilliseconds ?? 0)
        closed.append(incident)
        if closed.count > Self.closedLimit { closed.removeFirst(closed.count - Self.closedLimit) }
        return .closed(incident)
    }

    private mutating func late() -> Change {
        lateCount = lateCount.saturatingSum(1)
        return .late
    }
}
