import Documents
import FaultDetection
import Telemetry

/// Late readings tell what was. They are judged apart, in a lane with a time and a memory of its own, so that a backfill yields the alarms
/// that live data would have yielded. These are marked late, set nothing off, and end with the backfill at the latest.
extension StewardCore {
    /// Takes the late message that was just decoded.
    mutating func judgeLate(_ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64, _ effects: inout [Effect]) {
        guard fleet.profiles[profile].derived.faults.ruleCount > 0 || !decoded.alerts.isEmpty else { return }
        if fleet.records[device].lanes.isEmpty {
            let cells = [Int64](repeating: 0, count: fleet.profiles[profile].derived.faults.cellCount)
            fleet.records[device].lanes = [LateLane(cells: cells, newestMilliseconds: time, arrivalMilliseconds: now)]
            laneDevices.append(device)
            nextQuietCheck = min(nextQuietCheck, now &+ LateLane.pauseMilliseconds &+ 1)
        }
        guard time >= fleet.records[device].lanes[0].newestMilliseconds else {
            // A lane's time runs forward only; what comes in the wrong order is kept in the history.
            counters.lateUnjudged &+= 1
            return
        }
        fleet.records[device].lanes[0].newestMilliseconds = time
        fleet.records[device].lanes[0].arrivalMilliseconds = now
        let status = fleet.profiles[profile].derived.statusSlot
        for reading in decoded.readings where reading.slot == status { judgeLate(device, profile, reading, time, &effects) }
        for reading in decoded.readings where reading.slot != status { judgeLate(device, profile, reading, time, &effects) }
        for alerts in decoded.alerts where alerts.list < 4 { lateAlerts(device, profile, alerts, time, &effects) }
    }

    private mutating func judgeLate(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ reading: Reading, _ time: Int64, _ effects: inout [Effect]
    ) {
        guard !fleet.profiles[profile].derived.faults.isUnwatched(reading.slot) else { return }
        let at = EvaluationTime(timeMilliseconds: time, gapMilliseconds: fleet.profiles[profile].layout.profile.gapMilliseconds)
        for watch in fleet.profiles[profile].derived.faults.rules(watching: reading.slot) {
            let number = Int(watch.rule)
            var evidence: [Alarm.Evidence] = []
            let transition = fleet.records[device].lanes[0].cells.withUnsafeMutableBufferPointer { cells -> FaultTransition? in
                guard let block = cells.baseAddress else { return nil }
                guard !reading.isUnknown else {
                    fleet.profiles[profile].derived.faults.forget(watch, block)
                    return nil
                }
                guard let transition = fleet.profiles[profile].derived.faults.observe(watch, value: reading.value, at: at, block) else {
                    return nil
                }
                evidence = Self.evidence(
                    fleet.profiles[profile].derived.faults.clauses(ofRule: number, block), fleet.profiles[profile].layout,
                    first: reading.slot)
                return transition
            }
            guard let transition else { continue }
            let rule = fleet.profiles[profile].layout.profile.faults[number]
            switch transition {
            case .raised(let onset, let severity):
                let cause = AlarmCause(
                    condition: rule.id, source: .condition, severity: severity, text: rule.text, onsetMilliseconds: onset,
                    evidence: evidence, flapping: rule.flapping)
                raiseLate(device, cause, at: time, &effects)
            case .cleared: clearLate(device, rule.id, .condition, at: time, evidence, &effects)
            case .weighs(let severity):
                if let id = fleet.records[device].lanes[0].open[Self.laneKey(rule.id, .condition)] {
                    _ = alarms.update(id) { $0.severity = severity }
                }
            }
        }
    }

    private static func laneKey(_ condition: String, _ source: Alarm.Source) -> String { source.rawValue + " " + condition }

    private mutating func lateAlerts(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ alerts: ReportedAlerts, _ time: Int64, _ effects: inout [Effect]
    ) {
        let (scope, reported) = reportedCodes(profile, alerts, former: fleet.records[device].lanes[0].alertCodes)
        while fleet.records[device].lanes[0].alertCodes.count <= alerts.list { fleet.records[device].lanes[0].alertCodes.append([]) }
        let all = fleet.records[device].lanes[0].alertCodes[alerts.list]
        let codes = reported.map(\.code)
        let others = scope.isEmpty ? [] : all.filter { !$0.hasPrefix(scope) }
        fleet.records[device].lanes[0].alertCodes[alerts.list] = others + codes.prefix(max(Self.maximumReportedCodes - others.count, 0))
        for code in all where code.hasPrefix(scope) && !codes.contains(code) {
            clearLate(device, code, .deviceAlert, at: time, [], &effects)
        }
        for alert in reported where !all.contains(alert.code) { raiseLate(device, Self.cause(alert, at: time), at: time, &effects) }
    }

    /// An alarm that is known already covers what a late reading within its time says.
    private func isCovered(_ device: DeviceIndex, _ cause: AlarmCause, at time: Int64) -> Bool {
        (fleet.records[device].activeAlarms + fleet.records[device].recentAlarms).contains { id in
            guard let alarm = alarms[id], alarm.condition == cause.condition, alarm.source == cause.source else { return false }
            return alarm.onsetMilliseconds <= time && alarm.clearedMilliseconds ?? .max >= cause.onsetMilliseconds
        }
    }

    private mutating func raiseLate(_ device: DeviceIndex, _ cause: AlarmCause, at time: Int64, _ effects: inout [Effect]) {
        let key = Self.laneKey(cause.condition, cause.source)
        guard fleet.records[device].lanes[0].open[key] == nil, !isCovered(device, cause, at: time) else { return }
        if let id = fleet.records[device].lanes[0].closed[key], let former = alarms[id], let cleared = former.clearedMilliseconds,
            time >= cleared, time &- cleared <= cause.flapping.withinMilliseconds
        {
            let again = alarms.update(id) { alarm -> Alarm in
                alarm.comeAgain(by: cause.evidence)
                _ = alarm.change(atMilliseconds: time, cause.flapping)
                return alarm
            }
            if let again { tellRaised(device, again, at: time, &effects) }
            fleet.records[device].lanes[0].open[key] = id
            return
        }
        var alarm = Alarm(
            device: fleet.records[device].id, condition: cause.condition, source: cause.source, severity: cause.severity, text: cause.text,
            onsetMilliseconds: cause.onsetMilliseconds, isLate: true, raisedBy: cause.evidence)
        guard alarms[alarm.id] == nil, !wasRaised(alarm) else { return }
        guard fleet.records[device].lanes[0].open.count < Self.maximumStandingAlarms else { return budgets.count(.alarmsFolded) }
        _ = alarm.change(atMilliseconds: time, cause.flapping)
        alarms.insert(alarm, id: alarm.id)
        alarms.trim(finishedBeyond: configuration.maximumFinished, of: \.device) { !$0.isActive }
        fleet.records[device].lanes[0].open[key] = alarm.id
        counters.suppressedDispatches &+= 1
        tellRaised(device, alarm, at: time, &effects)
    }

    /// An earlier version raised it, under the id that it had there.
    private func wasRaised(_ alarm: Alarm) -> Bool {
        guard let former = alarms[alarm.formerID] else { return false }
        return former.device == alarm.device && former.condition == alarm.condition && former.source == alarm.source
    }

    private mutating func clearLate(
        _ device: DeviceIndex, _ condition: String, _ source: Alarm.Source, at time: Int64, _ evidence: [Alarm.Evidence],
        _ effects: inout [Effect]
    ) {
        let key = Self.laneKey(condition, source)
        guard let id = fleet.records[device].lanes[0].open.removeValue(forKey: key) else { return }
        if fleet.records[device].lanes[0].closed.count < Self.maximumReportedCodes { fleet.records[device].lanes[0].closed[key] = id }
        endLate(device, id, at: time, evidence, &effects)
    }

    private mutating func endLate(
        _ device: DeviceIndex, _ id: String, at time: Int64, _ evidence: [Alarm.Evidence], _ effects: inout [Effect]
    ) {
        let ended = alarms.update(id) { alarm -> Alarm in
            alarm.clear(atMilliseconds: time, by: evidence)
            return alarm
        }
        counters.alarmsCleared &+= 1
        effects.decide(.alarmCleared, at: time, device: fleet.records[device].id) { writer in
            writer.member("alarm", id)
            writer.member("condition", ended?.condition)
            writer.member("state", ended?.state.rawValue)
            writer.member("late", true)
        }
    }

    /// The backfill is over: nobody knows what came after its last reading.
    mutating func endLane(_ device: DeviceIndex, _ effects: inout [Effect]) {
        guard let lane = fleet.records[device].lanes.first else { return }
        for key in lane.open.keys.sorted() {
            if let id = lane.open[key] { endLate(device, id, at: lane.newestMilliseconds, [], &effects) }
        }
        fleet.records[device].lanes = []
        laneDevices.removeAll { $0 == device }
    }

    /// A pause of the late readings ends their backfill.
    mutating func endLanesIfQuiet(_ effects: inout [Effect]) {
        for device in laneDevices.sorted() {
            guard let lane = fleet.records[device].lanes.first, now &- lane.arrivalMilliseconds > LateLane.pauseMilliseconds else {
                continue
            }
            endLane(device, &effects)
        }
    }
}
