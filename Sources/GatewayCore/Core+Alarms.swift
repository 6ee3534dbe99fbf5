import FaultDetection
import ServiceValue
import Telemetry

/// Alarms: raised by conditions, by the device's own alerts and by silence; one cause, one alarm.
extension StewardCore {
    mutating func raise(
        _ device: Int, condition: String, source: Alarm.Source, severity: Severity, text: String, playbook: String?, onset: Int64,
        at time: Int64,
        _ evidence: Alarm.Evidence?, _ effects: inout [Effect]
    ) {
        let alarm = Alarm(
            device: records[device].id, condition: condition, source: source, severity: severity, text: text, onsetMilliseconds: onset,
            isLate: !isFresh(time), raisedBy: evidence)
        guard alarms[alarm.id]?.isActive != true, !records[device].activeAlarms.contains(alarm.id) else { return }
        alarms.insert(alarm, id: alarm.id)
        alarms.trim(finishedBeyond: configuration.maximumFinished) { !$0.isActive }
        records[device].activeAlarms.append(alarm.id)
        records[device].incidents.note(alarmKind: condition)
        counters.alarmsRaised &+= 1
        effects.decide(.alarmRaised, at: time, device: alarm.device) { writer in
            writer.member("alarm", alarm.id)
            writer.member("condition", condition)
            writer.member("severity", severity.rawValue)
            writer.member("text", text)
            writer.member("onset", onset)
            if alarm.isLate { writer.member("late", true) }
            if let evidence {
                writer.member("metric", evidence.metric)
                writer.member("value", evidence.value)
            }
        }
        dispatch(device, alarm, playbook, &effects)
    }

    mutating func clear(
        _ device: Int, condition: String, source: Alarm.Source, at time: Int64, _ evidence: Alarm.Evidence?, _ effects: inout [Effect]
    ) {
        guard
            let position = records[device].activeAlarms.firstIndex(where: {
                alarms[$0]?.condition == condition && alarms[$0]?.source == source
            })
        else { return }
        let id = records[device].activeAlarms.remove(at: position)
        let state = alarms.update(id) { alarm in
            alarm.clear(atMilliseconds: time, by: evidence)
            return alarm.state
        }
        counters.alarmsCleared &+= 1
        effects.decide(.alarmCleared, at: time, device: records[device].id) { writer in
            writer.member("alarm", id)
            writer.member("condition", condition)
            writer.member("state", state?.rawValue)
        }
        alarmWentAway(device, id, at: time, &effects)
    }

    /// Ends the alarms that a reload left without a rule: nothing else ever would.
    mutating func endOrphans(_ effects: inout [Effect]) {
        for orphan in orphans { clear(orphan.device, condition: orphan.condition, source: orphan.source, at: now, nil, &effects) }
        orphans = []
    }

    /// The device's list of codes changed: what is new raises, what is gone clears.
    mutating func deviceAlerts(_ device: Int, _ profile: Int, _ alerts: ReportedAlerts, _ time: Int64, _ effects: inout [Effect]) {
        let scope = layouts[profile].scope(of: alerts)
        while records[device].alertCodes.count <= alerts.list { records[device].alertCodes.append([]) }
        let all = records[device].alertCodes[alerts.list]
        let former = scope.isEmpty ? all : all.filter { $0.hasPrefix(scope) }
        var reported = decoder.codes(of: alerts, layout: layouts[profile], former: former.map { String($0.dropFirst(scope.count)) })
        if !scope.isEmpty { for index in reported.indices { reported[index].code = scope + reported[index].code } }
        let codes = reported.map(\.code)
        records[device].alertCodes[alerts.list] = scope.isEmpty ? codes : all.filter { !$0.hasPrefix(scope) } + codes
        for code in former where !codes.contains(code) { clear(device, condition: code, source: .deviceAlert, at: time, nil, &effects) }
        for alert in reported where !former.contains(alert.code) {
            raise(
                device, condition: alert.code, source: .deviceAlert, severity: alert.severity, text: alert.text, playbook: alert.playbook,
                onset: time, at: time, nil, &effects)
        }
    }

    /// The operating status changed: downtime is counted, and incidents open and close.
    mutating func status(_ device: Int, _ profile: Int, _ time: Int64, _ effects: inout [Effect]) {
        enter(device, equipmentState(device, profile) ?? .unknown, at: time, &effects)
    }

    /// What the metrics say of it now; nil while they say nothing.
    private func equipmentState(_ device: Int, _ profile: Int) -> EquipmentState? {
        let down = derived[profile].downSlot
        if down >= 0, let value = stateValue(device, down), derived[profile].saysDown(value) { return .unscheduledDowntime }
        return stateValue(device, derived[profile].statusSlot).map { derived[profile].equipmentState($0) }
    }

    private func stateValue(_ device: Int, _ slot: Int32) -> Double? {
        let metric = metrics[Int(hot[device].firstMetric + slot)]
        // What was retained tells a value, and moves nothing.
        return metric.isUnknown || metric.timeMilliseconds <= .min + 1 ? nil : metric.value
    }

    private mutating func enter(_ device: Int, _ state: EquipmentState, at time: Int64, _ effects: inout [Effect]) {
        _ = records[device].ledger.enter(state, atMilliseconds: time)
        switch records[device].incidents.follow(state, atMilliseconds: time, isHandledRemotely: isBeingMended(device)) {
        case .opened(let incident):
            effects.decide(.incidentOpened, at: incident.onsetMilliseconds, device: records[device].id) { writer in
                writer.member("incident", incident.id)
            }
        case .closed(let incident):
            effects.decide(.incidentClosed, at: time, device: records[device].id) { writer in
                writer.member("incident", incident.id)
                writer.member("onset", incident.onsetMilliseconds)
                writer.member("downtimeMilliseconds", incident.downtimeMilliseconds)
                writer.member("remote", incident.isHandledRemotely)
                writer.key("conditions")
                writer.beginArray()
                for kind in incident.alarmKinds { writer.string(kind) }
                writer.endArray()
            }
        case .none, .late: break
        }
    }

    // MARK: Silence

    static var silenceScanMilliseconds: Int64 { 30_000 }

    /// Silence is a matter of arrival time, and only of time in which the gateway was listening.
    mutating func scanForSilence(_ effects: inout [Effect]) {
        for device in hot.indices where !hot[device].isSilent {
            let heard = max(hot[device].arrivalMilliseconds, listeningSince)
            let profile = layouts[Int(hot[device].profile)].profile
            guard hot[device].arrivalMilliseconds != .min, now &- heard >= profile.silentAfterMilliseconds else { continue }
            hot[device].isSilent = true
            let last = hot[device].newestMilliseconds
            records[device].ledger.hear(atMilliseconds: last)
            _ = records[device].ledger.fallSilent()
            raise(
                device, condition: "silent", source: .silence, severity: .minor,
                text: "Nothing was heard for \(profile.silentAfterMilliseconds / 1000) s", playbook: nil, onset: last, at: now, nil,
                &effects)
        }
    }

    mutating func spokeAgain(_ device: Int, at time: Int64, _ effects: inout [Effect]) {
        hot[device].isSilent = false
        clear(device, condition: "silent", source: .silence, at: now, nil, &effects)
        let slot = derived[Int(hot[device].profile)].statusSlot
        guard slot >= 0 else { return }
        // What the device said last counts again until it says otherwise.
        guard let state = equipmentState(device, Int(hot[device].profile)) else { return }
        enter(device, state, at: time, &effects)
    }
}
