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
    /// A condition may say in which unit its number is. Nothing is converted, so another one than the metric's is a mistake.
    func checkUnits(_ profile: DeviceProfile, _ root: DocumentNode, _ report: DocumentReport) {
        for fault in profile.faults {
            for (key, condition) in [("raise", fault.raise), ("clear", fault.clear)] {
                guard let condition, let node = root.node(at: ["faults", .key(fault.id), .key(key), "unit"]),
                    case .string(let unit) = node.value,
                    let actual = profile.unit(ofMetric: condition.metric), actual != unit
                else { continue }
                let has = actual.isEmpty ? "has no unit" : "is in \"\(actual)\""
                report.add(
                    "fault \"\(fault.id)\" compares in \"\(unit)\", but the metric \"\(condition.metric)\" \(has)", at: node.position)
            }
        }
    }
}
