import CivilCalendar
import Documents
import FaultDetection
import ServiceValue
import Telemetry

/// Maintenance windows: detection goes on, dispatch waits, and downtime counts as scheduled.
extension StewardCore {
    /// More would be a mistake of a script, and every one is asked at each edge.
    static var maximumWindows: Int { 256 }

    func covers(_ plan: MaintenancePlan, _ device: DeviceIndex) -> Bool {
        switch plan.window.scope {
        case .all: true
        case .device(let id): fleet.records[device].id == id
        case .profile(let name): fleet.profiles[fleet.devices[device].profile].layout.profile.name == name
        }
    }

    /// The window that is open now over a device; nil when there is none.
    func openWindow(over device: DeviceIndex) -> String? {
        plans.first { openWindows.contains($0.window.id) && covers($0, device) }?.window.id
    }

    /// Whether a time of the device's own lies in a window. What was cut short is over.
    func isMaintained(_ device: DeviceIndex, at time: Int64) -> Bool {
        plans.contains { plan in
            guard covers(plan, device), let interval = plan.interval(atOrAfter: time), interval.contains(time) else { return false }
            return time < cutShort[plan.window.id] ?? .max || interval.lowerBound >= cutShort[plan.window.id] ?? .min
        }
    }

    /// Opens and closes windows as of now, and finds the next time when one does.
    mutating func followWindows(_ effects: inout [Effect]) {
        nextWindowEdge = .max
        var open: [String] = []
        for plan in plans {
            let id = plan.window.id
            guard let interval = plan.interval(atOrAfter: now) else { continue }
            guard interval.contains(now) else {
                nextWindowEdge = min(nextWindowEdge, interval.lowerBound)
                continue
            }
            nextWindowEdge = min(nextWindowEdge, interval.upperBound)
            // Cut short after it began: it is over until it comes again.
            if let cut = cutShort[id], interval.contains(cut) { continue }
            open.append(id)
        }
        let before = openWindows
        guard open != before else { return }
        openWindows = open
        for id in before where !open.contains(id) { tell(.maintenanceEnded, id, &effects) }
        for id in open where !before.contains(id) { tell(.maintenanceBegan, id, &effects) }
        for device in fleet.devices.indices where !fleet.devices[device].isVacant { reconsiderDowntime(device, &effects) }
        // What was over before is forgotten.
        plans.removeAll { !$0.isConfigured && $0.interval(atOrAfter: now) == nil }
        mustRelease = true
    }

    private func tell(_ kind: Decision.Kind, _ id: String, _ effects: inout [Effect]) {
        let window = plans.first { $0.window.id == id }?.window
        effects.decide(kind, at: now, device: window?.deviceName ?? "") { writer in
            writer.member("window", id)
            writer.member("reason", window?.reason)
        }
    }

    /// A device that is down when a window opens is down as planned from then on; what is still down when it closes is a fault.
    private mutating func reconsiderDowntime(_ device: DeviceIndex, _ effects: inout [Effect]) {
        let profile = fleet.devices[device].profile
        let slot = fleet.profiles[profile].derived.statusSlot
        guard !fleet.devices[device].isSilent, case .live(let value, let time) = fleet.value(device, slot),
            fleet.profiles[profile].derived.equipmentState(value) == .unscheduledDowntime
        else { return }
        enter(device, .unscheduledDowntime, at: max(now, time), &effects)
    }

    mutating func addWindow(_ window: MaintenanceWindow, _ effects: inout [Effect]) {
        plans.removeAll { !$0.isConfigured && $0.window.id == window.id }
        let plan = MaintenancePlan(window, isConfigured: false)
        guard plans.count < Self.maximumWindows, !plans.contains(where: { $0.window.id == window.id }),
            plan.interval(atOrAfter: now) != nil
        else {
            counters.refusedControls &+= 1
            return
        }
        plans.append(plan)
        cutShort[window.id] = nil
        effects.decide(.maintenanceAdded, at: now, device: window.deviceName ?? "") { writer in
            writer.member("window", window.id)
            writer.member("by", window.by)
            writer.member("reason", window.reason)
        }
        followWindows(&effects)
        settleInhibitions(&effects)
    }

    /// Takes a window away. One of the configuration is only cut short: it comes again, and so says the file.
    mutating func endWindow(_ id: String, _ person: String, _ effects: inout [Effect]) {
        guard let plan = plans.first(where: { $0.window.id == id }) else {
            counters.refusedControls &+= 1
            return
        }
        let isOpen = openWindows.contains(id)
        effects.decide(.maintenanceRemoved, at: now, device: plan.window.deviceName ?? "") { writer in
            writer.member("window", id)
            writer.member("by", person)
        }
        if plan.isConfigured {
            if isOpen { cutShort[id] = now }
        } else {
            if isOpen {
                openWindows.removeAll { $0 == id }
                tell(.maintenanceEnded, id, &effects)
                mustRelease = true
            }
            plans.removeAll { $0.window.id == id && !$0.isConfigured }
            if isOpen { for device in fleet.devices.indices where !fleet.devices[device].isVacant { reconsiderDowntime(device, &effects) } }
        }
        followWindows(&effects)
        settleInhibitions(&effects)
    }

    public func hasWindow(_ id: String) -> Bool { plans.contains { $0.window.id == id } }

    /// `{"maintenance":[…]}`: the windows with whether they are open, and when they begin or end next.
    public func writeMaintenance(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("maintenance")
        writer.beginArray()
        for plan in plans {
            writer.beginObject()
            writer.members(of: plan.window)
            writer.member("configured", plan.isConfigured)
            writer.member("open", openWindows.contains(plan.window.id))
            let next = plan.interval(atOrAfter: now)
            writer.member("from", next?.lowerBound)
            writer.member("until", next?.upperBound)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}

extension MaintenanceWindow {
    var deviceName: String? { if case .device(let id) = scope { id } else { nil } }

    /// `22:00`
    static func clock(_ minute: Int) -> String {
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        return two(minute / 60) + ":" + two(minute % 60)
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
            member("from", MaintenanceWindow.clock(from))
            member("until", MaintenanceWindow.clock(until))
            endObject()
        }
        member("zone", window.zone)
        member("by", window.by)
        member("reason", window.reason)
    }
}
