import FaultDetection
import Telemetry

/// Readings on their way through the conditions of the profile.
extension StewardCore {
    func evaluationTime(_ profile: ProfileIndex, _ time: Int64) -> EvaluationTime {
        // A dead letter that is taken once more is no sign of life.
        EvaluationTime(
            timeMilliseconds: time, gapMilliseconds: fleet.profiles[profile].layout.profile.gapMilliseconds,
            arrivalMilliseconds: replayedArrivalMilliseconds == nil ? now : 0, listeningSinceMilliseconds: presence.listeningSince)
    }

    /// Only for a slot that a rule looks at.
    mutating func judge(_ device: DeviceIndex, _ profile: ProfileIndex, _ reading: Reading, _ time: Int64) {
        let at = evaluationTime(profile, time)
        let first = Int(fleet.devices[device].firstCell)
        let faults = fleet.profiles[profile].derived.faults
        for watch in faults.rules(watching: reading.slot) {
            let transition = fleet.cells.withPointer(to: first) { faults.observe(watch, value: reading.value, at: at, $0) }
            guard case .some(.some(let transition)) = transition else { continue }
            follow(transition, device, profile, Int(watch.rule), reading.slot, time)
        }
    }

    /// The metric is unknown: what looks at it beside others knows less.
    mutating func forget(_ device: DeviceIndex, _ profile: ProfileIndex, _ slot: SlotIndex) {
        fleet.cells.withPointer(to: Int(fleet.devices[device].firstCell)) { block in
            for watch in fleet.profiles[profile].derived.faults.rules(watching: slot) {
                fleet.profiles[profile].derived.faults.forget(watch, block)
            }
        }
    }

    /// The device has spoken: are there metrics of which it says nothing any more?
    mutating func lookForMissing(_ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64) {
        let at = evaluationTime(profile, time)
        let first = Int(fleet.devices[device].firstCell)
        for rule in fleet.profiles[profile].derived.faults.silenceRules {
            let transition = fleet.cells.withPointer(to: first) { cells in
                fleet.profiles[profile].derived.faults.look(Int(rule), at: at, cells)
            }
            guard case .some(.some(let transition)) = transition else { continue }
            follow(transition, device, profile, Int(rule), .none, time)
        }
    }

    private mutating func follow(
        _ transition: FaultTransition, _ device: DeviceIndex, _ profile: ProfileIndex, _ number: Int, _ slot: SlotIndex, _ time: Int64
    ) {
        let rule = fleet.profiles[profile].layout.profile.faults[number]
        switch transition {
        case .raised(let onset, let severity):
            let cause = AlarmCause(
                condition: rule.id, source: .condition, severity: severity, text: rule.text,
                onsetMilliseconds: onset, evidence: evidence(device, profile, number, first: slot), flapping: rule.flapping)
            out.tell(.conditionBegan(device, cause, at: time))
        case .cleared:
            let evidence = evidence(device, profile, number, first: slot)
            out.tell(.conditionEnded(device, condition: rule.id, source: .condition, at: time, evidence: evidence))
        case .weighs(let severity): out.tell(.conditionWeighs(device, condition: rule.id, severity, at: time))
        }
    }

    /// What the rule saw: the metric that was read last first.
    func evidence(_ device: DeviceIndex, _ profile: ProfileIndex, _ number: Int, first slot: SlotIndex) -> [Alarm.Evidence] {
        let clauses =
            fleet.cells.withReadPointer(to: Int(fleet.devices[device].firstCell)) {
                fleet.profiles[profile].derived.faults.clauses(ofRule: number, $0)
            } ?? []
        return Alarm.Evidence.of(clauses, fleet.profiles[profile].layout, first: slot)
    }
}
