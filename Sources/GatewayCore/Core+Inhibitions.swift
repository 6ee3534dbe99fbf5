import Documents
import FaultDetection
import Telemetry

/// What keeps an alarm from setting anything off, and what happens when that ends.
extension StewardCore {
    func isShelved(_ shelf: Shelf) -> Bool { now < shelf.untilMilliseconds }

    func shelf(_ device: DeviceIndex, _ alarm: Alarm) -> Shelf? {
        fleet.records[device].shelves.first { $0.condition == alarm.condition && $0.source == alarm.source && isShelved($0) }
    }

    /// Nil: whatever the profile says may be done.
    func inhibition(_ device: DeviceIndex, _ alarm: Alarm) -> Inhibition? {
        if let shelf = shelf(device, alarm) { return .shelved(shelf) }
        if let cause = alarm.suppressedBy { return .suppressed(by: cause) }
        if let window = openWindow(over: device) { return .maintenance(window) }
        // A ticket does no harm when it comes twice; a command may.
        if let reason = reasonToAskAboutDamage, playbook(of: alarm, device) != nil { return .storeDamage(reason) }
        return nil
    }

    /// Keeps an alarm that may not set off anything yet.
    mutating func hold(_ alarm: Alarm) {
        counters.heldDispatches &+= 1
        if !held.contains(alarm.id) { held.append(alarm.id) }
    }

    /// Time has passed, or a person has said something: shelves end, windows open and close, flapping ends, and what waited is set off.
    mutating func followInhibitions(_ effects: inout [Effect]) {
        guard now >= nextInhibitionCheck else { return }
        if now >= nextWindowEdge { followWindows(&effects) }
        endShelves(&effects)
        endFlapping(&effects)
        settleInhibitions(&effects)
    }

    /// Sets off what waited and may go now, and finds out when to look again.
    mutating func settleInhibitions(_ effects: inout [Effect]) {
        if mustRelease {
            mustRelease = false
            releaseHeld(&effects)
        }
        findNextInhibitionCheck()
    }

    mutating func findNextInhibitionCheck() {
        nextInhibitionCheck = nextWindowEdge
        for device in shelvingDevices {
            for shelf in fleet.records[device].shelves { nextInhibitionCheck = min(nextInhibitionCheck, shelf.untilMilliseconds) }
        }
        for id in flapping { nextInhibitionCheck = min(nextInhibitionCheck, alarms[id]?.quietMilliseconds ?? .max) }
    }

    private mutating func releaseHeld(_ effects: inout [Effect]) {
        let waiting = held
        held = []
        for id in waiting {
            guard let alarm = alarms[id], alarm.isActive, alarm.normalSinceMilliseconds == nil,
                let index = fleet.device(named: alarm.device)
            else {
                continue
            }
            guard inhibition(index, alarm) == nil else {
                held.append(id)
                continue
            }
            start(index, alarm, playbook(of: alarm, index), &effects)
        }
    }

    func playbook(of alarm: Alarm, _ device: DeviceIndex) -> String? {
        guard alarm.source != .anomaly else { return nil }
        let profile = fleet.profiles[fleet.devices[device].profile].layout.profile
        return alarm.source == .condition
            ? profile.faults.first { $0.id == alarm.condition }?.playbook
            : profile.alerts.lazy.flatMap(\.codes).first { $0.code == alarm.condition }?.playbook
    }

    // MARK: Shelves

    mutating func shelve(_ id: String, _ person: String, until: Int64, reason: String, _ effects: inout [Effect]) {
        guard let alarm = alarms[id], let index = fleet.device(named: alarm.device), until > now else {
            counters.refusedControls &+= 1
            return
        }
        let device = index
        fleet.records[device].shelves.removeAll { $0.condition == alarm.condition && $0.source == alarm.source }
        fleet.records[device].shelves.append(
            Shelf(condition: alarm.condition, source: alarm.source, untilMilliseconds: until, by: person, reason: reason))
        if !shelvingDevices.contains(device) { shelvingDevices.append(device) }
        effects.decide(.alarmShelved, at: now, device: alarm.device) { writer in
            writer.member("alarm", id)
            writer.member("condition", alarm.condition)
            writer.member("until", until)
            writer.member("by", person)
            writer.member("reason", reason)
        }
        settleInhibitions(&effects)
    }

    mutating func unshelve(_ id: String, _ person: String, _ effects: inout [Effect]) {
        guard let alarm = alarms[id], let index = fleet.device(named: alarm.device), shelf(index, alarm) != nil else {
            counters.refusedControls &+= 1
            return
        }
        let device = index
        fleet.records[device].shelves.removeAll { $0.condition == alarm.condition && $0.source == alarm.source }
        effects.decide(.alarmUnshelved, at: now, device: alarm.device) { writer in
            writer.member("alarm", id)
            writer.member("condition", alarm.condition)
            writer.member("by", person)
        }
        shelvingDevices.removeAll { fleet.records[$0].shelves.isEmpty }
        mustRelease = true
        settleInhibitions(&effects)
    }

    private mutating func endShelves(_ effects: inout [Effect]) {
        for device in shelvingDevices.sorted() {
            for shelf in fleet.records[device].shelves where !isShelved(shelf) {
                mustRelease = true
                effects.decide(.alarmUnshelved, at: now, device: fleet.records[device].id) { $0.member("condition", shelf.condition) }
            }
            fleet.records[device].shelves.removeAll { now >= $0.untilMilliseconds }
        }
        shelvingDevices.removeAll { fleet.records[$0].shelves.isEmpty }
    }

    // MARK: Flapping

    /// When quiet has lasted long enough by the clock on the wall. What is on its way may still tell of a change.
    func quietEnd(_ device: DeviceIndex, _ rule: FlappingRule) -> Int64 {
        now &+ rule.withinMilliseconds &+ fleet.profiles[fleet.devices[device].profile].layout.profile.allowedLatenessMilliseconds
    }

    /// The device's own time says that it was quiet for long enough before this change.
    mutating func endFlapping(_ device: DeviceIndex, _ id: String, _ rule: FlappingRule, at time: Int64, _ effects: inout [Effect]) {
        guard let alarm = alarms[id], alarm.isFlapping, let last = alarm.changes.last else { return }
        let elapsed = time.subtractingReportingOverflow(last)
        guard elapsed.overflow || elapsed.partialValue > rule.withinMilliseconds else { return }
        _ = alarms.update(id) {
            $0.isFlapping = false
            $0.quietMilliseconds = nil
        }
        flapping.removeAll { $0 == id }
        if let normal = alarm.normalSinceMilliseconds { finish(device, id, at: normal, alarm.clearedBy, &effects) }
    }

    /// Quiet for as long as the profile asks: the alarm is an ordinary one again, or over.
    private mutating func endFlapping(_ effects: inout [Effect]) {
        for id in flapping {
            guard let alarm = alarms[id], let quiet = alarm.quietMilliseconds, now >= quiet, let index = fleet.device(named: alarm.device)
            else {
                continue
            }
            _ = alarms.update(id) {
                $0.isFlapping = false
                $0.quietMilliseconds = nil
            }
            if let normal = alarm.normalSinceMilliseconds {
                finish(index, id, at: normal, alarm.clearedBy, &effects)
            }
        }
        flapping.removeAll { alarms[$0]?.isFlapping != true }
    }

    // MARK: Suppression

    /// The cause that stands for an alarm of this condition; nil: it is one of its own.
    func cause(_ device: DeviceIndex, condition: String, source: Alarm.Source) -> String? {
        if source == .silence { return deadParent(device).map { "\($0.name) \($0.why)" } }
        guard source == .condition, fleet.profiles[fleet.devices[device].profile].derived.hasSuppression,
            let fault = fleet.profiles[fleet.devices[device].profile].layout.profile.faults.first(where: { $0.id == condition })
        else { return nil }
        for name in fault.suppressedBy where isStanding(device, name) { return "\(name) stands" }
        return nil
    }

    private func isStanding(_ device: DeviceIndex, _ condition: String) -> Bool {
        fleet.records[device].activeAlarms.contains { id in
            guard let alarm = alarms[id] else { return false }
            return alarm.condition == condition && alarm.normalSinceMilliseconds == nil
        }
    }

    /// The nearest of the devices that this one hangs on that is silent or has a fault that says so.
    func deadParent(_ device: DeviceIndex) -> (name: String, why: String)? {
        var parent = fleet.records[device].parent
        // A chain that bites its own tail ends here, too.
        for _ in 0..<4 {
            guard let name = parent, let index = fleet.device(named: name) else { return nil }
            if fleet.devices[index].isSilent { return (name, "is silent") }
            let faults = fleet.profiles[fleet.devices[index].profile].layout.profile.faults
            for fault in faults where fault.inhibitsChildren && isStanding(index, fault.id) { return (name, "has \(fault.id)") }
            parent = fleet.records[index].parent
        }
        return nil
    }

    /// An alarm of the device came or went: others may have their cause in it.
    mutating func reconsiderSuppression(_ device: DeviceIndex, _ effects: inout [Effect]) {
        if fleet.profiles[fleet.devices[device].profile].derived.hasSuppression { resuppress(device, &effects) }
        guard hasParents else { return }
        for child in fleet.records.indices where child != device && hangs(child, on: fleet.records[device].id) {
            resuppress(child, &effects)
        }
    }

    private func hangs(_ child: DeviceIndex, on name: String) -> Bool {
        var parent = fleet.records[child].parent
        for _ in 0..<4 {
            guard let known = parent else { return false }
            if known == name { return true }
            parent = fleet.device(named: known).flatMap { fleet.records[$0].parent }
        }
        return false
    }

    private mutating func resuppress(_ device: DeviceIndex, _ effects: inout [Effect]) {
        for id in fleet.records[device].activeAlarms {
            guard let alarm = alarms[id] else { continue }
            let cause = cause(device, condition: alarm.condition, source: alarm.source)
            guard cause != alarm.suppressedBy else { continue }
            _ = alarms.update(id) { $0.suppressedBy = cause }
            effects.decide(cause == nil ? .alarmUnsuppressed : .alarmSuppressed, at: now, device: alarm.device) { writer in
                writer.member("alarm", id)
                writer.member("condition", alarm.condition)
                writer.member("by", cause)
            }
            if cause == nil { mustRelease = true }
        }
        if mustRelease { settleInhibitions(&effects) }
    }
}
