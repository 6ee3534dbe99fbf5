import FaultDetection
import Telemetry

/// Late readings tell what was. They are judged apart, in a lane with a time and a memory of its own, so that a backfill yields the alarms
/// that live data would have yielded. These are marked late, set nothing off, and end with the backfill at the latest.
extension AlarmDesk {
    /// Takes a late message. `reports` are made from the codes that the lane knew before.
    mutating func takeLate(
        _ readings: [Reading], _ reports: [CodeReport], _ device: DeviceIndex, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        let derived = fleet.profiles[fleet.devices[device].profile].derived
        guard derived.faults.ruleCount > 0 || !reports.isEmpty else { return }
        var lane = takeLane(of: device, at: time, cellCount: derived.faults.cellCount, out.now)
        guard time >= lane.newestMilliseconds else {
            // A lane's time runs forward only; what comes in the wrong order is kept in the history.
            out.counters.lateUnjudged &+= 1
            return
        }
        lane.newestMilliseconds = time
        lane.arrivalMilliseconds = out.now
        // The status first, as with live readings.
        let sorted = readings.filter { $0.slot == derived.statusSlot } + readings.filter { $0.slot != derived.statusSlot }
        for reading in sorted { judge(reading, &lane, device, at: time, fleet, &out) }
        for report in reports { take(report, &lane, device, at: time, fleet, &out) }
        update(device) { $0.lane = lane }
    }

    /// The codes that the lane of late readings knows of a list.
    func lateCodes(of device: DeviceIndex, list: Int) -> [String] {
        guard let codes = state(of: device).lane?.alertCodes, codes.indices.contains(list) else { return [] }
        return codes[list]
    }

    private mutating func takeLane(of device: DeviceIndex, at time: Int64, cellCount: Int, _ now: Int64) -> LateLane {
        if let lane = state(of: device).lane { return lane }
        let lane = LateLane(cells: [Int64](repeating: 0, count: cellCount), newestMilliseconds: time, arrivalMilliseconds: now)
        update(device) { $0.lane = lane }
        laneDevices.append(device)
        noteDue(now &+ LateLane.pauseMilliseconds &+ 1)
        return lane
    }

    private mutating func judge(
        _ reading: Reading, _ lane: inout LateLane, _ device: DeviceIndex, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        let profile = fleet.devices[device].profile
        let conditions = fleet.profiles[profile].derived.faults
        guard !conditions.isUnwatched(reading.slot) else { return }
        let rules = fleet.rules(of: device)
        let at = EvaluationTime(timeMilliseconds: time, gapMilliseconds: rules.gapMilliseconds)
        for watch in conditions.rules(watching: reading.slot) {
            var evidence: [Alarm.Evidence] = []
            let transition = lane.cells.withUnsafeMutableBufferPointer { cells -> FaultTransition? in
                guard let block = cells.baseAddress else { return nil }
                guard !reading.isUnknown else {
                    conditions.forget(watch, block)
                    return nil
                }
                guard let transition = conditions.observe(watch, value: reading.value, at: at, block) else { return nil }
                evidence = Alarm.Evidence.of(
                    conditions.clauses(ofRule: Int(watch.rule), block), fleet.profiles[profile].layout, first: reading.slot)
                return transition
            }
            guard let transition else { continue }
            let rule = rules.faults[Int(watch.rule)]
            switch transition {
            case .raised(let onset, let severity):
                let cause = AlarmCause(
                    condition: rule.id, source: .condition, severity: severity, text: rule.text, onsetMilliseconds: onset,
                    evidence: evidence, flapping: rule.flapping)
                raise(cause, &lane, device, at: time, fleet, &out)
            case .cleared: clear(rule.id, .condition, &lane, at: time, evidence, of: fleet.records[device].id, &out)
            case .weighs(let severity):
                if let id = lane.open[Self.laneKey(rule.id, .condition)] { _ = alarms.update(id) { $0.severity = severity } }
            }
        }
    }

    private static func laneKey(_ condition: String, _ source: Alarm.Source) -> String { source.rawValue + " " + condition }

    private mutating func take(
        _ report: CodeReport, _ lane: inout LateLane, _ device: DeviceIndex, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        while lane.alertCodes.count <= report.list { lane.alertCodes.append([]) }
        let all = lane.alertCodes[report.list]
        lane.alertCodes[report.list] = Self.merged(report, into: all)
        for code in all where report.ends(code) {
            clear(code, .deviceAlert, &lane, at: time, [], of: fleet.records[device].id, &out)
        }
        for alert in report.codes where !all.contains(alert.code) {
            raise(AlarmCause(alert, at: time), &lane, device, at: time, fleet, &out)
        }
    }

    /// An alarm that is known already covers what a late reading within its time says.
    private func isCovered(_ device: DeviceIndex, _ cause: AlarmCause, at time: Int64) -> Bool {
        let known = state(of: device)
        return (known.active + known.recent).contains { id in
            guard let alarm = alarms[id], alarm.condition == cause.condition, alarm.source == cause.source else { return false }
            return alarm.onsetMilliseconds <= time && alarm.clearedMilliseconds ?? .max >= cause.onsetMilliseconds
        }
    }

    private mutating func raise(
        _ cause: AlarmCause, _ lane: inout LateLane, _ device: DeviceIndex, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        let key = Self.laneKey(cause.condition, cause.source)
        guard lane.open[key] == nil, !isCovered(device, cause, at: time) else { return }
        if let id = lane.closed[key], let former = alarms[id], let cleared = former.clearedMilliseconds,
            time >= cleared, time &- cleared <= cause.flapping.withinMilliseconds
        {
            let again = alarms.update(id) { alarm -> Alarm in
                alarm.comeAgain(by: cause.evidence)
                _ = alarm.change(atMilliseconds: time, cause.flapping)
                return alarm
            }
            if let again { tellRaised(device, again, at: time, &out) }
            lane.open[key] = id
            return
        }
        var alarm = Alarm(
            device: fleet.records[device].id, condition: cause.condition, source: cause.source, severity: cause.severity, text: cause.text,
            onsetMilliseconds: cause.onsetMilliseconds, isLate: true, raisedBy: cause.evidence)
        guard alarms[alarm.id] == nil, !wasRaised(alarm) else { return }
        guard lane.open.count < Self.maximumStandingAlarms else { return out.budgets.count(.alarmsFolded) }
        _ = alarm.change(atMilliseconds: time, cause.flapping)
        insert(alarm)
        lane.open[key] = alarm.id
        out.counters.suppressedDispatches &+= 1
        tellRaised(device, alarm, at: time, &out)
    }

    /// An earlier version raised it, under the id that it had there.
    private func wasRaised(_ alarm: Alarm) -> Bool {
        guard let former = alarms[alarm.formerID] else { return false }
        return former.device == alarm.device && former.condition == alarm.condition && former.source == alarm.source
    }

    private mutating func clear(
        _ condition: String, _ source: Alarm.Source, _ lane: inout LateLane, at time: Int64, _ evidence: [Alarm.Evidence],
        of device: String, _ out: inout StepOutput
    ) {
        let key = Self.laneKey(condition, source)
        guard let id = lane.open.removeValue(forKey: key) else { return }
        if lane.closed.count < Self.maximumReportedCodes { lane.closed[key] = id }
        end(id, of: device, at: time, evidence, &out)
    }

    private mutating func end(
        _ id: String, of device: String, at time: Int64, _ evidence: [Alarm.Evidence], _ out: inout StepOutput
    ) {
        let ended = alarms.update(id) { alarm -> Alarm in
            alarm.clear(atMilliseconds: time, by: evidence)
            return alarm
        }
        tellCleared(id, ended, of: device, at: time, &out)
    }

    /// The backfill is over: nobody knows what came after its last reading.
    mutating func endLane(_ device: DeviceIndex, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let lane = state(of: device).lane else { return }
        for key in lane.open.keys.sorted() {
            if let id = lane.open[key] { end(id, of: fleet.records[device].id, at: lane.newestMilliseconds, [], &out) }
        }
        update(device) { $0.lane = nil }
        laneDevices.removeAll { $0 == device }
    }

    /// A pause of the late readings ends their backfill.
    mutating func endQuietLanes(_ fleet: FleetState, _ out: inout StepOutput) {
        for device in laneDevices.sorted() {
            guard let lane = state(of: device).lane, out.now &- lane.arrivalMilliseconds > LateLane.pauseMilliseconds else { continue }
            endLane(device, fleet, &out)
        }
    }
}

extension Alarm.Evidence {
    /// What a rule saw: the metric that was read last first.
    static func of(_ clauses: [FaultConditions.Clause], _ layout: ProfileLayout, first slot: SlotIndex) -> [Alarm.Evidence] {
        let sorted = clauses.filter { $0.slot == slot } + clauses.filter { $0.slot != slot }
        return sorted.compactMap { clause in
            guard !clause.slot.isNone, let value = clause.value else { return nil }
            let definition = layout[clause.slot]
            return Alarm.Evidence(
                metric: definition.name, value: value, text: definition.kind == .state ? definition.text(of: value) : nil,
                timeMilliseconds: clause.timeMilliseconds)
        }
    }
}
