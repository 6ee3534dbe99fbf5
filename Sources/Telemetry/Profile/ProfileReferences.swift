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
        case (.key(let key), .object(let members)): members.first { $0.key == key }?.node
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
    /// Whether telemetry may bring a metric of this name: by a rule of that name, or by a pattern that could give it.
    func mayGive(_ metric: String) -> Bool { unit(ofMetric: metric) != nil }

    /// The unit of the metric of this name, empty when it has none; nil when there is no such metric. A plain name wins over a pattern.
    func unit(ofMetric name: String) -> String? {
        if let rule = metrics.first(where: { $0.name.text == name }) { return rule.unit }
        if supplies.contains(where: { NameTemplate("supply." + $0.name.text).canGive(name) }) { return "%" }
        return metrics.first { $0.name.canGive(name) }?.unit
    }
}

extension ProfileReader {
    /// The metrics that a fault's conditions name, their units, and whether the test fits their kind.
    func checkConditions(of fault: FaultRule, _ profile: DeviceProfile, _ root: DocumentNode, _ known: [String]) {
        let nodes = ["raise", "clear"].compactMap { root.node(at: ["faults", .key(fault.id), .key($0)]) }
        for node in nodes.flatMap(\.conditions) {
            guard let place = node.child("metric"), case .string(let metric) = place.value else { continue }
            guard profile.mayGive(metric) else {
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
        if let place = node.child("unit"), case .string(let unit) = place.value, actual != unit {
            let has = actual.isEmpty ? "has no unit" : "is in \"\(actual)\""
            report.add("fault \"\(fault.id)\" compares in \"\(unit)\", but the metric \"\(metric)\" \(has)", at: place.position)
        }
        for key in ["above", "atLeast", "below", "atMost"] {
            // A factor may convert; without one the two must be of one unit.
            guard let bound = node.child(.key(key)), bound.child("times") == nil, node.child("ratePer") == nil,
                let place = bound.child("metric"), case .string(let other) = place.value, let unit = profile.unit(ofMetric: other),
                unit != actual
            else { continue }
            report.add(
                "fault \"\(fault.id)\" compares \"\(metric)\" in \"\(actual)\" with \"\(other)\" in \"\(unit)\"; \"times\" can convert",
                at: place.position)
        }
    }

    /// A bound says nothing about a state, and a word nothing about a number.
    private func checkKind(of fault: FaultRule, _ metric: String, _ profile: DeviceProfile, _ node: DocumentNode) {
        guard let rule = profile.metrics.first(where: { $0.name.text == metric }), case .object(let members) = node.value else { return }
        let ofNumbers = [
            "above", "atLeast", "below", "atMost", "bitSet", "bitClear", "ratePer", "tolerance", "hysteresis", "notRisingForSeconds",
        ]
        let ofStates = ["equals", "notEquals", "in", "enters", "leaves"]
        let wrong = rule.kind == .state ? ofNumbers : ofStates
        guard let member = members.first(where: { wrong.contains($0.key) }) else { return }
        let use = (rule.kind == .state ? ofStates : Array(ofNumbers.prefix(6))).joined(separator: ", ")
        report.add(
            "fault \"\(fault.id)\": \"\(member.key)\" cannot hold for the \(rule.kind.rawValue) \"\(metric)\"; use \(use)",
            at: member.keyPosition)
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
    fileprivate var conditions: [DocumentNode] {
        switch value {
        case .object(let members): (child("metric") == nil ? [] : [self]) + members.flatMap { $0.node.conditions }
        case .array(let items): items.flatMap(\.conditions)
        default: []
        }
    }
}
