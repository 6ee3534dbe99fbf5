import Documents
import FaultDetection

/// What people do with alarms.
extension AlarmDesk {
    /// A person has done with an alarm whose condition does not hold any more.
    mutating func reset(_ id: String, by person: String, _ fleet: FleetState, _ out: inout StepOutput) {
        guard canReset(id), let alarm = alarms[id], let normal = alarm.normalSinceMilliseconds,
            let device = fleet.device(named: alarm.device)
        else { return out.refuse() }
        _ = alarms.update(id) { $0.acknowledge(by: person) }
        out.decide(.alarmReset, at: out.now, device: alarm.device) { writer in
            writer.member("alarm", id)
            writer.member("by", person)
        }
        finish(device, id, at: normal, alarm.clearedBy, fleet, &out)
    }

    /// Latched, and its condition does not hold any more.
    package func canReset(_ id: String) -> Bool {
        guard let alarm = alarms[id] else { return false }
        return alarm.isActive && alarm.normalSinceMilliseconds != nil && !alarm.isFlapping
    }

    mutating func acknowledge(_ id: String, by person: String, _ fleet: FleetState, _ out: inout StepOutput) {
        guard alarms.update(id, { $0.acknowledge(by: person) }) == true, let alarm = alarms[id] else { return out.refuse() }
        out.decide(.alarmAcknowledged, at: out.now, device: alarm.device) { writer in
            writer.member("alarm", id)
            writer.member("by", person)
        }
        // What was kept only until somebody has seen it is over now.
        if let normal = alarm.normalSinceMilliseconds, !alarm.isFlapping, let device = fleet.device(named: alarm.device) {
            finish(device, id, at: normal, alarm.clearedBy, fleet, &out)
        }
    }

    /// A person has called normal what the alarm tells: it is seen and over, also when it flaps.
    mutating func calledNormal(
        _ device: DeviceIndex, _ id: String, by person: String, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        _ = alarms.update(id) { alarm in
            _ = alarm.acknowledge(by: person)
            alarm.calledNormalBy = person
        }
        if alarms[id]?.isActive == true { finish(device, id, at: time, [], fleet, &out) }
    }

    mutating func calledUnusual(_ id: String) { _ = alarms.update(id) { $0.calledNormalBy = nil } }

    // MARK: Shelves

    mutating func shelve(_ id: String, by person: String, until: Int64, reason: String, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let alarm = alarms[id], let device = fleet.device(named: alarm.device), until > out.now else { return out.refuse() }
        update(device) {
            $0.shelves.removeAll { $0.condition == alarm.condition && $0.source == alarm.source }
            $0.shelves.append(Shelf(condition: alarm.condition, source: alarm.source, untilMilliseconds: until, by: person, reason: reason))
        }
        if !shelvingDevices.contains(device) { shelvingDevices.append(device) }
        noteDue(until)
        out.decide(.alarmShelved, at: out.now, device: alarm.device) { writer in
            writer.member("alarm", id)
            writer.member("condition", alarm.condition)
            writer.member("until", until)
            writer.member("by", person)
            writer.member("reason", reason)
        }
    }

    mutating func unshelve(_ id: String, by person: String, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let alarm = alarms[id], let device = fleet.device(named: alarm.device), shelf(device, alarm, at: out.now) != nil else {
            return out.refuse()
        }
        update(device) { $0.shelves.removeAll { $0.condition == alarm.condition && $0.source == alarm.source } }
        out.decide(.alarmUnshelved, at: out.now, device: alarm.device) { writer in
            writer.member("alarm", id)
            writer.member("condition", alarm.condition)
            writer.member("by", person)
        }
        forgetEmptyShelves()
        inhibitionsMayHaveEnded()
    }

    private mutating func forgetEmptyShelves() { shelvingDevices = shelvingDevices.filter { !state(of: $0).shelves.isEmpty } }

    /// Shelves whose time is over.
    mutating func endShelves(_ fleet: FleetState, _ out: inout StepOutput) {
        for device in shelvingDevices.sorted() {
            for shelf in state(of: device).shelves where out.now >= shelf.untilMilliseconds {
                inhibitionsMayHaveEnded()
                out.decide(.alarmUnshelved, at: out.now, device: fleet.records[device].id) { $0.member("condition", shelf.condition) }
            }
            update(device) { $0.shelves.removeAll { out.now >= $0.untilMilliseconds } }
        }
        forgetEmptyShelves()
    }
}
