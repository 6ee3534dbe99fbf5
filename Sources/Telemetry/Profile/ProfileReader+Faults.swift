/// Status, conditions and faults.
extension ProfileReader {
    func status(_ reader: ObjectReader) -> StatusRule? {
        let metric = reader.requiredString("metric", "the state metric that tells what the device is doing")
        var rule = StatusRule(
            metric: metric ?? "", productive: reader.strings("productive") ?? [], standby: reader.strings("standby") ?? [],
            unscheduledDowntime: reader.strings("unscheduledDowntime") ?? [], scheduledDowntime: reader.strings("scheduledDowntime") ?? [])
        if let down = reader.object("downWhen", "a state metric and its states") {
            if let metric = down.requiredString("metric", "a state metric"), down.required("in", "a list of its states") != nil {
                rule.downWhen = MemberRule(member: metric, values: down.strings("in") ?? [])
            }
            down.finish()
        }
        reader.finish()
        return metric == nil ? nil : rule
    }

    func condition(_ reader: ObjectReader) -> ConditionRule? {
        let metric = reader.requiredString("metric", "the metric to compare")
        var found: [Comparison] = []
        if let number = reader.number("above") { found.append(.above(number)) }
        if let number = reader.number("atLeast") { found.append(.atLeast(number)) }
        if let number = reader.number("below") { found.append(.below(number)) }
        if let number = reader.number("atMost") { found.append(.atMost(number)) }
        if let text = reader.string("equals") { found.append(.equals(text)) }
        if let text = reader.string("notEquals") { found.append(.notEquals(text)) }
        if let list = reader.strings("in") { found.append(.within(list)) }
        let duration = seconds(reader, "forSeconds") ?? 0
        // Compared with the metric's own unit by `checkUnits`.
        _ = reader.string("unit")
        reader.finish()
        // A comparison with a value of the wrong kind was told already.
        let given = reader.members.filter { ["above", "atLeast", "below", "atMost", "equals", "notEquals", "in"].contains($0.key) }
        guard given.count == 1 else {
            report.add("a condition needs exactly one of above, atLeast, below, atMost, equals, notEquals, in", at: reader.node.position)
            return nil
        }
        guard let metric, let comparison = found.first else { return nil }
        return ConditionRule(metric: metric, comparison: comparison, forMilliseconds: duration)
    }

    func fault(_ named: (member: DocumentMember, reader: ObjectReader)) -> FaultRule? {
        let reader = named.reader
        let severity = reader.choice("severity", Severity.self) ?? .major
        let text = reader.string("text") ?? named.member.key
        let raise =
            reader.required("raise", "a condition such as { metric: \"temp\", above: 80, forSeconds: 30 }") == nil
            ? nil : reader.object("raise", "a condition").flatMap(condition)
        let clear = reader.object("clear", "a condition").flatMap(condition)
        let playbook = reader.string("playbook")
        reader.finish()
        return raise.map { FaultRule(id: named.member.key, severity: severity, text: text, raise: $0, clear: clear, playbook: playbook) }
    }
}
