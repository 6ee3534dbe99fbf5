import Telemetry

/// Lays the conditions of one fault out flat.
struct ConditionCompiler {
    let layout: ProfileLayout
    var nodes: [ConditionNode] = []
    /// The metrics in the order in which they were met: the inputs of the rule.
    var metrics: [String] = []

    init(layout: ProfileLayout) { self.layout = layout }

    /// Adds a condition behind its parts, and returns its number. The duration of the outermost one belongs to the rule.
    mutating func add(_ rule: ConditionRule, isRoot: Bool = false) -> Int {
        var node = ConditionNode(test: .never)
        if !isRoot { node.forMilliseconds = rule.forMilliseconds }
        node.untold = rule.untold
        if let metric = rule.metric { node.input = input(metric) }
        switch rule.kind {
        case .value(let metric, let comparison, let hysteresis):
            compare(&node, metric, comparison)
            node.hysteresis = hysteresis
        case .rate(let metric, let comparison, let per, let window):
            compare(&node, metric, comparison)
            node.ratePerMilliseconds = per
            node.windowMilliseconds = window
            node.isCounter = slot(metric)?.kind == .counter
        case .enters(let metric, let names): if let bits = states(metric, names) { node.test = .enters(bits) }
        case .leaves(let metric, let names): if let bits = states(metric, names) { node.test = .leaves(bits) }
        case .bit(_, let bit, let isSet): node.test = .bit(1 << UInt64(bit & 63), isSet: isSet)
        case .all(let parts): node.test = .all(bits(parts))
        case .any(let parts): node.test = .any(bits(parts))
        case .not(let part): node.test = .not(add(part))
        case .count(let part, let window, let times):
            node.test = .count(add(part), withinMilliseconds: window, times: Int64(times))
        case .unchanged(_, let tolerance, let duration, let meanwhile):
            unchanged(&node, tolerance, duration, meanwhile)
        case .notRising(_, let duration, let meanwhile):
            // A counter that does not rise stays; one that falls was set back, which begins the wait anew.
            unchanged(&node, 0, duration, meanwhile)
        case .noData(_, let duration): node.test = .noData(milliseconds: duration)
        }
        nodes.append(node)
        precondition(
            nodes.count <= FaultRule.maximumNodes && metrics.count <= FaultRule.maximumMetrics,
            "the bits of a fault's words do not reach: the profile's reader lets no fault through with so many conditions")
        return nodes.count - 1
    }

    private mutating func unchanged(_ node: inout ConditionNode, _ tolerance: Double, _ duration: Int64, _ meanwhile: ConditionRule?) {
        precondition(duration > 0, "\"unchanged\" is a duration: without one it has no timer to follow")
        node.test = .unchanged(tolerance: tolerance)
        node.forMilliseconds = duration
        if let meanwhile { node.meanwhile = Int32(add(meanwhile)) }
    }

    private mutating func bits(_ parts: [ConditionRule]) -> UInt32 {
        parts.reduce(0) { $0 | 1 << UInt32(add($1) & 31) }
    }

    private mutating func input(_ metric: String) -> Int32 {
        if let known = metrics.firstIndex(of: metric) { return Int32(known) }
        metrics.append(metric)
        return Int32(metrics.count - 1)
    }

    private func slot(_ metric: String) -> MetricSlot? { layout.slot(named: metric).map { layout[$0] } }

    private mutating func compare(_ node: inout ConditionNode, _ metric: String, _ comparison: Comparison) {
        var bound = 0.0
        switch comparison.operand {
        case .number(let number)?: bound = number
        case .metric(let other, let times, let plus)?:
            node.operand = input(other)
            node.times = times
            node.plus = plus
        case nil: break
        }
        // A bound says nothing about a state, and a name nothing about a number.
        if comparison.operand != nil, slot(metric)?.kind == .state { return }
        switch comparison {
        case .above: node.test = .above(bound)
        case .atLeast: node.test = .atLeast(bound)
        case .below: node.test = .below(bound)
        case .atMost: node.test = .atMost(bound)
        case .equals(let text): if let bits = states(metric, [text]) { node.test = .states(bits) }
        case .notEquals(let text): if let bits = states(metric, [text], inverted: true) { node.test = .states(bits) }
        case .within(let list): if let bits = states(metric, list) { node.test = .states(bits) }
        }
    }

    /// Nil for a metric that no device has shown, or that is no state.
    private func states(_ metric: String, _ wanted: [String], inverted: Bool = false) -> UInt64? {
        guard let slot = slot(metric), slot.kind == .state else { return nil }
        var bits: UInt64 = 0
        for (index, state) in slot.states.enumerated().prefix(64) where wanted.contains(state) != inverted { bits |= 1 << UInt64(index) }
        return bits
    }

    /// Bits of the inputs that some nodes look at.
    func inputs(of range: Range<Int>) -> UInt32 {
        nodes[range].reduce(0) { bits, node in
            bits | (node.input >= 0 ? 1 << UInt32(node.input) : 0) | (node.operand >= 0 ? 1 << UInt32(node.operand) : 0)
        }
    }
}
