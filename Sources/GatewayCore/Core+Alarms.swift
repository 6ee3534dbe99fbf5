import Documents
import FaultDetection
import RemoteSupport
import ServiceValue
import Telemetry

/// What is to be said of an alarm that may have to be raised.
struct AlarmCause {
    var condition: String
    var source: Alarm.Source
    var severity: Severity
    var text: String
    var playbook: String?
    /// Event time.
    var onsetMilliseconds: Int64
    var evidence: [Alarm.Evidence] = []
    var flapping = FlappingRule()
}

/// Alarms: raised by conditions, by the device's own alerts and by silence; one cause, one alarm.
extension StewardCore {
    /// False when the device has as many alarms as one may have, and this one is told with the others.
    @discardableResult
    mutating func raise(_ device: DeviceIndex, _ cause: AlarmCause, at time: Int64, _ effects: inout [Effect]) -> Bool {
        if let id = standing(device, cause.condition, cause.source) { endFlapping(device, id, cause.flapping, at: time, &effects) }
        if let id = standing(device, cause.condition, cause.source) {
            standAgain(device, id, cause, at: time)
            return true
        }
        guard hasRoom(device, for: cause, at: time, &effects) else {
            fold(device, at: time, &effects)
            return false
        }
        raiseAnew(device, cause, at: time, &effects)
        return true
    }

    private mutating func raiseAnew(_ device: DeviceIndex, _ cause: AlarmCause, at time: Int64, _ effects: inout [Effect]) {
        if let id = lately(device, cause, at: time) { return comeAgain(device, id, cause, at: time, &effects) }
        var alarm = Alarm(
            device: fleet.records[device].id, condition: cause.condition, source: cause.source, severity: cause.severity, text: cause.text,
            onsetMilliseconds: cause.onsetMilliseconds, isLate: !isFresh(time), raisedBy: cause.evidence)
        guard alarms[alarm.id]?.isActive != true, !fleet.records[device].activeAlarms.contains(alarm.id) else { return }
        _ = alarm.change(atMilliseconds: time, cause.flapping)
        alarm.suppressedBy = self.cause(device, condition: cause.condition, source: cause.source)
        alarms.insert(alarm, id: alarm.id)
        alarms.trim(finishedBeyond: configuration.maximumFinished, of: \.device) { !$0.isActive }
        fleet.records[device].activeAlarms.append(alarm.id)
        tellRaised(device, alarm, at: time, &effects)
        dispatch(device, alarm, cause.playbook, &effects)
        reconsiderSuppression(device, &effects)
    }

    mutating func tellRaised(_ device: DeviceIndex, _ alarm: Alarm, at time: Int64, _ effects: inout [Effect]) {
        fleet.records[device].incidents.note(alarmKind: alarm.condition)
        counters.alarmsRaised &+= 1
        effects.decide(.alarmRaised, at: time, device: alarm.device) { writer in
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

    /// The alarm of a condition that stands.
    func standing(_ device: DeviceIndex, _ condition: String, _ source: Alarm.Source) -> String? {
        fleet.records[device].activeAlarms.first { alarms[$0]?.condition == condition && alarms[$0]?.source == source }
    }

    /// It stands already, because it is latched or flaps, and its condition holds again.
    private mutating func standAgain(_ device: DeviceIndex, _ id: String, _ cause: AlarmCause, at time: Int64) {
        guard alarms[id]?.normalSinceMilliseconds != nil else { return }
        let quiet = quietEnd(device, cause.flapping)
        _ = alarms.update(id) { alarm in
            alarm.normalSinceMilliseconds = nil
            alarm.clearedBy = []
            alarm.raisedBy = cause.evidence
            alarm.severity = cause.severity
            _ = alarm.change(atMilliseconds: time, cause.flapping)
            if alarm.isFlapping { alarm.quietMilliseconds = quiet }
        }
        nextInhibitionCheck = min(nextInhibitionCheck, alarms[id]?.quietMilliseconds ?? .max)
    }

    /// The alarm of the same condition that went away so short a time ago that this is the same trouble.
    private func lately(_ device: DeviceIndex, _ cause: AlarmCause, at time: Int64) -> String? {
        fleet.records[device].recentAlarms.last { id in
            guard let alarm = alarms[id], alarm.condition == cause.condition, alarm.source == cause.source,
                let cleared = alarm.clearedMilliseconds
            else { return false }
            return time >= cleared && time &- cleared <= cause.flapping.withinMilliseconds && cause.source != .silence
        }
    }

    private mutating func comeAgain(_ device: DeviceIndex, _ id: String, _ cause: AlarmCause, at time: Int64, _ effects: inout [Effect]) {
        let quiet = quietEnd(device, cause.flapping)
        let suppressor = self.cause(device, condition: cause.condition, source: cause.source)
        let isLate = !isFresh(time)
        let updated = alarms.update(id) { alarm -> Alarm in
            alarm.comeAgain(by: cause.evidence)
            // A rule's text stays the same; a detector's says what is unusual this time.
            alarm.text = cause.text
            alarm.severity = cause.severity
            alarm.isLate = isLate
            alarm.suppressedBy = suppressor
            if alarm.change(atMilliseconds: time, cause.flapping) {
                alarm.isFlapping = true
                alarm.quietMilliseconds = quiet
            }
            return alarm
        }
        guard let alarm = updated else { return }
        fleet.records[device].recentAlarms.removeAll { $0 == id }
        fleet.records[device].activeAlarms.append(id)
        tellRaised(device, alarm, at: time, &effects)
        if alarm.isFlapping {
            beginFlapping(device, alarm, at: time, &effects)
        } else {
            dispatch(device, alarm, cause.playbook, &effects)
        }
        reconsiderSuppression(device, &effects)
    }

    /// From here on its changes are counted and not told: one alarm, and one ticket for a person to find out why.
    private mutating func beginFlapping(_ device: DeviceIndex, _ alarm: Alarm, at time: Int64, _ effects: inout [Effect]) {
        flapping.append(alarm.id)
        nextInhibitionCheck = min(nextInhibitionCheck, alarm.quietMilliseconds ?? .max)
        effects.decide(.alarmFlapping, at: time, device: alarm.device) { writer in
            writer.member("alarm", alarm.id)
            writer.member("condition", alarm.condition)
            writer.member("changes", alarm.changes.count)
        }
        guard alarm.source != .silence, alarm.source != .anomaly, alarm.severity <= .major, !alarm.isLate, inhibition(device, alarm) == nil
        else { return }
        openTicket(device, alarm, reason: "it comes and goes: \(alarm.changes.count) changes in a short time", &effects)
    }

    mutating func clear(
        _ device: DeviceIndex, condition: String, source: Alarm.Source, at time: Int64, _ evidence: [Alarm.Evidence],
        _ effects: inout [Effect]
    ) {
        let fault = source == .condition ? fault(device, condition) : nil
        let rule = fault?.flapping ?? FlappingRule()
        guard let id = standing(device, condition, source) else { return }
        endFlapping(device, id, rule, at: time, &effects)
        guard let alarm = alarms[id], alarm.isActive, alarm.normalSinceMilliseconds == nil else { return }
        // A latched alarm that nobody has seen stays for a person; one that flaps stays until it is quiet.
        let isLatched = fault?.isLatched == true && alarm.state == .unacknowledged
        let quiet = quietEnd(device, rule)
        _ = alarms.update(id) { alarm in
            _ = alarm.change(atMilliseconds: time, rule)
            guard alarm.isFlapping || isLatched else { return }
            alarm.normalSinceMilliseconds = time
            alarm.clearedBy = evidence
            if alarm.isFlapping { alarm.quietMilliseconds = quiet }
        }
        guard alarm.isFlapping || isLatched else { return finish(device, id, at: time, evidence, &effects) }
        if alarm.isFlapping { nextInhibitionCheck = min(nextInhibitionCheck, quiet) }
        // The command has helped, even though the alarm stays to be seen.
        alarmWentAway(device, id, at: time, &effects)
        reconsiderSuppression(device, &effects)
    }

    func fault(_ device: DeviceIndex, _ condition: String) -> FaultRule? {
        fleet.profiles[fleet.devices[device].profile].layout.profile.faults.first { $0.id == condition }
    }

    /// The end of an alarm.
    mutating func finish(_ device: DeviceIndex, _ id: String, at time: Int64, _ evidence: [Alarm.Evidence], _ effects: inout [Effect]) {
        fleet.records[device].activeAlarms.removeAll { $0 == id }
        fleet.records[device].remember(cleared: id)
        let updated = alarms.update(id) { alarm -> Alarm in
            alarm.clear(atMilliseconds: time, by: evidence)
            return alarm
        }
        counters.alarmsCleared &+= 1
        effects.decide(.alarmCleared, at: time, device: fleet.records[device].id) { writer in
            writer.member("alarm", id)
            writer.member("condition", updated?.condition)
            writer.member("state", updated?.state.rawValue)
            if updated?.isLate == true { writer.member("late", true) }
        }
        alarmWentAway(device, id, at: time, &effects)
        reconsiderSuppression(device, &effects)
        if updated?.condition != Self.foldedCondition { unfold(device, at: time, &effects) }
    }

    /// A person has done with an alarm whose condition does not hold any more.
    mutating func reset(_ id: String, _ person: String, _ effects: inout [Effect]) {
        guard let alarm = alarms[id], alarm.isActive, let normal = alarm.normalSinceMilliseconds, !alarm.isFlapping,
            let device = fleet.device(named: alarm.device)
        else {
            counters.refusedControls &+= 1
            return
        }
        _ = alarms.update(id) { $0.acknowledge(by: person) }
        effects.decide(.alarmReset, at: now, device: alarm.device) { writer in
            writer.member("alarm", id)
            writer.member("by", person)
        }
        finish(device, id, at: normal, alarm.clearedBy, &effects)
    }

    mutating func acknowledge(_ id: String, _ person: String, _ effects: inout [Effect]) {
        guard alarms.update(id, { $0.acknowledge(by: person) }) == true, let alarm = alarms[id] else {
            counters.refusedControls &+= 1
            return
        }
        effects.decide(.alarmAcknowledged, at: now, device: alarm.device) { writer in
            writer.member("alarm", id)
            writer.member("by", person)
        }
        // What was kept only until somebody has seen it is over now.
        if let normal = alarm.normalSinceMilliseconds, !alarm.isFlapping, let device = fleet.device(named: alarm.device) {
            finish(device, id, at: normal, alarm.clearedBy, &effects)
        }
    }

    /// The alarm weighs more or less than before, because its condition goes on or is about to end.
    mutating func weigh(_ device: DeviceIndex, condition: String, _ severity: Severity, at time: Int64, _ effects: inout [Effect]) {
        guard let id = standing(device, condition, .condition) else { return }
        let updated = alarms.update(id) { alarm -> (Severity, Alarm) in
            defer { alarm.severity = severity }
            return (alarm.severity, alarm)
        }
        guard let (before, alarm) = updated, before != severity else { return }
        effects.decide(.alarmSeverity, at: time, device: alarm.device) { writer in
            writer.member("alarm", id)
            writer.member("condition", condition)
            writer.member("severity", severity.rawValue)
            writer.member("before", before.rawValue)
        }
        // What did not matter enough for a person may do so now.
        guard severity < before, !alarm.isFlapping, let now = alarms[id], openRun(for: id, device) == nil else { return }
        dispatch(device, now, playbook(of: now, device), &effects)
    }

    private func openRun(for alarm: String, _ device: DeviceIndex) -> String? {
        fleet.records[device].openRuns.first { runs[$0]?.alarm == alarm }
    }

    /// Ends the alarms that a reload left without a rule: nothing else ever would.
    mutating func endOrphans(_ effects: inout [Effect]) {
        for orphan in orphans { clear(orphan.device, condition: orphan.condition, source: orphan.source, at: now, [], &effects) }
        orphans = []
    }

    /// The device's list of codes changed: what is new raises, what is gone clears.
    mutating func deviceAlerts(
        _ device: DeviceIndex, _ profile: ProfileIndex, list: Int, scope: String, reported: [ReportedCode], _ time: Int64,
        _ effects: inout [Effect]
    ) {
        while fleet.records[device].alertCodes.count <= list { fleet.records[device].alertCodes.append([]) }
        let all = fleet.records[device].alertCodes[list]
        let former = scope.isEmpty ? all : all.filter { $0.hasPrefix(scope) }
        let codes = reported.map(\.code)
        let others = scope.isEmpty ? [] : all.filter { !$0.hasPrefix(scope) }
        // What is folded is not remembered as reported, so that it is told when there is room and it is reported again.
        let remembered = codes.prefix(max(Self.maximumReportedCodes - others.count, 0))
        fleet.records[device].alertCodes[list] = others + remembered
        for code in former where !codes.contains(code) { clear(device, condition: code, source: .deviceAlert, at: time, [], &effects) }
        var folded: [String] = []
        for alert in reported where !former.contains(alert.code) {
            if !raise(device, Self.cause(alert, at: time), at: time, &effects) { folded.append(alert.code) }
        }
        if !folded.isEmpty { fleet.records[device].alertCodes[list].removeAll { folded.contains($0) } }
    }

    /// The codes of a list of the message that was decoded last. `lists` are those that held before.
    func reportedCodes(_ profile: ProfileIndex, _ alerts: ReportedAlerts, former lists: [[String]]) -> (
        scope: String, codes: [ReportedCode]
    ) {
        let scope = fleet.profiles[profile].layout.scope(of: alerts)
        let all = lists.indices.contains(alerts.list) ? lists[alerts.list] : []
        let former = scope.isEmpty ? all : all.filter { $0.hasPrefix(scope) }
        var reported = decoder.codes(
            of: alerts, layout: fleet.profiles[profile].layout, former: former.map { String($0.dropFirst(scope.count)) })
        if !scope.isEmpty { for index in reported.indices { reported[index].code = scope + reported[index].code } }
        return (scope, reported)
    }

    static func cause(_ alert: ReportedCode, at time: Int64) -> AlarmCause {
        AlarmCause(
            condition: alert.code, source: .deviceAlert, severity: alert.severity, text: alert.text, playbook: alert.playbook,
            onsetMilliseconds: time)
    }

    /// The operating status changed: downtime is counted, and incidents open and close.
    mutating func status(_ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64, _ effects: inout [Effect]) {
        enter(device, equipmentState(device, profile) ?? .unknown, at: time, &effects)
    }

    /// What the metrics say of it now; nil while they say nothing.
    private func equipmentState(_ device: DeviceIndex, _ profile: ProfileIndex) -> EquipmentState? {
        let down = fleet.profiles[profile].derived.downSlot
        if let value = fleet.value(device, down).live, fleet.profiles[profile].derived.saysDown(value) { return .unscheduledDowntime }
        // What was retained tells a value, and moves nothing.
        return fleet.value(device, fleet.profiles[profile].derived.statusSlot).live.map {
            fleet.profiles[profile].derived.equipmentState($0)
        }
    }

    mutating func enter(_ device: DeviceIndex, _ state: EquipmentState, at time: Int64, _ effects: inout [Effect]) {
        // What is down while people work on it is down as planned.
        let isPlanned = state == .unscheduledDowntime && !plans.isEmpty && isMaintained(device, at: time)
        let state = isPlanned ? .scheduledDowntime : state
        _ = fleet.records[device].ledger.enter(state, atMilliseconds: time)
        switch fleet.records[device].incidents.follow(state, atMilliseconds: time, isHandledRemotely: isBeingMended(device)) {
        case .opened(let incident):
            effects.decide(.incidentOpened, at: incident.onsetMilliseconds, device: fleet.records[device].id) { writer in
                writer.member("incident", incident.id)
            }
        case .closed(let incident):
            effects.decide(.incidentClosed, at: time, device: fleet.records[device].id) { writer in
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
        for device in fleet.devices.indices where !fleet.devices[device].isSilent && !fleet.devices[device].isVacant {
            let heard = max(fleet.devices[device].arrivalMilliseconds, listeningSince)
            let profile = fleet.profiles[fleet.devices[device].profile].layout.profile
            guard fleet.devices[device].arrivalMilliseconds != .min, now &- heard >= profile.silentAfterMilliseconds else { continue }
            fleet.devices[device].isSilent = true
            let last = fleet.devices[device].newestMilliseconds
            fleet.records[device].ledger.hear(atMilliseconds: last)
            _ = fleet.records[device].ledger.fallSilent()
            let cause = AlarmCause(
                condition: "silent", source: .silence, severity: .minor,
                text: "Nothing was heard for \(profile.silentAfterMilliseconds / 1000) s", playbook: nil, onsetMilliseconds: last)
            raise(device, cause, at: now, &effects)
        }
    }

    mutating func spokeAgain(_ device: DeviceIndex, at time: Int64, _ effects: inout [Effect]) {
        fleet.devices[device].isSilent = false
        clear(device, condition: "silent", source: .silence, at: now, [], &effects)
        reconsiderSuppression(device, &effects)
        let slot = fleet.profiles[fleet.devices[device].profile].derived.statusSlot
        guard slot >= 0 else { return }
        // What the device said last counts again until it says otherwise.
        guard let state = equipmentState(device, fleet.devices[device].profile) else { return }
        enter(device, state, at: time, &effects)
    }
}
