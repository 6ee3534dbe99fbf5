import CivilCalendar
import Documents
import GatewayCore

/// Maintenance windows as the API shows them.
extension StewardCore {
    public func hasWindow(_ id: String) -> Bool { maintenance.has(id) }

    public func canTakeWindow(_ id: String) -> Bool { maintenance.canTake(id) }

    /// `{"maintenance":[…]}`: the windows with whether they are open, and when they begin or end next.
    public func writeMaintenance(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("maintenance")
        writer.beginArray()
        for plan in maintenance.plans {
            writer.beginObject()
            writer.members(of: plan.window)
            writer.member("configured", plan.isConfigured)
            writer.member("open", maintenance.openWindows.contains(plan.window.id))
            let next = plan.interval(atOrAfter: now)
            writer.member("from", next?.lowerBound)
            writer.member("until", next?.upperBound)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func members(of window: MaintenanceWindow) {
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
            member("from", clock(from))
            member("until", clock(until))
            endObject()
        }
        member("zone", window.zone)
        member("by", window.by)
        member("reason", window.reason)
    }

    /// `22:00`
    private func clock(_ minute: Int) -> String {
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}
