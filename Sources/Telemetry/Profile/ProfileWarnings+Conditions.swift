import Documents

/// Warnings about conditions that can never hold, and about alarms that are raised and cleared by the same value.
extension ProfileReader {
    func warnOfConditions(_ profile: DeviceProfile, _ root: DocumentNode) {
        for fault in profile.faults {
            for node in conditionNodes(of: fault, root) { warnOfBounds(fault, node, profile) }
            guard let clear = fault.clear, let raised = Span(fault.raise), let cleared = Span(clear), raised.metric == cleared.metric,
                let value = raised.common(with: cleared)
            else { continue }
            report.warn(
                "fault \"\(fault.id)\" is raised and cleared by one value of \"\(raised.metric)\", such as \(value)",
                at: root.position(of: ["faults", .key(fault.id), "clear"]))
        }
    }

    /// A bound that lies beyond what the metric can be.
    private func warnOfBounds(_ fault: FaultRule, _ node: DocumentNode, _ profile: DeviceProfile) {
        guard let metric = node.member("metric")?.text, node.member("ratePer") == nil else { return }
        let rules = profile.metrics.filter { $0.name.text == metric }
        guard let largest = rules.map(\.maximum).max(), let smallest = rules.map(\.minimum).min() else { return }
        for form in ConditionForm.bounds {
            guard let place = node.member(form.rawValue), let bound = place.number else { continue }
            let (limit, key, isBeyond) =
                switch form {
                case .above: (largest, "maximum", bound >= largest)
                case .atLeast: (largest, "maximum", bound > largest)
                case .below: (smallest, "minimum", bound <= smallest)
                default: (smallest, "minimum", bound < smallest)
                }
            guard isBeyond, limit.isFinite else { continue }
            report.warn(
                "fault \"\(fault.id)\": \"\(form.rawValue)\" can never hold, as \"\(metric)\" has the \(key) \(plain(limit)); beyond it a value is unknown",
                at: place.position)
        }
    }
}

private func plain(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }

/// The values of one metric for which a condition holds, where it is a plain comparison.
private struct Span {
    let metric: String
    private var states: [String] = []
    /// Of numbers; the limits themselves belong to it or not.
    private var low = -Double.infinity
    private var high = Double.infinity
    private var isOpenBelow = false
    private var isOpenAbove = false

    init?(_ rule: ConditionRule) {
        guard case .value(let metric, let comparison, _) = rule.kind else { return nil }
        self.metric = metric
        switch comparison {
        case .above(.number(let bound)): (low, isOpenBelow) = (bound, true)
        case .atLeast(.number(let bound)): low = bound
        case .below(.number(let bound)): (high, isOpenAbove) = (bound, true)
        case .atMost(.number(let bound)): high = bound
        case .equals(let word): states = [word]
        case .within(let words): states = words
        case .above, .atLeast, .below, .atMost, .notEquals: return nil
        }
    }

    /// A value, in words, that both hold; nil when there is none, and when one is of states and the other of numbers.
    func common(with other: Span) -> String? {
        guard states.isEmpty, other.states.isEmpty else { return states.first(where: other.states.contains).map { "\"\($0)\"" } }
        let (from, to) = (max(low, other.low), min(high, other.high))
        if from < to { return plain(from.isFinite ? (to.isFinite ? (from + to) / 2 : from + 1) : to.isFinite ? to - 1 : 0) }
        guard from == to else { return nil }
        func holds(_ span: Span) -> Bool { !(span.low == from && span.isOpenBelow) && !(span.high == from && span.isOpenAbove) }
        return holds(self) && holds(other) ? plain(from) : nil
    }
}
