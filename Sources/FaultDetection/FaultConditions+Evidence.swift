import Telemetry

/// What a rule saw, for people.
extension FaultConditions {
    /// One metric that a rule looks at, as it was read last.
    public struct Clause: Equatable, Sendable {
        /// None while no device has shown the metric.
        public var slot: SlotIndex
        /// Nil while it is not known.
        public var value: Double?
        public var timeMilliseconds: Int64
    }

    /// The metrics of a rule with their values.
    public func clauses(ofRule number: Int, _ block: Block) -> [Clause] {
        let rule = rules[number]
        let cells = block + rule.firstCell
        return (0..<rule.inputCount).map { input in
            let isKnown = cells[0] & (1 << Int64(8 + input)) != 0
            return Clause(
                slot: inputs[rule.firstInput + input],
                value: isKnown ? Double(bitPattern: UInt64(bitPattern: cells[1 + 2 * input])) : nil, timeMilliseconds: cells[2 + 2 * input])
        }
    }

    /// One condition of a rule with its truth, as it stands at a time.
    public struct Finding: Equatable, Sendable {
        /// Nil: not known.
        public var holds: Bool?
        /// For a condition with a duration: how long it has held by the readings, and how long it has to.
        public var heldMilliseconds: Int64?
        public var neededMilliseconds: Int64?
        /// For a count: how often within the window. For a rate: the rate.
        public var number: Double?
        public var parts: [Finding]

        /// The duration that the outermost condition has to hold; until it is over, the condition does not count as true.
        fileprivate mutating func wait(for needed: Int64, held: Int64, isWaiting: Bool) {
            guard needed > 0 else { return }
            neededMilliseconds = needed
            heldMilliseconds = isWaiting ? max(0, held) : nil
            if isWaiting, holds == true, held < needed { holds = false }
        }
    }

    /// What stands of a rule: its conditions, and the fault itself.
    public struct Explanation: Equatable, Sendable {
        public var isActive: Bool
        public var severity: Severity
        public var raise: Finding
        public var clear: Finding?
    }

    /// How a rule stands. It looks at a copy, so that asking changes nothing.
    public func explain(rule number: Int, _ rules: FaultRule, at time: EvaluationTime, _ block: Block) -> Explanation {
        let rule = self.rules[number]
        var copy = Array(UnsafeBufferPointer(start: block + rule.firstCell, count: rule.cellCount))
        return copy.withUnsafeMutableBufferPointer { buffer in
            // A rule always has a header.
            guard let cells = buffer.baseAddress else {
                return Explanation(isActive: false, severity: rules.severity, raise: Finding(holds: nil, parts: []), clear: nil)
            }
            let isActive = cells[0] & 1 != 0
            let raiseHeld = ConditionTimer.milliseconds(cells + rule.raiseTimer)
            let clearHeld = ConditionTimer.milliseconds(cells + rule.clearTimer)
            let severity = Severity.allCases[Int(cells[0] >> 1) & 3]
            let truths = evaluate(number, updated: -1, at: time, cells)
            var raise = finding(rule, rules.raise, rule.raise, truths, at: time, cells)
            raise.wait(for: rule.raiseMilliseconds, held: raiseHeld, isWaiting: !isActive)
            var clear = rule.clear < 0 ? nil : rules.clear.map { finding(rule, $0, rule.clear, truths, at: time, cells) }
            clear?.wait(for: rule.clearMilliseconds, held: clearHeld, isWaiting: isActive)
            return Explanation(isActive: isActive, severity: isActive ? severity : rules.severity, raise: raise, clear: clear)
        }
    }

    private func finding(
        _ rule: Rule, _ definition: ConditionRule, _ index: Int, _ truths: NodeTruths, at time: EvaluationTime, _ cells: Block
    ) -> Finding {
        let node = nodes[rule.firstNode + index]
        var finding = Finding(holds: truths[index], parts: [])
        if node.forMilliseconds > 0 {
            finding.heldMilliseconds = max(0, ConditionTimer.milliseconds(cells + node.timerCell))
            finding.neededMilliseconds = node.forMilliseconds
        }
        // The parts stand before their condition, each with its own parts before it.
        var ends: [Int] = []
        var next = index
        for part in definition.parts.reversed() {
            ends.append(next - 1)
            next -= part.nodeCount
        }
        finding.parts = zip(definition.parts, ends.reversed()).map { self.finding(rule, $0, $1, truths, at: time, cells) }
        if case .count(_, let window, let times) = node.test {
            let ring = cells + node.cell
            let recent = (0..<Int(min(times, ring[0]))).filter {
                let elapsed = time.timeMilliseconds.subtractingReportingOverflow(ring[1 + $0])
                return !elapsed.overflow && elapsed.partialValue <= window
            }
            finding.number = Double(recent.count)
        }
        return finding
    }
}
