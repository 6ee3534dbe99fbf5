import Documents
import Telemetry

/// Maintenance windows: detection goes on, help waits, and downtime counts as scheduled.
package struct MaintenanceDesk: Sendable {
    /// More would be a mistake of a script, and every one is asked at each edge.
    static let maximumWindows = 256

    package private(set) var plans: [MaintenancePlan] = []
    package private(set) var openWindows: [String] = []
    /// Windows of the configuration that were ended before their time, and when.
    private(set) var cutShort: [String: Int64] = [:]
    /// When a window opens or closes next, in arrival time.
    private(set) var nextDue: Int64

    init(configured: [MaintenanceWindow]) {
        plans = configured.prefix(Self.maximumWindows).map { MaintenancePlan($0, isConfigured: true) }
        nextDue = plans.isEmpty ? .max : .min
    }

    private func covers(_ plan: MaintenancePlan, _ device: DeviceIndex, _ fleet: FleetState) -> Bool {
        switch plan.window.scope {
        case .all: true
        case .device(let id): fleet.records[device].id == id
        case .profile(let name): fleet.rules(of: device).name == name
        }
    }

    /// The window that is open now over a device; nil when there is none.
    package func openWindow(over device: DeviceIndex, _ fleet: FleetState) -> String? {
        plans.first { openWindows.contains($0.window.id) && covers($0, device, fleet) }?.window.id
    }

    /// Whether a time of the device's own lies in a window. What was cut short is over.
    func isMaintained(_ device: DeviceIndex, at time: Int64, _ fleet: FleetState) -> Bool {
        plans.contains { plan in
            guard covers(plan, device, fleet), let interval = plan.interval(atOrAfter: time), interval.contains(time) else { return false }
            return time < cutShort[plan.window.id] ?? .max || interval.lowerBound >= cutShort[plan.window.id] ?? .min
        }
    }

    /// Opens and closes windows as of now, and finds the next time when one does.
    mutating func follow(_ out: inout StepOutput) {
        nextDue = .max
        var open: [String] = []
        for plan in plans {
            let id = plan.window.id
            guard let interval = plan.interval(atOrAfter: out.now) else { continue }
            guard interval.contains(out.now) else {
                nextDue = min(nextDue, interval.lowerBound)
                continue
            }
            nextDue = min(nextDue, interval.upperBound)
            // Cut short after it began: it is over until it comes again.
            if let cut = cutShort[id], interval.contains(cut) { continue }
            open.append(id)
        }
        let before = openWindows
        guard open != before else { return }
        openWindows = open
        for id in before where !open.contains(id) { tell(.maintenanceEnded, id, &out) }
        for id in open where !before.contains(id) { tell(.maintenanceBegan, id, &out) }
        out.tell(.windowsChanged)
        // What was over before is forgotten.
        plans.removeAll { !$0.isConfigured && $0.interval(atOrAfter: out.now) == nil }
    }

    private func tell(_ kind: Decision.Kind, _ id: String, _ out: inout StepOutput) {
        let window = plans.first { $0.window.id == id }?.window
        out.decide(kind, at: out.now, device: window?.deviceName ?? "") { writer in
            writer.member("window", id)
            writer.member("reason", window?.reason)
        }
    }

    /// The clock was set: windows are asked by the new one.
    mutating func clockStepped() { if !plans.isEmpty { nextDue = .min } }

    // MARK: People

    mutating func add(_ window: MaintenanceWindow, _ out: inout StepOutput) {
        plans.removeAll { !$0.isConfigured && $0.window.id == window.id }
        let plan = MaintenancePlan(window, isConfigured: false)
        guard canTake(window.id), plan.interval(atOrAfter: out.now) != nil else { return out.refuse() }
        plans.append(plan)
        cutShort[window.id] = nil
        out.decide(.maintenanceAdded, at: out.now, device: window.deviceName ?? "") { writer in
            writer.member("window", window.id)
            writer.member("by", window.by)
            writer.member("reason", window.reason)
        }
        follow(&out)
    }

    /// Takes a window away. One of the configuration is only cut short: it comes again, and so says the file.
    mutating func end(_ id: String, by person: String, _ out: inout StepOutput) {
        guard let plan = plans.first(where: { $0.window.id == id }) else { return out.refuse() }
        let isOpen = openWindows.contains(id)
        out.decide(.maintenanceRemoved, at: out.now, device: plan.window.deviceName ?? "") { writer in
            writer.member("window", id)
            writer.member("by", person)
        }
        if plan.isConfigured {
            if isOpen { cutShort[id] = out.now }
        } else {
            if isOpen {
                openWindows.removeAll { $0 == id }
                tell(.maintenanceEnded, id, &out)
            }
            plans.removeAll { $0.window.id == id && !$0.isConfigured }
            if isOpen { out.tell(.windowsChanged) }
        }
        follow(&out)
    }

    package func has(_ id: String) -> Bool { plans.contains { $0.window.id == id } }

    /// Whether there is room for a window of that name, and no file has it.
    package func canTake(_ id: String) -> Bool {
        !plans.contains { $0.isConfigured && $0.window.id == id }
            && plans.count { $0.window.id != id } < Self.maximumWindows
    }

    /// What a snapshot has of the desk. What the configuration says is not in it.
    struct Memory: Codable {
        var windows: [MaintenanceWindow]
        var open: [String]
        var cutShort: [String: Int64]
        var nextDue: Int64
    }

    var memory: Memory {
        Memory(windows: plans.filter { !$0.isConfigured }.map(\.window), open: openWindows, cutShort: cutShort, nextDue: nextDue)
    }

    /// The configuration may name other windows than before: then everything is looked at anew.
    mutating func restore(_ memory: Memory) {
        let isPlain = plans.isEmpty
        plans += memory.windows.map { MaintenancePlan($0, isConfigured: false) }
        openWindows = memory.open
        cutShort = memory.cutShort
        nextDue = isPlain ? memory.nextDue : .min
    }
}
