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
    /// The time of it that was down as planned; nil for none, as in what earlier programs kept.
    private var planned: Int64?
    /// Since when it is down as planned; nil while it is not.
    private var plannedSinceMilliseconds: Int64?

    init(id: Int64, device: String, onsetMilliseconds: Int64) {
        self.id = id
        self.device = Self.bounded(device)
        self.onsetMilliseconds = onsetMilliseconds
    }

    /// What was down as planned in between, up to now while it is open.
    public var plannedMilliseconds: Int64 { planned ?? 0 }

    /// Onset to restoration without what was down as planned; nil while it is open.
    public var downtimeMilliseconds: Int64? {
        restoredMilliseconds.map { max(0, $0.milliseconds(since: onsetMilliseconds) - plannedMilliseconds) }
    }

    /// From here on the device is down as planned, or is not any more. What is older than the change before changes nothing.
    mutating func setPlanned(_ isPlanned: Bool, atMilliseconds time: Int64) {
        if isPlanned {
            if plannedSinceMilliseconds == nil { plannedSinceMilliseconds = max(time, onsetMilliseconds) }
        } else if let since = plannedSinceMilliseconds {
            planned = plannedMilliseconds.saturatingSum(max(0, time.milliseconds(since: since)))
            plannedSinceMilliseconds = nil
        }
    }

    /// The clock that dates the device was set.
    mutating func shift(byMilliseconds step: Int64) {
        onsetMilliseconds = onsetMilliseconds.shifted(byMilliseconds: step)
        plannedSinceMilliseconds = plannedSinceMilliseconds.shifted(byMilliseconds: step)
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
