/// The truth of single conditions.
extension FaultConditions {
    /// Walks over the nodes of a rule. `updated` is the input that was just read, or -1: only that one moves what counts readings.
    func evaluate(_ number: Int, updated: Int32, at time: EvaluationTime, _ cells: Block) -> NodeTruths {
        var truths = NodeTruths()
        let first = rules[number].firstNode
        for index in 0..<rules[number].nodeCount {
            let place = first + index
            var holds = test(place, index, updated, truths, at: time, cells)
            // An unknown that was told stays one: the time of its last reading is kept.
            if holds == nil, let untold = nodes[place].untold, cells[2 + 2 * Int(nodes[place].input)] == 0 { holds = untold }
            // `stays` has followed the duration of `unchanged` already.
            if case .unchanged = nodes[place].test {} else if nodes[place].hasTimer { holds = lasts(place, holds, at: time, cells) }
            truths[index] = holds
        }
        return truths
    }

    /// A part that has to hold for some time.
    private func lasts(_ place: Int, _ holds: Bool?, at time: EvaluationTime, _ cells: Block) -> Bool? {
        let timer = cells + nodes[place].timerCell
        switch holds {
        case true?:
            ConditionTimer.goOn(timer, at: time.timeMilliseconds, gap: time.gapMilliseconds)
            return ConditionTimer.milliseconds(timer) >= nodes[place].forMilliseconds
        case false?:
            ConditionTimer.stop(timer)
            return false
        case nil:
            ConditionTimer.pause(timer)
            return nil
        }
    }

    @inline(__always)
    private func value(_ input: Int32, _ cells: Block) -> Double? {
        guard input >= 0, cells[0] & (1 << Int64(8 + input)) != 0 else { return nil }
        return Double(bitPattern: UInt64(bitPattern: cells[1 + 2 * Int(input)]))
    }

    private func test(
        _ place: Int, _ index: Int, _ updated: Int32, _ truths: NodeTruths, at time: EvaluationTime, _ cells: Block
    ) -> Bool? {
        let node = nodes[place]
        switch node.test {
        case .above(let bound): return compare(node, index, bound, 1, isStrict: true, updated, at: time, cells)
        case .atLeast(let bound): return compare(node, index, bound, 1, isStrict: false, updated, at: time, cells)
        case .below(let bound): return compare(node, index, bound, -1, isStrict: true, updated, at: time, cells)
        case .atMost(let bound): return compare(node, index, bound, -1, isStrict: false, updated, at: time, cells)
        case .states(let bits): return value(node.input, cells).map { Self.isState($0, among: bits) }
        case .bit(let mask, let isSet):
            guard let value = value(node.input, cells), let whole = Int64(exactly: value), whole >= 0 else { return nil }
            return (UInt64(whole) & mask != 0) == isSet
        case .enters(let bits): return crosses(node, bits, inward: true, updated, cells)
        case .leaves(let bits): return crosses(node, bits, inward: false, updated, cells)
        case .all(let parts):
            if truths.known & ~truths.holds & parts != 0 { return false }
            return truths.holds & parts == parts ? true : nil
        case .any(let parts):
            if truths.holds & parts != 0 { return true }
            return truths.known & parts == parts ? false : nil
        case .not(let part): return truths[part].map { !$0 }
        case .count(let part, let window, let times): return counts(node, index, truths[part], window, times, at: time, cells)
        case .unchanged(let tolerance): return stays(node, tolerance, updated, truths, at: time, cells)
        case .noData(let duration):
            if updated == node.input, time.arrivalMilliseconds > 0 { cells[node.cell] = time.arrivalMilliseconds }
            guard time.arrivalMilliseconds > 0, cells[node.cell] > 0 else { return nil }
            return time.arrivalMilliseconds &- max(cells[node.cell], time.listeningSinceMilliseconds) >= duration
        case .never: return value(node.input, cells) == nil ? nil : false
        }
    }

    private static func isState(_ value: Double, among bits: UInt64) -> Bool {
        value >= 0 && value < 64 && bits & (1 << UInt64(value)) != 0
    }

    /// `direction` 1: the value has to be above; -1: below.
    @inline(__always)
    private func compare(
        _ node: ConditionNode, _ index: Int, _ bound: Double, _ direction: Double, isStrict: Bool, _ updated: Int32,
        at time: EvaluationTime, _ cells: Block
    ) -> Bool? {
        var bound = bound
        if node.operand >= 0 {
            guard let other = value(node.operand, cells) else { return nil }
            bound = other * node.times + node.plus
        }
        guard var value = value(node.input, cells) else { return nil }
        if node.ratePerMilliseconds != 0 {
            guard let rate = rate(node, value, updated, at: time, cells) else { return nil }
            value = rate
        }
        let distance = (value - bound) * direction
        var holds = isStrict ? distance > 0 : distance >= 0
        if node.hysteresis > 0 {
            let bit: Int64 = 1 << Int64(32 + index)
            if cells[0] & bit != 0, !holds { holds = isStrict ? distance > -node.hysteresis : distance >= -node.hysteresis }
            cells[0] = holds ? cells[0] | bit : cells[0] & ~bit
        }
        return holds
    }

    /// The state was another one before: 1 outside, 2 inside, 0 not known.
    private func crosses(_ node: ConditionNode, _ bits: UInt64, inward: Bool, _ updated: Int32, _ cells: Block) -> Bool? {
        guard let value = value(node.input, cells) else { return nil }
        guard updated == node.input else { return false }
        let before = cells[node.cell]
        let isInside = Self.isState(value, among: bits)
        cells[node.cell] = isInside ? 2 : 1
        return inward ? before == 1 && isInside : before == 2 && !isInside
    }

    /// How often the part began to hold: the times of the last few beginnings, as a ring.
    private func counts(
        _ node: ConditionNode, _ index: Int, _ part: Bool?, _ window: Int64, _ times: Int64, at time: EvaluationTime, _ cells: Block
    ) -> Bool? {
        let bit: Int64 = 1 << Int64(32 + index)
        let ring = cells + node.cell
        if let part {
            if part, cells[0] & bit == 0 {
                ring[1 + Int(ring[0] % times)] = time.timeMilliseconds
                ring[0] &+= 1
            }
            cells[0] = part ? cells[0] | bit : cells[0] & ~bit
        }
        guard ring[0] >= times else { return false }
        // The oldest of the ring is the next to be overwritten.
        let elapsed = time.timeMilliseconds.subtractingReportingOverflow(ring[1 + Int(ring[0] % times)])
        return !elapsed.overflow && elapsed.partialValue <= window
    }

    /// The value that it had when it changed last, and how long ago that was by the readings since.
    private func stays(
        _ node: ConditionNode, _ tolerance: Double, _ updated: Int32, _ truths: NodeTruths, at time: EvaluationTime, _ cells: Block
    ) -> Bool? {
        guard let value = value(node.input, cells) else { return nil }
        let timer = cells + node.timerCell
        if node.meanwhile >= 0 {
            guard let other = truths[Int(node.meanwhile)] else {
                ConditionTimer.pause(timer)
                return nil
            }
            guard other else {
                ConditionTimer.stop(timer)
                return false
            }
        }
        let anchor = Double(bitPattern: UInt64(bitPattern: cells[node.cell]))
        if !ConditionTimer.isRunning(timer) || abs(value - anchor) > tolerance {
            cells[node.cell] = Int64(bitPattern: value.bitPattern)
            ConditionTimer.start(timer, at: time.timeMilliseconds)
        } else if updated == node.input {
            ConditionTimer.goOn(timer, at: time.timeMilliseconds, gap: time.gapMilliseconds)
        }
        return ConditionTimer.milliseconds(timer) >= node.forMilliseconds
    }

    /// The change over the window, from at most sixteen readings of it; nil until half of the window is known.
    private func rate(_ node: ConditionNode, _ value: Double, _ updated: Int32, at time: EvaluationTime, _ cells: Block) -> Double? {
        let memory = cells + node.cell
        let samples = memory + 2
        var count = Int(memory[0])
        func sampleTime(_ index: Int) -> Int64 { samples[2 * index] }
        func sampleValue(_ index: Int) -> Double { Double(bitPattern: UInt64(bitPattern: samples[2 * index + 1])) }
        if updated == node.input, count == 0 || time.timeMilliseconds > memory[1] {
            let now = time.timeMilliseconds
            let pause = now.subtractingReportingOverflow(memory[1])
            let fell = count > 0 && node.isCounter && value < sampleValue(count - 1)
            // Nothing is known of a gap, and a counter that was set back tells nothing of before.
            if count > 0, pause.overflow || pause.partialValue > time.gapMilliseconds || fell { count = 0 }
            var old = 0
            while old < count, now &- sampleTime(old) > node.windowMilliseconds { old += 1 }
            if old > 0 {
                for cell in 0..<2 * (count - old) { samples[cell] = samples[cell + 2 * old] }
                count -= old
            }
            let spacing = node.windowMilliseconds / Int64(ConditionNode.rateSamples - 1)
            if count == 0 || (count < ConditionNode.rateSamples && now &- sampleTime(count - 1) >= spacing) {
                samples[2 * count] = now
                samples[2 * count + 1] = Int64(bitPattern: value.bitPattern)
                count += 1
            }
            memory[0] = Int64(count)
            memory[1] = now
        }
        guard count > 0 else { return nil }
        let span = memory[1] &- sampleTime(0)
        guard span > 0, span >= node.windowMilliseconds / 2 else { return nil }
        return (value - sampleValue(0)) * node.ratePerMilliseconds / Double(span)
    }
}
