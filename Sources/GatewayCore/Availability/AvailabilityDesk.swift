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
        let now = out.now
        let (transition, change) = update(device, named: name) { known in
            // A status that comes from two sources of time may be a little older than what it follows.
            let heard = known.ledger.lastHeardMilliseconds ?? time
            let time = time < heard && heard &- time <= DeviceClock.toleranceMilliseconds ? heard : time
            let causes = known.incidents.open?.alarmKinds ?? []
            let transition = known.ledger.enter(state, atMilliseconds: time)
            let change = known.incidents.follow(state, atMilliseconds: time, now: now, isHandledRemotely: isRemote)
            return (Ended(transition, until: time, causes), change)
        }
        hand(out: transition, of: name, &out)
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
            out.effects.append(.incident(incident))
        case .none, .late: break
        }
        return false
    }

    /// Nothing is heard of the device any more, or nobody listened, and its state is unknown from the last word on.
    mutating func fallSilent(_ device: DeviceIndex, named name: String, lastMilliseconds: Int64, _ out: inout StepOutput) {
        let ended = update(device, named: name) { known in
            if lastMilliseconds != .min { known.ledger.hear(atMilliseconds: lastMilliseconds) }
            let last = known.ledger.lastHeardMilliseconds ?? 0
            let transition = known.ledger.fallSilent()
            _ = known.incidents.follow(.unknown, atMilliseconds: last)
            return Ended(transition, until: last, known.incidents.open?.alarmKinds ?? [])
        }
        hand(out: ended, of: name, &out)
    }

    /// A state that has come to its end.
    private struct Ended {
        var state: EquipmentState
        var start: Int64
        var end: Int64
        var causes: [String]

        init?(_ transition: DowntimeLedger.Transition, until end: Int64, _ causes: [String]) {
            guard case .entered(let state, let start?) = transition, start < end else { return nil }
            (self.state, self.start, self.end, self.causes) = (state, start, end, state == .unscheduledDowntime ? causes : [])
        }
    }

    private func hand(out ended: Ended?, of name: String, _ out: inout StepOutput) {
        guard let ended else { return }
        out.effects.append(
            .interval(
                StateInterval(
                    device: name, state: ended.state, fromMilliseconds: ended.start, toMilliseconds: ended.end, causes: ended.causes)))
    }

    /// The device has told a state, and nothing as late as this.
    func isKnown(_ device: DeviceIndex, before time: Int64) -> Bool {
        devices[device]?.ledger.lastHeardMilliseconds.map { $0 < time } ?? false
    }

    /// The state that stands, from its beginning to the last word of the device; nil before there was one. It is in no effect yet.
    package func openInterval(of device: DeviceIndex, named name: String, upTo newest: Int64) -> StateInterval? {
        guard let known = devices[device], let since = known.ledger.sinceMilliseconds, since < newest else { return nil }
        let state = known.ledger.state
        return StateInterval(
            device: name, state: state, fromMilliseconds: since, toMilliseconds: newest,
            causes: state == .unscheduledDowntime ? known.incidents.open?.alarmKinds ?? [] : [])
    }

    /// An alarm belongs to the incident that is open.
    mutating func note(alarmKind: String, _ device: DeviceIndex) { devices[device]?.incidents.note(alarmKind: alarmKind) }

    /// A playbook was begun in the incident that is open.
    mutating func noteAction(_ device: DeviceIndex, at now: Int64) { devices[device]?.incidents.noteAction(atMilliseconds: now) }

    /// There was no incident, and none is open.
    func isForgettable(_ device: DeviceIndex) -> Bool {
        devices[device].map { $0.incidents.open == nil && $0.incidents.closedCount == 0 } ?? true
    }

    func hasOpenIncident(_ device: DeviceIndex) -> Bool { devices[device]?.incidents.open != nil }

    /// The device is gone: its last state goes into the account up to its last word.
    mutating func vacate(_ device: DeviceIndex, named name: String, lastMilliseconds: Int64, _ out: inout StepOutput) {
        if let open = openInterval(of: device, named: name, upTo: lastMilliseconds) { out.effects.append(.interval(open)) }
        devices[device] = nil
    }

    /// The event time of the device moves.
    mutating func shiftReadings(of device: DeviceIndex, byMilliseconds step: Int64) {
        devices[device]?.ledger.shift(byMilliseconds: step)
        devices[device]?.incidents.shift(byMilliseconds: step)
    }

    mutating func restore(_ device: DeviceIndex, _ state: OfDevice) { devices[device] = state }

    func digestLines(_ device: DeviceIndex, named name: String, at time: Int64) -> [String] {
        let known = state(of: device) ?? OfDevice(incidents: IncidentLog(device: name))
        return [
            "ledger \(name) \(digestText(known.ledger.totals(atMilliseconds: time)))",
            "incidents \(name) \(digestText(known.incidents.inEventTime))",
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
