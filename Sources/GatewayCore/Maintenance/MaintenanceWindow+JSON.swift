import CivilCalendar
import Documents

extension MaintenanceWindow {
    var deviceName: String? { if case .device(let id) = scope { id } else { nil } }

    /// `22:00`
    static func clock(_ minute: Int) -> String {
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}

extension JSONWriter {
    mutating func members(of window: MaintenanceWindow) {
        member("window", window.id)
        switch window.scope {
        case .all: member("all", true)
        case .device(let id): member("device", id)
        case .profile(let name): member("profile", name)
        }
        if case .weekly(let days, let from, let until) = window.schedule {
            key("weekly")
            beginObject()
            key("days")
            beginArray()
            for day in days { string(day.name) }
            endArray()
            member("from", MaintenanceWindow.clock(from))
            member("until", MaintenanceWindow.clock(until))
            endObject()
        }
        member("zone", window.zone)
        member("by", window.by)
        member("reason", window.reason)
    }
}
