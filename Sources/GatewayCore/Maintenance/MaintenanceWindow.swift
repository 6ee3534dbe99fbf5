import CivilCalendar
import FoundationEssentials

/// A time in which people work on devices: faults are detected, and nothing is sent until it is over. It is arrival time that decides.
public struct MaintenanceWindow: Equatable, Sendable, Codable {
    public enum Scope: Equatable, Sendable, Codable {
        case all
        case device(String)
        case profile(String)

        /// What the id of a window without one is made of, in the form that stored ids were made of.
        public var identity: String {
            switch self {
            case .all: "all"
            case .device(let id): "device(\(id.debugDescription))"
            case .profile(let name): "profile(\(name.debugDescription))"
            }
        }
    }

    public enum Schedule: Equatable, Sendable, Codable {
        case once(fromMilliseconds: Int64, untilMilliseconds: Int64)
        /// Minutes of the day in the zone, open while the clock on the wall shows them: not at all where it skips them in spring, and twice where
        /// it shows them twice in autumn. An end at or before the beginning lies on the next day.
        case weekly(days: [Weekday], fromMinute: Int, untilMinute: Int)

        /// As `Scope.identity`; a day stands there as its number.
        public var identity: String {
            switch self {
            case .once(let from, let until): "once(fromMilliseconds: \(from), untilMilliseconds: \(until))"
            case .weekly(let days, let from, let until):
                "weekly(days: \(days.map(\.rawValue)), fromMinute: \(from), untilMinute: \(until))"
            }
        }
    }

    public var id: String
    public var scope: Scope
    public var schedule: Schedule
    /// The zone's name, and its rules as the bytes of its TZif file: so a replay needs no files. Without bytes it is UTC.
    public var zone: String
    public var zoneBytes: Data
    public var by: String
    public var reason: String

    public init(id: String, scope: Scope, schedule: Schedule, zone: String = "UTC", zoneBytes: Data = Data(), by: String, reason: String) {
        self.id = id
        self.scope = scope
        self.schedule = schedule
        self.zone = zone
        self.zoneBytes = zoneBytes
        self.by = by
        self.reason = reason
    }

    var deviceName: String? { if case .device(let id) = scope { id } else { nil } }
}

/// A window with its zone read, for asking when it is open.
package struct MaintenancePlan: Sendable {
    package let window: MaintenanceWindow
    /// Stands in the configuration file, which alone can take it away.
    package let isConfigured: Bool
    private let rules: ZoneRules

    init(_ window: MaintenanceWindow, isConfigured: Bool) {
        self.window = window
        self.isConfigured = isConfigured
        // The shell has read the bytes already once, and refused what is none.
        rules = window.zoneBytes.isEmpty ? .utc : (try? ZoneRules(tzif: Array(window.zoneBytes))) ?? .utc
    }

    /// The time in which it is open that holds `time` or comes next after it, in milliseconds; nil when there is none any more.
    package func interval(atOrAfter time: Int64) -> Range<Int64>? {
        switch window.schedule {
        case .once(let from, let until): return time < until && from < until ? from..<until : nil
        case .weekly(let days, let from, let until):
            let today = rules.localDay(atUTCSeconds: time.dividedDown(by: 1000))
            // In a week when the clock skips all of it there is none, and a zone can skip a day; it comes again in the next weeks.
            for day in today - 2...today + 60 where days.contains(Weekday(daysSince1970: day)) {
                let times = rules.intervals(localDay: day, minute: from, untilMinute: until <= from ? until + 1440 : until)
                if let next = times.first(where: { $0.upperBound * 1000 > time }) { return next.lowerBound * 1000..<next.upperBound * 1000 }
            }
            return nil
        }
    }

    func isOpen(at time: Int64) -> Bool { interval(atOrAfter: time)?.contains(time) == true }
}
