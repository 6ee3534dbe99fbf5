import CivilCalendar

/// The time a device could not do its work, from onset to restoration, whatever alarms it had.
public struct Incident: Codable, Equatable, Sendable {
    public static let alarmKindLimit = 8
    /// Names are device strings: longer ones are cut.
    public static let nameLimitBytes = 128

    /// Counts the incidents of a device from 1 on; with `device` it names the incident for ever.
    public let id: Int64
    public let device: String
    public internal(set) var onsetMilliseconds: Int64
    /// nil while it is open.
    public internal(set) var restoredMilliseconds: Int64?
    /// Distinct kinds in the order in which they came; at most `alarmKindLimit`.
    public internal(set) var alarmKinds: [String] = []
    /// Kinds that came when `alarmKinds` was full.
    public internal(set) var droppedAlarmKindCount: Int64 = 0
    public internal(set) var actionCount: Int64 = 0
    /// Restored without a person at the device.
    public internal(set) var isHandledRemotely = false
    /// When the gateway knew of it, and when the first command or ticket was made for it, in arrival time; nil in what earlier programs kept, and
    /// while nothing was made.
    public internal(set) var detectedMilliseconds: Int64?
    public internal(set) var actedMilliseconds: Int64?
    /// The time of it that was down as planned; nil for none, as in what earlier programs kept.
    private var planned: Int64?
    /// Since when it is down as planned; nil while it is not.
    private var plannedSinceMilliseconds: Int64?
    /// The same of the time in which nobody knows how the device was.
    private var unknown: Int64?
    private var unknownSinceMilliseconds: Int64?

    init(id: Int64, device: String, onsetMilliseconds: Int64, detectedMilliseconds: Int64? = nil) {
        self.id = id
        self.detectedMilliseconds = detectedMilliseconds
        self.device = Self.bounded(device)
        self.onsetMilliseconds = onsetMilliseconds
    }

    /// What was down as planned in between, up to now while it is open.
    public var plannedMilliseconds: Int64 { planned ?? 0 }

    /// What nobody knows of in between, up to now while it is open.
    public var unknownMilliseconds: Int64 { unknown ?? 0 }

    /// Onset to restoration without what was down as planned and what nobody knows of; nil while it is open.
    public var downtimeMilliseconds: Int64? {
        restoredMilliseconds.map { max(0, $0.milliseconds(since: onsetMilliseconds) - plannedMilliseconds - unknownMilliseconds) }
    }

    /// The same of an open one, up to an event time.
    public func downtimeMilliseconds(upTo time: Int64) -> Int64 {
        if let downtimeMilliseconds { return downtimeMilliseconds }
        var incident = self
        incident.follow(.unscheduledDowntime, atMilliseconds: time)
        return max(0, time.milliseconds(since: onsetMilliseconds) - incident.plannedMilliseconds - incident.unknownMilliseconds)
    }

    /// From here on the device is in this state. What is older than the change before changes nothing.
    mutating func follow(_ state: EquipmentState, atMilliseconds time: Int64) {
        Self.set(state == .scheduledDowntime, &planned, &plannedSinceMilliseconds, at: max(time, onsetMilliseconds))
        Self.set(state == .unknown, &unknown, &unknownSinceMilliseconds, at: max(time, onsetMilliseconds))
    }

    /// Begins or ends a time that does not count.
    private static func set(_ isBegun: Bool, _ total: inout Int64?, _ since: inout Int64?, at time: Int64) {
        if isBegun {
            if since == nil { since = time }
        } else if let start = since {
            total = (total ?? 0).saturatingSum(max(0, time.milliseconds(since: start)))
            since = nil
        }
    }

    /// The clock that dates the device was set.
    mutating func shift(byMilliseconds step: Int64) {
        onsetMilliseconds = onsetMilliseconds.shifted(byMilliseconds: step)
        plannedSinceMilliseconds = plannedSinceMilliseconds.shifted(byMilliseconds: step)
        unknownSinceMilliseconds = unknownSinceMilliseconds.shifted(byMilliseconds: step)
    }

    mutating func forgetArrivalTimes() {
        detectedMilliseconds = nil
        actedMilliseconds = nil
    }

    mutating func note(alarmKind: String) {
        let kind = Self.bounded(alarmKind)
        guard !alarmKinds.contains(kind) else { return }
        guard alarmKinds.count < Self.alarmKindLimit else {
            droppedAlarmKindCount = droppedAlarmKindCount.saturatingSum(1)
            return
        }
        alarmKinds.append(kind)
    }

    /// At most `nameLimitBytes` of UTF-8, cut between two scalars so that it stays text.
    static func bounded(_ name: String) -> String {
        guard name.utf8.count > nameLimitBytes else { return name }
        var bytes = 0
        var scalars = String.UnicodeScalarView()
        for scalar in name.unicodeScalars {
            bytes += UTF8.width(scalar)
            if bytes > nameLimitBytes { break }
            scalars.append(scalar)
        }
        return String(scalars)
    }
}
