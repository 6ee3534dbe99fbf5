import Telemetry

/// What a reading did to a fault.
public enum FaultTransition: Equatable, Sendable {
    /// The condition began at `onsetMilliseconds` and has now held long enough.
    case raised(onsetMilliseconds: Int64, Severity)
    /// The clear condition began at `sinceMilliseconds` and has now held long enough.
    case cleared(sinceMilliseconds: Int64)
    /// It still stands, and weighs more or less than before.
    case weighs(Severity)
}

/// When a reading is judged. Of one metric event time runs forward; of two it may be a little apart, where one is dated by its arrival.
public struct EvaluationTime: Equatable, Sendable {
    public var timeMilliseconds: Int64
    /// Two readings further apart say nothing about the time between them.
    public var gapMilliseconds: Int64
    /// Arrival time, for silence; 0 where it says nothing, as in a backfill.
    public var arrivalMilliseconds: Int64
    /// Since when the gateway was listening, in arrival time: before that, silence is no sign.
    public var listeningSinceMilliseconds: Int64

    public init(
        timeMilliseconds: Int64, gapMilliseconds: Int64, arrivalMilliseconds: Int64 = 0, listeningSinceMilliseconds: Int64 = 0
    ) {
        self.timeMilliseconds = timeMilliseconds
        self.gapMilliseconds = gapMilliseconds
        self.arrivalMilliseconds = arrivalMilliseconds
        self.listeningSinceMilliseconds = listeningSinceMilliseconds
    }
}

/// The truth of a rule's nodes, a bit each. Where nothing is known it is neither true nor false.
struct NodeTruths: Equatable, Sendable {
    var known: UInt32 = 0
    var holds: UInt32 = 0

    @inline(__always)
    subscript(node: Int) -> Bool? {
        get { known & (1 << UInt32(node)) == 0 ? nil : holds & (1 << UInt32(node)) != 0 }
        set {
            let bit: UInt32 = 1 << UInt32(node)
            known = newValue == nil ? known & ~bit : known | bit
            holds = newValue == true ? holds | bit : holds & ~bit
        }
    }
}

/// The judging of readings. A block is a device's `cellCount` numbers.
///
/// A rule's first cell is its header. Bit 0: the fault stands. Bits 1 and 2: how much it weighs. Bits 8 to 23: which inputs are known.
/// Bits 32 to 63: for each node whether it held at the last look, where that matters.
extension FaultConditions {
    public typealias Block = UnsafeMutablePointer<Int64>

    @inline(__always)
    public func isActive(_ rule: Int, _ block: Block) -> Bool { block[rules[rule].firstCell] & 1 != 0 }

    /// How much a fault weighs that stands.
    public func severity(_ rule: Int, _ block: Block) -> Severity {
        Severity.allCases[Int(block[rules[rule].firstCell] >> 1) & 3]
    }

    /// For what is known of the fault from elsewhere, such as its alarm: nothing but this is remembered.
    public func set(_ rule: Int, active severity: Severity, _ block: Block) {
        let cells = block + rules[rule].firstCell
        for cell in 0..<rules[rule].cellCount { cells[cell] = 0 }
        cells[0] = 1 | Self.bits(severity)
    }

    private static func bits(_ severity: Severity) -> Int64 { Int64(Severity.allCases.firstIndex(of: severity) ?? 0) << 1 }

    /// The metric is unknown from now on: what looks at it beside others is unknown, too.
    public func forget(_ watch: Watch, _ block: Block) { block[rules[Int(watch.rule)].firstCell] &= ~(1 << Int64(8 + watch.input)) }

    /// The metric is a counter that begins anew: what rates of it remember is of the former one.
    public func beginRates(_ watch: Watch, _ block: Block) {
        let rule = rules[Int(watch.rule)]
        for node in nodes[rule.firstNode..<rule.firstNode + rule.nodeCount]
        where node.input == watch.input && node.ratePerMilliseconds != 0 && node.isCounter {
            (block + rule.firstCell)[node.cell] = 0
        }
    }

    /// Takes one reading.
    public func observe(_ watch: Watch, value: Double, at time: EvaluationTime, _ block: Block) -> FaultTransition? {
        let number = Int(watch.rule)
        let cells = block + rules[number].firstCell
        let input = Int(watch.input)
        cells[0] |= 1 << Int64(8 + input)
        cells[1 + 2 * input] = Int64(bitPattern: value.bitPattern)
        cells[2 + 2 * input] = time.timeMilliseconds
        let truths = evaluate(number, updated: Int32(input), at: time, cells)
        return transition(number, inputs: 1 << UInt32(input), truths, at: time, cells)
    }

    /// Asks a rule that a metric's silence may fulfil.
    public func look(_ rule: Int, at time: EvaluationTime, _ block: Block) -> FaultTransition? {
        let cells = block + rules[rule].firstCell
        return transition(rule, inputs: .max, evaluate(rule, updated: -1, at: time, cells), at: time, cells)
    }

    /// What the truth of its conditions does to the fault.
    private func transition(
        _ number: Int, inputs: UInt32, _ truths: NodeTruths, at time: EvaluationTime, _ cells: Block
    ) -> FaultTransition? {
        let rule = rules[number]
        let holds = truths[rule.raise]
        let raising = cells + rule.raiseTimer
        guard cells[0] & 1 != 0 else {
            guard inputs & rule.raiseInputs != 0, run(raising, holds, time), ConditionTimer.milliseconds(raising) >= rule.raiseMilliseconds
            else {
                return nil
            }
            var onset = ConditionTimer.since(raising)
            // Where the condition is a duration itself, it began before it was true.
            let root = nodes[rule.firstNode + rule.raise]
            switch root.test {
            case .unchanged: onset = ConditionTimer.since(cells + root.timerCell)
            case .noData: onset = cells[2 + 2 * Int(root.input)]
            case .above, .atLeast, .below, .atMost, .states, .bit, .enters, .leaves, .all, .any, .not, .count, .never: break
            }
            let severity = escalated(rule, ConditionTimer.milliseconds(raising), from: rule.severity)
            cells[0] = (cells[0] & ~6) | 1 | Self.bits(severity)
            // The wait for the end begins with the next reading. With steps the onset's duration goes on in cells of its own.
            ConditionTimer.stop(cells + rule.clearTimer)
            return .raised(onsetMilliseconds: onset, severity)
        }
        let before = Severity.allCases[Int(cells[0] >> 1) & 3]
        var severity = before
        if rule.hasSteps, inputs & rule.raiseInputs != 0, run(raising, holds, time),
            ConditionTimer.milliseconds(raising) >= rule.raiseMilliseconds
        {
            severity = escalated(rule, ConditionTimer.milliseconds(raising), from: min(severity, rule.severity))
        }
        if inputs & rule.clearInputs != 0 {
            let clearing = cells + rule.clearTimer
            if run(clearing, rule.clear < 0 ? holds.map { !$0 } : truths[rule.clear], time) {
                if ConditionTimer.milliseconds(clearing) >= rule.clearMilliseconds {
                    let since = ConditionTimer.since(clearing)
                    end(rule, cells)
                    return .cleared(sinceMilliseconds: since)
                }
                severity = relaxed(rule, ConditionTimer.milliseconds(clearing), from: severity)
            }
        }
        guard severity != before else { return nil }
        cells[0] = (cells[0] & ~6) | Self.bits(severity)
        return .weighs(severity)
    }

    /// Follows a duration; true while it runs.
    @inline(__always)
    private func run(_ timer: Block, _ holds: Bool?, _ time: EvaluationTime) -> Bool {
        switch holds {
        case true?:
            ConditionTimer.goOn(timer, at: time.timeMilliseconds, gap: time.gapMilliseconds)
            return true
        case false?: ConditionTimer.stop(timer)
        case nil: ConditionTimer.pause(timer)
        }
        return false
    }

    private func escalated(_ rule: Rule, _ held: Int64, from severity: Severity) -> Severity {
        let steps = steps[rule.firstStep..<rule.firstStep + rule.escalations]
        return steps.reduce(severity) { held >= $1.afterMilliseconds ? min($0, $1.severity) : $0 }
    }

    private func relaxed(_ rule: Rule, _ held: Int64, from severity: Severity) -> Severity {
        let first = rule.firstStep + rule.escalations
        return steps[first..<first + rule.relaxations].reduce(severity) { held >= $1.afterMilliseconds ? max($0, $1.severity) : $0 }
    }

    /// The fault is over. With a clear condition of its own, what led to the alarm does not lead to the next one.
    private func end(_ rule: Rule, _ cells: Block) {
        cells[0] &= ~7
        ConditionTimer.stop(cells + rule.raiseTimer)
        ConditionTimer.stop(cells + rule.clearTimer)
        guard rule.clear >= 0 else { return }
        for node in nodes[rule.firstNode...rule.firstNode + rule.raise] {
            if node.memory == .arrival { continue }
            for cell in node.cell..<node.cell + node.cellCount { cells[cell] = 0 }
        }
    }
}
