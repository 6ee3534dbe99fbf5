import Documents

extension DocumentNode {
    /// One step down a document: a member by its key, or an item by its number.
    enum Step: Equatable, Sendable, ExpressibleByStringLiteral {
        case key(String)
        case index(Int)

        init(stringLiteral key: String) { self = .key(key) }
    }

    func child(_ step: Step) -> DocumentNode? {
        switch (step, value) {
        case (.key(let key), _): member(key)
        case (.index(let index), .array(let items)) where items.indices.contains(index): items[index]
        default: nil
        }
    }

    func node(at path: [Step]) -> DocumentNode? { path.reduce(self) { node, step in node?.child(step) } }

    /// Where the value at the end of `path` stands; where the path breaks off, the last value that is there.
    func position(of path: [Step]) -> SourcePosition {
        var node = self
        for step in path {
            guard let next = node.child(step) else { break }
            node = next
        }
        return node.position
    }
}

extension DeviceProfile {
    /// The unit of the metric of this name, empty when it has none; nil when there is no such metric. A plain name wins over a pattern.
    func unit(ofMetric name: String) -> String? {
        if let rule = metrics.first(where: { $0.name.text == name }) { return rule.unit }
        if supplies.contains(where: { NameTemplate("supply." + $0.name.text).canGive(name) }) { return "%" }
        return rule(giving: name)?.unit
    }

    /// The rule by which a captured name is read: a row of `named` that says it, or the first pattern that can give it.
    func rule(giving name: String) -> MetricRule? {
        metrics.first { $0.isRow(for: name) && $0.name.canGive(name) } ?? metrics.first { $0.onlyName == nil && $0.name.canGive(name) }
    }
}

extension ProfileReader {
    /// The metrics that a fault's conditions name, their units, and whether the test fits their kind.
    func checkConditions(of fault: FaultRule, _ profile: DeviceProfile, _ root: DocumentNode, _ known: [String]) {
        for node in conditionNodes(of: fault, root) {
            guard let place = node.member("metric"), let metric = place.text else { continue }
            guard profile.unit(ofMetric: metric) != nil else {
                report.add(
                    "fault \"\(fault.id)\" names the metric \"\(metric)\", which the profile does not define\(Spelling.hint(metric, among: known))",
                    at: place.position)
                continue
            }
            checkUnits(of: fault, metric, profile, node)
            checkKind(of: fault, metric, profile, node)
        }
    }

    /// A condition may say in which unit its number is. Nothing is converted, so another one than the metric's is a mistake.
    private func checkUnits(of fault: FaultRule, _ metric: String, _ profile: DeviceProfile, _ node: DocumentNode) {
        guard let actual = profile.unit(ofMetric: metric) else { return }
        if let place = node.member("unit"), let unit = place.text, actual != unit {
            let has = actual.isEmpty ? "has no unit" : "is in \"\(actual)\""
            report.add("fault \"\(fault.id)\" compares in \"\(unit)\", but the metric \"\(metric)\" \(has)", at: place.position)
        }
        for key in ConditionForm.bounds.map(\.rawValue) {
            // A factor may convert; without one the two must be of one unit.
            guard let bound = node.member(key), bound.member("times") == nil, node.member("ratePer") == nil,
                let place = bound.member("metric"), let other = place.text, let unit = profile.unit(ofMetric: other), unit != actual
            else { continue }
            report.add(
                "fault \"\(fault.id)\" compares \"\(metric)\" in \"\(actual)\" with \"\(other)\" in \"\(unit)\"; \"times\" can convert",
                at: place.position)
        }
    }

    /// A bound says nothing about a state, and a word nothing about a number.
    private func checkKind(of fault: FaultRule, _ metric: String, _ profile: DeviceProfile, _ node: DocumentNode) {
        let found =
            profile.metrics.first { $0.name.text == metric } ?? profile.metrics.first { $0.isRow(for: metric) && $0.name.canGive(metric) }
        guard let rule = found, case .object(let members) = node.value else { return }
        let isState = rule.kind == .state
        func isWrong(_ key: String) -> Bool {
            let subject = ConditionForm(rawValue: key)?.subject
            return isState ? subject == .number || ConditionForm.keysOfNumbers.contains(key) : subject == .state
        }
        guard let member = members.first(where: { isWrong($0.key) }) else { return }
        let fitting = ConditionForm.allCases.filter { $0.subject == (isState ? .state : .number) && $0.span != .afterItsDuration }
        let use = fitting.map(\.rawValue).joined(separator: ", ")
        report.add(
            "fault \"\(fault.id)\": \"\(member.key)\" cannot hold for the \(rule.kind.rawValue) \"\(metric)\"; use \(use)",
            at: member.keyPosition)
    }

    /// Wear goes by a counter, and work is what the status says.
    func checkWear(of fault: FaultRule, _ profile: DeviceProfile, _ root: DocumentNode, _ known: [String]) {
        guard let wear = fault.wear else { return }
        let path: [DocumentNode.Step] = ["faults", .key(fault.id), "remainingLife"]
        if let load = wear.loadCounter, !profile.metrics.contains(where: { $0.name.text == load && $0.kind == .counter }) {
            report.add(
                "fault \"\(fault.id)\" wears by \"\(load)\", which is no counter of this profile\(Spelling.hint(load, among: known))",
                at: root.position(of: path + ["load"]))
        }
        if wear.duringWork, profile.status?.productive.isEmpty != false {
            report.add(
                "fault \"\(fault.id)\" looks at the wear during work, but the profile has no \"status\" with productive states",
                at: root.position(of: path + ["duringWork"]))
        }
    }

    /// Another fault, a code of an alert list, or the device's silence. Codes that no list names may still come.
    func checkSuppressor(_ name: String, of fault: FaultRule, _ profile: DeviceProfile, _ root: DocumentNode) {
        let known = profile.faults.map(\.id) + profile.alerts.flatMap { $0.codes.map(\.code) } + ["silent"]
        guard !known.contains(name) else { return }
        report.add(
            "fault \"\(fault.id)\" is suppressed by \"\(name)\", which is no fault and no code of this profile\(Spelling.hint(name, among: known))",
            at: root.position(of: ["faults", .key(fault.id), "suppressedBy"]))
    }
}

extension DocumentNode {
    /// Every object in it that names a metric, itself among them.
    var conditions: [DocumentNode] {
        switch value {
        case .object(let members): (member("metric") == nil ? [] : [self]) + members.flatMap { $0.node.conditions }
        case .array(let items): items.flatMap(\.conditions)
        default: []
        }
    }
}
