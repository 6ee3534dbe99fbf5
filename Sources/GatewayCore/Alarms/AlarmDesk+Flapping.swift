import Documents
import FaultDetection
import Telemetry

/// Alarms that come and go: their changes are counted and not told, until they are quiet.
extension AlarmDesk {
    /// One alarm, and one ticket for a person to find out why.
    mutating func beginFlapping(_ device: DeviceIndex, _ alarm: Alarm, at time: Int64, _ out: inout StepOutput) {
        flapping.append(alarm.id)
        noteDue(alarm.quietMilliseconds)
        out.decide(.alarmFlapping, at: time, device: alarm.device) { writer in
            writer.member("alarm", alarm.id)
            writer.member("condition", alarm.condition)
            writer.member("changes", alarm.changes.count)
        }
        guard alarm.source != .silence, alarm.source != .anomaly, alarm.severity <= .major, !alarm.isLate else { return }
        let reason = "it comes and goes: \(alarm.changes.count) changes in a short time"
        out.tell(.personWanted(device, alarm: alarm.id, reason: reason, isHeldBack: true))
    }

    /// When quiet has lasted long enough by the clock on the wall. What is on its way may still tell of a change.
    func quietEnd(_ device: DeviceIndex, _ rule: FlappingRule, _ fleet: FleetState, _ now: Int64) -> Int64 {
        now &+ rule.withinMilliseconds &+ fleet.rules(of: device).allowedLatenessMilliseconds
    }

    /// Whether the device's own time says that it was quiet for long enough before this change, and the alarm has ended with that.
    mutating func endFlapping(
        _ device: DeviceIndex, _ id: String, _ rule: FlappingRule, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput
    ) -> Bool {
        guard let alarm = alarms[id], alarm.isFlapping, let last = alarm.changes.last else { return false }
        let elapsed = time.subtractingReportingOverflow(last)
        guard elapsed.overflow || elapsed.partialValue > rule.withinMilliseconds else { return false }
        calmDown(id)
        flapping.removeAll { $0 == id }
        guard let normal = alarm.normalSinceMilliseconds else { return false }
        finish(device, id, at: normal, alarm.clearedBy, fleet, &out)
        return true
    }

    private mutating func calmDown(_ id: String) {
        _ = alarms.update(id) {
            $0.isFlapping = false
            $0.quietMilliseconds = nil
        }
    }

    /// Quiet for as long as the profile asks: the alarm is an ordinary one again, or over.
    mutating func endFlapping(_ fleet: FleetState, _ out: inout StepOutput) {
        for id in flapping {
            guard let alarm = alarms[id], let quiet = alarm.quietMilliseconds, out.now >= quiet,
                let device = fleet.device(named: alarm.device)
            else { continue }
            calmDown(id)
            if let normal = alarm.normalSinceMilliseconds { finish(device, id, at: normal, alarm.clearedBy, fleet, &out) }
        }
        flapping.removeAll { alarms[$0]?.isFlapping != true }
    }
}

/// Alarms beyond what one device may have at a time.
extension AlarmDesk {
    enum Room {
        case free
        /// There is room when this one, which is less severe, goes.
        case inPlaceOf(Alarm)
        case none
    }

    /// Whether one more alarm may stand, beside the one that stands for those beyond. What the gateway itself says always may.
    func room(_ device: DeviceIndex, for cause: AlarmCause) -> Room {
        let isFolded = standing(device, Alarm.foldedCondition, .deviceAlert) != nil
        guard state(of: device).active.count - (isFolded ? 1 : 0) >= Self.maximumStandingAlarms, Self.isFromDevice(cause.source),
            cause.condition != Alarm.foldedCondition
        else { return .free }
        var least: Alarm?
        for alarm in standingAlarms(of: device)
        where Self.isFromDevice(alarm.source) && alarm.condition != Alarm.foldedCondition && alarm.severity >= least?.severity ?? .critical
        {
            // Of the least severe ones the newest.
            least = alarm
        }
        guard let least, cause.severity < least.severity else { return .none }
        return .inPlaceOf(least)
    }

    private static func isFromDevice(_ source: Alarm.Source) -> Bool {
        source == .condition || source == .deviceAlert || source == .anomaly
    }

    /// As if it had not been reported, so that it is told when there is room and it is reported again.
    mutating func forget(code: String, _ device: DeviceIndex) {
        update(device) { state in for list in state.codes.indices { state.codes[list].removeAll { $0 == code } } }
    }

    /// One alarm says that there are more than are shown.
    func fold(_ device: DeviceIndex, at time: Int64, _ out: inout StepOutput) {
        out.budgets.count(.alarmsFolded)
        guard standing(device, Alarm.foldedCondition, .deviceAlert) == nil else { return }
        let cause = AlarmCause(
            condition: Alarm.foldedCondition, source: .deviceAlert, severity: .major,
            text: "The device has more than \(Self.maximumStandingAlarms) alarms at a time; the least severe of them are only counted",
            onsetMilliseconds: time)
        out.tell(.conditionBegan(device, cause, at: time))
    }

    /// It ends when half of the room is free.
    func unfold(_ device: DeviceIndex, at time: Int64, _ out: inout StepOutput) {
        guard state(of: device).active.count <= Self.maximumStandingAlarms / 2,
            standing(device, Alarm.foldedCondition, .deviceAlert) != nil
        else { return }
        out.tell(.conditionEnded(device, condition: Alarm.foldedCondition, source: .deviceAlert, at: time))
    }
}
