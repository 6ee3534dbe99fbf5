import FaultDetection
import Telemetry

/// Readings on their way through the conditions of the profile.
extension StewardCore {
    func evaluationTime(_ profile: ProfileIndex, _ time: Int64) -> EvaluationTime {
        // A dead letter that is taken once more is no sign of life.
        EvaluationTime(
            timeMilliseconds: time, gapMilliseconds: fleet.profiles[profile].layout.profile.gapMilliseconds,
            arrivalMilliseconds: replayedArrivalMilliseconds == nil ? now : 0, listeningSinceMilliseconds: listeningSince)
    }

    /// Only for a slot that a rule looks at.
    mutating func judge(_ device: DeviceIndex, _ profile: ProfileIndex, _ reading: Reading, _ time: Int64, _ effects: inout [Effect]) {
        let at = evaluationTime(profile, time)
        let first = Int(fleet.devices[device].firstCell)
        for watch in fleet.profiles[profile].derived.faults.rules(watching: reading.slot) {
            let transition = fleet.cells.withPointer(to: first) { cells in
                fleet.profiles[profile].derived.faults.observe(watch, value: reading.value, at: at, cells)
            }
            guard case .some(.some(let transition)) = transition else { continue }
            follow(transition, device, profile, Int(watch.rule), reading.slot, time, &effects)
        }
    }

    /// The metric is unknown: what looks at it beside others knows less.
    mutating func forget(_ device: DeviceIndex, _ profile: ProfileIndex, _ slot: Int32) {
        fleet.cells.withPointer(to: Int(fleet.devices[device].firstCell)) { block in
            for watch in fleet.profiles[profile].derived.faults.rules(watching: slot) {
                fleet.profiles[profile].derived.faults.forget(watch, block)
            }
        }
    }

    /// The device has spoken: are there metrics of which it says nothing any more?
    mutating func lookForMissing(_ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64, _ effects: inout [Effect]) {
        let at = evaluationTime(profile, time)
        let first = Int(fleet.devices[device].firstCell)
        for rule in fleet.profiles[profile].derived.faults.silenceRules {
            let transition = fleet.cells.withPointer(to: first) { cells in
                fleet.profiles[profile].derived.faults.look(Int(rule), at: at, cells)
            }
            guard case .some(.some(let transition)) = transition else { continue }
            follow(transition, device, profile, Int(rule), -1, time, &effects)
        }
    }

    private mutating func follow(
        _ transition: FaultTransition, _ device: DeviceIndex, _ profile: ProfileIndex, _ number: Int, _ slot: Int32, _ time: Int64,
        _ effects: inout [Effect]
    ) {
        let rule = fleet.profiles[profile].layout.profile.faults[number]
        switch transition {
        case .raised(let onset, let severity):
            let cause = AlarmCause(
                condition: rule.id, source: .condition, severity: severity, text: rule.text, playbook: rule.playbook,
                onsetMilliseconds: onset, evidence: evidence(device, profile, number, first: slot), flapping: rule.flapping)
            raise(device, cause, at: time, &effects)
        case .cleared:
            clear(
                device, condition: rule.id, source: .condition, at: time, evidence(device, profile, number, first: slot), &effects)
        case .weighs(let severity):
            weigh(device, condition: rule.id, severity, at: time, &effects)
        }
    }

    /// What the rule saw: the metric that was read last first.
    func evidence(_ device: DeviceIndex, _ profile: ProfileIndex, _ number: Int, first slot: Int32) -> [Alarm.Evidence] {
        let clauses =
            fleet.cells.withReadPointer(to: Int(fleet.devices[device].firstCell)) {
                fleet.profiles[profile].derived.faults.clauses(ofRule: number, $0)
            } ?? []
        return Self.evidence(clauses, fleet.profiles[profile].layout, first: slot)
    }

    static func evidence(_ clauses: [FaultConditions.Clause], _ layout: ProfileLayout, first slot: Int32) -> [Alarm.Evidence] {
        let sorted = clauses.filter { $0.slot == slot } + clauses.filter { $0.slot != slot }
        return sorted.compactMap { clause in
            guard clause.slot >= 0, let value = clause.value else { return nil }
            let definition = layout.slots[Int(clause.slot)]
            return Alarm.Evidence(
                metric: definition.name, value: value, text: definition.kind == .state ? state(definition, value) : nil,
                timeMilliseconds: clause.timeMilliseconds)
        }
    }
}
