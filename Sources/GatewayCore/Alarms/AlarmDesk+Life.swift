import Documents
import FaultDetection
import Telemetry

/// How alarms come, change and go.
extension AlarmDesk {
    /// A condition holds. An alarm that stands already goes on; one beyond what a device may have is told with others.
    mutating func raise(_ device: DeviceIndex, _ cause: AlarmCause, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput) {
        if let id = standing(device, cause.condition, cause.source) {
            if endFlapping(device, id, cause.flapping, at: time, fleet, &out) {
                // What its end sets off comes first.
                return out.tell(.conditionBegan(device, cause, at: time))
            }
            return standAgain(device, id, cause, at: time, fleet, &out)
        }
        switch room(device, for: cause) {
        case .free: raiseAnew(device, cause, at: time, fleet, &out)
        case .inPlaceOf(let least):
            finish(device, least.id, at: time, [], fleet, &out)
            if least.source == .deviceAlert { forget(code: least.condition, device) }
            fold(device, at: time, &out)
            out.tell(.conditionBegan(device, cause, at: time))
        case .none:
            if cause.source == .deviceAlert { forget(code: cause.condition, device) }
            fold(device, at: time, &out)
        }
    }

    private mutating func raiseAnew(
        _ device: DeviceIndex, _ cause: AlarmCause, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        if let id = lately(device, cause, at: time) { return comeAgain(device, id, cause, at: time, fleet, &out) }
        var alarm = Alarm(
            device: fleet.records[device].id, condition: cause.condition, source: cause.source, severity: cause.severity, text: cause.text,
            onsetMilliseconds: cause.onsetMilliseconds, isLate: !out.isFresh(time), raisedBy: cause.evidence)
        guard alarms[alarm.id]?.isActive != true, !state(of: device).active.contains(alarm.id) else { return }
        _ = alarm.change(atMilliseconds: time, cause.flapping)
        alarm.suppressedBy = suppressor(device, condition: cause.condition, source: cause.source, fleet)
        insert(alarm)
        update(device) { $0.active.append(alarm.id) }
        tellRaised(device, alarm, at: time, &out)
        wantHelp(device, alarm, because: .raised, &out)
        out.tell(.alarmsChanged(device))
    }

    mutating func insert(_ alarm: Alarm) {
        alarms.insert(alarm, id: alarm.id)
        alarms.trim(finishedBeyond: maximumFinished, of: \.device) { !$0.isActive }
    }

    func tellRaised(_ device: DeviceIndex, _ alarm: Alarm, at time: Int64, _ out: inout StepOutput) {
        out.tell(.alarmRaised(device, kind: alarm.condition))
        out.counters.alarmsRaised &+= 1
        out.decide(.alarmRaised, at: time, device: alarm.device) { writer in
            writer.member("alarm", alarm.id)
            writer.member("condition", alarm.condition)
            writer.member("severity", alarm.severity.rawValue)
            writer.member("text", alarm.text)
            writer.member("onset", alarm.onsetMilliseconds)
            if alarm.isLate { writer.member("late", true) }
            if alarm.repeats > 0 { writer.member("again", alarm.repeats) }
            if let cause = alarm.suppressedBy { writer.member("suppressedBy", cause) }
            if let evidence = alarm.raisedBy.first {
                writer.member("metric", evidence.metric)
                writer.member("value", evidence.value)
            }
        }
    }

    /// Evidence of the past sets nothing off; if the alarm still holds in the present, help is asked for again.
    private mutating func wantHelp(_ device: DeviceIndex, _ alarm: Alarm, because reason: CoreEvent.HelpReason, _ out: inout StepOutput) {
        guard Self.mayWantHelp(alarm) else { return }
        guard !alarm.isLate else {
            awaitConfirmation(device, true)
            out.counters.suppressedDispatches &+= 1
            return
        }
        out.tell(.helpWanted(device, alarm: alarm.id, because: reason))
    }

    /// Silence, orders and detectors set nothing off.
    private static func mayWantHelp(_ alarm: Alarm) -> Bool { alarm.source == .condition || alarm.source == .deviceAlert }

    /// It stands already, because it is latched or flaps, and its condition holds again.
    private mutating func standAgain(
        _ device: DeviceIndex, _ id: String, _ cause: AlarmCause, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        guard alarms[id]?.normalSinceMilliseconds != nil else { return }
        let quiet = quietEnd(device, cause.flapping, fleet, out.now)
        _ = alarms.update(id) { alarm in
            alarm.normalSinceMilliseconds = nil
            alarm.clearedBy = []
            alarm.raisedBy = cause.evidence
            alarm.severity = cause.severity
            _ = alarm.change(atMilliseconds: time, cause.flapping)
            if alarm.isFlapping { alarm.quietMilliseconds = quiet }
        }
        noteDue(alarms[id]?.quietMilliseconds)
    }

    /// The alarm of the same condition that went away so short a time ago that this is the same trouble.
    private func lately(_ device: DeviceIndex, _ cause: AlarmCause, at time: Int64) -> String? {
        guard cause.source != .silence else { return nil }
        return state(of: device).recent.last { id in
            alarms.read(id) { alarm in
                guard alarm.condition == cause.condition, alarm.source == cause.source, let cleared = alarm.clearedMilliseconds else {
                    return false
                }
                return time >= cleared && time &- cleared <= cause.flapping.withinMilliseconds
            } ?? false
        }
    }

    private mutating func comeAgain(
        _ device: DeviceIndex, _ id: String, _ cause: AlarmCause, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        let quiet = quietEnd(device, cause.flapping, fleet, out.now)
        let suppressor = suppressor(device, condition: cause.condition, source: cause.source, fleet)
        let updated = alarms.update(id) { alarm -> Alarm in
            alarm.comeAgain(by: cause.evidence)
            // A rule's text stays the same; a detector's says what is unusual this time.
            alarm.text = cause.text
            alarm.severity = cause.severity
            alarm.isLate = !out.isFresh(time)
            alarm.suppressedBy = suppressor
            if alarm.change(atMilliseconds: time, cause.flapping) {
                alarm.isFlapping = true
                alarm.quietMilliseconds = quiet
            }
            return alarm
        }
        guard let alarm = updated else { return }
        update(device) {
            $0.recent.removeAll { $0 == id }
            $0.active.append(id)
        }
        tellRaised(device, alarm, at: time, &out)
        if alarm.isFlapping {
            beginFlapping(device, alarm, at: time, &out)
        } else {
            wantHelp(device, alarm, because: .raised, &out)
        }
        out.tell(.alarmsChanged(device))
    }

    /// The condition does not hold any more. A latched or flapping alarm stays.
    mutating func clear(
        _ device: DeviceIndex, condition: String, source: Alarm.Source, at time: Int64, _ evidence: [Alarm.Evidence], _ fleet: FleetState,
        _ out: inout StepOutput
    ) {
        let fault = source == .condition ? fleet.rules(of: device).faults.first { $0.id == condition } : nil
        let rule = fault?.flapping ?? FlappingRule()
        guard let id = standing(device, condition, source), !endFlapping(device, id, rule, at: time, fleet, &out) else { return }
        guard let alarm = alarms[id], alarm.isActive, alarm.normalSinceMilliseconds == nil else { return }
        // A latched alarm that nobody has seen stays for a person; one that flaps stays until it is quiet.
        let isLatched = fault?.isLatched == true && alarm.state == .unacknowledged
        let quiet = quietEnd(device, rule, fleet, out.now)
        _ = alarms.update(id) { alarm in
            _ = alarm.change(atMilliseconds: time, rule)
            guard alarm.isFlapping || isLatched else { return }
            alarm.normalSinceMilliseconds = time
            alarm.clearedBy = evidence
            if alarm.isFlapping { alarm.quietMilliseconds = quiet }
        }
        guard alarm.isFlapping || isLatched else { return finish(device, id, at: time, evidence, fleet, &out) }
        if alarm.isFlapping { noteDue(quiet) }
        // The command has helped, even though the alarm stays to be seen.
        out.tell(.alarmEnded(device, alarm: id, at: time))
        out.tell(.alarmsChanged(device))
    }

    /// The end of an alarm.
    mutating func finish(
        _ device: DeviceIndex, _ id: String, at time: Int64, _ evidence: [Alarm.Evidence], _ fleet: FleetState, _ out: inout StepOutput
    ) {
        update(device) {
            $0.active.removeAll { $0 == id }
            $0.remember(cleared: id)
        }
        let updated = alarms.update(id) { alarm -> Alarm in
            alarm.clear(atMilliseconds: time, by: evidence)
            return alarm
        }
        tellCleared(id, updated, of: fleet.records[device].id, at: time, &out)
        // What never asks for help has neither a command nor a ticket that could end with it.
        if updated.map(Self.mayWantHelp) ?? true { out.tell(.alarmEnded(device, alarm: id, at: time)) }
        out.tell(.alarmsChanged(device))
        if updated?.condition != Alarm.foldedCondition { unfold(device, at: time, &out) }
    }

    func tellCleared(_ id: String, _ alarm: Alarm?, of device: String, at time: Int64, _ out: inout StepOutput) {
        out.counters.alarmsCleared &+= 1
        out.decide(.alarmCleared, at: time, device: device) { writer in
            writer.member("alarm", id)
            writer.member("condition", alarm?.condition)
            writer.member("state", alarm?.state.rawValue)
            if alarm?.isLate == true { writer.member("late", true) }
        }
    }

    /// The alarm weighs more or less than before, because its condition goes on or is about to end.
    mutating func weigh(_ device: DeviceIndex, condition: String, _ severity: Severity, at time: Int64, _ out: inout StepOutput) {
        guard let id = standing(device, condition, .condition) else { return }
        let updated = alarms.update(id) { alarm -> (Severity, Alarm) in
            defer { alarm.severity = severity }
            return (alarm.severity, alarm)
        }
        guard let (before, alarm) = updated, before != severity else { return }
        out.decide(.alarmSeverity, at: time, device: alarm.device) { writer in
            writer.member("alarm", id)
            writer.member("condition", condition)
            writer.member("severity", severity.rawValue)
            writer.member("before", before.rawValue)
        }
        // What did not matter enough for a person may do so now.
        guard severity < before, !alarm.isFlapping, let now = alarms[id] else { return }
        wantHelp(device, now, because: .severity, &out)
    }

    /// Alarms that evidence of the past raised and that hold in the present. `lists` are those of the codes that the message told.
    mutating func confirm(_ device: DeviceIndex, lists: [Int], _ fleet: FleetState, _ out: inout StepOutput) {
        awaitConfirmation(device, false)
        for alarm in standingAlarms(of: device) where alarm.isLate && Self.mayWantHelp(alarm) && alarm.normalSinceMilliseconds == nil {
            guard isConfirmed(device, alarm, lists, fleet, out) else {
                awaitConfirmation(device, true)
                continue
            }
            out.tell(.helpWanted(device, alarm: alarm.id, because: .confirmed))
        }
    }

    /// The message that is being taken, or another one of the present, says that the alarm still holds.
    private func isConfirmed(_ device: DeviceIndex, _ alarm: Alarm, _ lists: [Int], _ fleet: FleetState, _ out: StepOutput) -> Bool {
        guard alarm.source == .condition else { return lists.contains { codes(of: device, list: $0).contains(alarm.condition) } }
        let layout = fleet.profiles[fleet.devices[device].profile].layout
        guard let fault = layout.profile.faults.first(where: { $0.id == alarm.condition }) else { return false }
        return fault.raise.metrics.contains { name in
            guard let slot = layout.slot(named: name), case .live(_, let time) = fleet.value(device, slot) else { return false }
            return out.isFresh(time)
        }
    }
}
