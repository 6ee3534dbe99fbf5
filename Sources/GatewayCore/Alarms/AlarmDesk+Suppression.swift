import Documents
import FaultDetection
import Telemetry

/// Alarms that have their cause in another one, of the same device or of one that it hangs on.
extension AlarmDesk {
    /// The cause that stands for an alarm of this condition; nil: it is one of its own.
    func suppressor(_ device: DeviceIndex, condition: String, source: Alarm.Source, _ fleet: FleetState) -> String? {
        if source == .silence { return deadParent(device, fleet).map { "\($0.name) \($0.why)" } }
        guard source == .condition, fleet.profiles[fleet.devices[device].profile].derived.hasSuppression,
            let fault = fleet.rules(of: device).faults.first(where: { $0.id == condition })
        else { return nil }
        for name in fault.suppressedBy where holds(device, name) { return "\(name) stands" }
        return nil
    }

    private func holds(_ device: DeviceIndex, _ condition: String) -> Bool {
        standingAlarms(of: device).contains { $0.condition == condition && $0.normalSinceMilliseconds == nil }
    }

    /// The nearest of the devices that this one hangs on that is silent or has a fault that says so.
    private func deadParent(_ device: DeviceIndex, _ fleet: FleetState) -> (name: String, why: String)? {
        var parent = fleet.records[device].parent
        // A chain that bites its own tail ends here, too.
        for _ in 0..<4 {
            guard let name = parent, let index = fleet.device(named: name) else { return nil }
            if fleet.devices[index].isSilent { return (name, "is silent") }
            for fault in fleet.rules(of: index).faults where fault.inhibitsChildren && holds(index, fault.id) {
                return (name, "has \(fault.id)")
            }
            parent = fleet.records[index].parent
        }
        return nil
    }

    /// An alarm of the device came or went, or it fell silent or spoke again.
    mutating func reconsiderSuppression(_ device: DeviceIndex, _ fleet: FleetState, _ out: inout StepOutput) {
        if fleet.profiles[fleet.devices[device].profile].derived.hasSuppression { resuppress(device, fleet, &out) }
        guard fleet.hasParents else { return }
        let name = fleet.records[device].id
        for child in fleet.records.indices where child != device && fleet.hangs(child, on: name) { resuppress(child, fleet, &out) }
    }

    private mutating func resuppress(_ device: DeviceIndex, _ fleet: FleetState, _ out: inout StepOutput) {
        for alarm in standingAlarms(of: device) {
            let cause = suppressor(device, condition: alarm.condition, source: alarm.source, fleet)
            guard cause != alarm.suppressedBy else { continue }
            _ = alarms.update(alarm.id) { $0.suppressedBy = cause }
            out.decide(cause == nil ? .alarmUnsuppressed : .alarmSuppressed, at: out.now, device: alarm.device) { writer in
                writer.member("alarm", alarm.id)
                writer.member("condition", alarm.condition)
                writer.member("by", cause)
            }
            if cause == nil { inhibitionsMayHaveEnded() }
        }
        settle(&out, fleet)
    }
}
