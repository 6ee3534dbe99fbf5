import FaultDetection
import Telemetry

/// Readings on their way through the conditions of the profile.
extension StewardCore {
    func evaluationTime(_ profile: Int, _ time: Int64) -> EvaluationTime {
        // A dead letter that is taken once more is no sign of life.
        EvaluationTime(
            timeMilliseconds: time, gapMilliseconds: layouts[profile].profile.gapMilliseconds,
            arrivalMilliseconds: replayedArrivalMilliseconds == nil ? now : 0, listeningSinceMilliseconds: listeningSince)
    }

    /// Only for a slot that a rule looks at.
    mutating func judge(_ device: Int, _ profile: Int, _ reading: Reading, _ time: Int64, _ effects: inout [Effect]) {
        let at = evaluationTime(profile, time)
        let first = Int(hot[device].firstFault)
        for watch in derived[profile].faults.rules(watching: reading.slot) {
            let transition = faultCells.withUnsafeMutableBufferPointer { cells in
                cells.baseAddress.flatMap { derived[profile].faults.observe(watch, value: reading.value, at: at, $0 + first) }
            }
            guard let transition else { continue }
            follow(transition, device, profile, Int(watch.rule), reading.slot, time, &effects)
        }
    }

    /// The metric is unknown: what looks at it beside others knows less.
    mutating func forget(_ device: Int, _ profile: Int, _ slot: Int32) {
        let first = Int(hot[device].firstFault)
        faultCells.withUnsafeMutableBufferPointer { cells in
            guard let block = cells.baseAddress.map({ $0 + first }) else { return }
            for watch in derived[profile].faults.rules(watching: slot) { derived[profile].faults.forget(watch, block) }
        }
    }

    /// The device has spoken: are there metrics of which it says nothing any more?
    mutating func lookForMissing(_ device: Int, _ profile: Int, _ time: Int64, _ effects: inout [Effect]) {
        let at = evaluationTime(profile, time)
        let first = Int(hot[device].firstFault)
        for rule in derived[profile].faults.silenceRules {
            let transition = faultCells.withUnsafeMutableBufferPointer { cells in
                cells.baseAddress.flatMap { derived[profile].faults.look(Int(rule), at: at, $0 + first) }
            }
            guard let transition else { continue }
            follow(transition, device, profile, Int(rule), -1, time, &effects)
        }
    }

    private mutating func follow(
        _ transition: FaultTransition, _ device: Int, _ profile: Int, _ number: Int, _ slot: Int32, _ time: Int64, _ effects: inout [Effect]
    ) {
        let rule = layouts[profile].profile.faults[number]
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
    func evidence(_ device: Int, _ profile: Int, _ number: Int, first slot: Int32) -> [Alarm.Evidence] {
        let first = Int(hot[device].firstFault)
        let clauses = faultCells.withUnsafeMutableBufferPointerIfAny { derived[profile].faults.clauses(ofRule: number, $0 + first) } ?? []
        return Self.evidence(clauses, layouts[profile], first: slot)
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

extension [Int64] {
    /// For reading only, although conditions take a pointer that they could write through: the copy is made where something is written.
    func withUnsafeMutableBufferPointerIfAny<Result>(_ body: (UnsafeMutablePointer<Int64>) -> Result) -> Result? {
        withUnsafeBufferPointer { cells in cells.baseAddress.map { body(UnsafeMutablePointer(mutating: $0)) } }
    }
}
