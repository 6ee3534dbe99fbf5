import Documents
import ServiceValue

/// The downtime of devices: where their time went, and their incidents.
package struct AvailabilityDesk: Sendable {
    package struct OfDevice: Sendable, Codable {
        package internal(set) var ledger = DowntimeLedger()
        package internal(set) var incidents: IncidentLog
    }

    private var devices: [DeviceIndex: OfDevice] = [:]

    package func state(of device: DeviceIndex) -> OfDevice? { devices[device] }

    private mutating func update<Result>(_ device: DeviceIndex, named name: String, _ change: (inout OfDevice) -> Result) -> Result {
        change(&devices[device, default: OfDevice(incidents: IncidentLog(device: name))])
    }

    /// The operating status changed: downtime is counted, and incidents open and close.
    /// `isRemote`: a command is about to be, or was just, shown to have helped.
    /// - Returns: whether an incident opened.
    mutating func enter(
        _ device: DeviceIndex, named name: String, _ state: EquipmentState, at time: Int64, isRemote: Bool, _ out: inout StepOutput
    ) -> Bool {
        let change = update(device, named: name) { known in
            // A status that comes from two sources of time may be a little older than what it follows.
            let heard = known.ledger.lastHeardMilliseconds ?? time
            let time = time < heard && heard &- time <= DeviceClock.toleranceMilliseconds ? heard : time
            _ = known.ledger.enter(state, atMilliseconds: time)
            return known.incidents.follow(state, atMilliseconds: time, isHandledRemotely: isRemote)
        }
        switch change {
        case .opened(let incident):
            out.decide(.incidentOpened, at: incident.onsetMilliseconds, device: name) { $0.member("incident", incident.id) }
            return true
        case .closed(let incident):
            out.decide(.incidentClosed, at: time, device: name) { writer in
                writer.member("incident", incident.id)
                writer.member("onset", incident.onsetMilliseconds)
                writer.outcome(of: incident)
            }
        case .none, .late: break
        }
        return false
    }

    /// Nothing is heard of the device any more, and its state is unknown from the last word on.
    mutating func fallSilent(_ device: DeviceIndex, named name: String, lastMilliseconds: Int64) {
        update(device, named: name) { known in
            if lastMilliseconds != .min { known.ledger.hear(atMilliseconds: lastMilliseconds) }
            _ = known.ledger.fallSilent()
        }
    }

    /// An alarm belongs to the incident that is open.
    mutating func note(alarmKind: String, _ device: DeviceIndex) { devices[device]?.incidents.note(alarmKind: alarmKind) }

    /// A playbook was begun in the incident that is open.
    mutating func noteAction(_ device: DeviceIndex) { devices[device]?.incidents.noteAction() }

    /// There was no incident, and none is open.
    func isForgettable(_ device: DeviceIndex) -> Bool {
        devices[device].map { $0.incidents.open == nil && $0.incidents.closedCount == 0 } ?? true
    }

    func hasOpenIncident(_ device: DeviceIndex) -> Bool { devices[device]?.incidents.open != nil }

    mutating func vacate(_ device: DeviceIndex) { devices[device] = nil }

    /// The event time of the device moves.
    mutating func shiftReadings(of device: DeviceIndex, byMilliseconds step: Int64) {
        devices[device]?.ledger.shift(byMilliseconds: step)
        devices[device]?.incidents.shift(byMilliseconds: step)
    }

    mutating func restore(_ device: DeviceIndex, _ state: OfDevice) { devices[device] = state }

    func digestLines(_ device: DeviceIndex, named name: String, at time: Int64) -> [String] {
        let known = state(of: device) ?? OfDevice(incidents: IncidentLog(device: name))
        return [
            "ledger \(name) \(digestText(known.ledger.totals(atMilliseconds: time)))", "incidents \(name) \(digestText(known.incidents))",
        ]
    }
}

extension JSONWriter {
    /// What an incident came to: how long it lasted, who mended it, and what was wrong.
    package mutating func outcome(of incident: Incident) {
        member("downtimeMilliseconds", incident.downtimeMilliseconds)
        if incident.plannedMilliseconds > 0 { member("plannedMilliseconds", incident.plannedMilliseconds) }
        member("remote", incident.isHandledRemotely)
        strings("conditions", incident.alarmKinds)
    }
}
