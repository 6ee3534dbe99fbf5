import Documents
import Hashing

/// Status and faults.
extension ProfileReader {
    func status(_ reader: ObjectReader) -> StatusRule? {
        let metric = reader.requiredString("metric", "the state metric that tells what the device is doing")
        var rule = StatusRule(
            metric: metric ?? "", productive: reader.strings("productive") ?? [], standby: reader.strings("standby") ?? [],
            unscheduledDowntime: reader.strings("unscheduledDowntime") ?? [], scheduledDowntime: reader.strings("scheduledDowntime") ?? [])
        if let down = reader.object("downWhen", "a state metric and its states, or codes") {
            rule.downCodes = down.strings("codes") ?? []
            let isByCode = reader.node.node(at: ["downWhen", "codes"]) != nil
            let needsMetric = !isByCode || down.node.member("metric") != nil || down.node.member("in") != nil
            if needsMetric, let metric = down.requiredString("metric", "a state metric, or \"codes\""),
                down.required("in", "a list of its states") != nil
            {
                rule.downWhen = DownRule(
                    metric: metric, values: down.strings("in") ?? [], endsWithWork: down.bool("endsWithWork") ?? false)
            }
            down.finish()
        }
        reader.finish()
        return metric == nil ? nil : rule
    }

    func fault(_ named: (member: DocumentMember, reader: ObjectReader)) -> FaultRule? {
        let reader = named.reader
        let severity = reader.choice("severity", Severity.self) ?? .major
        let text = reader.string("text") ?? named.member.key
        _ = reader.required("raise", "a condition such as { metric: \"temp\", above: 80, forSeconds: 30 }")
        let raise = reader.object("raise", "a condition").flatMap(condition)
        let clear = reader.object("clear", "a condition").flatMap(condition)
        let playbook = reader.string("playbook")
        // One without `raise` is reported and not given back; the rest of it is read all the same, for the sake of its mistakes.
        var fault = FaultRule(
            id: named.member.key, severity: severity, text: text, raise: raise ?? ConditionRule(.all([])), clear: clear, playbook: playbook)
        fault.escalate = steps(reader.list("escalate", "a step of escalation"))
        fault.relax = steps(reader.list("relax", "a step of relaxation"))
        fault.isLatched = reader.bool("latch") ?? false
        fault.suppressedBy = reader.strings("suppressedBy") ?? []
        fault.inhibitsChildren = reader.bool("inhibitsChildren") ?? false
        if let flapping = reader.object("flapping", "the flapping rule") { fault.flapping = flappingRule(flapping) }
        if let wear = reader.object("remainingLife", "an object, empty where wear goes by time") { fault.wear = wearRule(wear) }
        reader.finish()
        if raise == nil { return nil }
        fault.shape = shape(reader.node)
        check(fault, reader)
        return fault
    }

    private func shape(_ node: DocumentNode) -> UInt64 {
        guard case .object(let members) = node.value else { return 0 }
        var words = JSONWriter()
        words.beginObject()
        for key in ["severity", "raise", "clear", "escalate", "relax"] {
            guard let member = members.first(where: { $0.key == key }) else { continue }
            words.key(key)
            member.node.write(to: &words)
        }
        words.endObject()
        return words.bytes.withUnsafeBytes { ContentHash.combine(ContentHash.seed, $0) }
    }

    private func steps(_ readers: [ObjectReader]) -> [SeverityStep] {
        readers.compactMap { reader in
            let after = reader.required("afterSeconds", "how long the condition has held") == nil ? nil : seconds(reader, "afterSeconds")
            let severity = reader.required("severity", "the severity from then on") == nil ? nil : reader.choice("severity", Severity.self)
            reader.finish()
            guard let after, let severity else { return nil }
            return SeverityStep(afterMilliseconds: after, severity: severity)
        }
    }

    private func flappingRule(_ reader: ObjectReader) -> FlappingRule {
        var rule = FlappingRule()
        rule.changes = reader.integer("changes", in: 3...64) ?? rule.changes
        rule.withinMilliseconds = seconds(reader, "withinSeconds") ?? rule.withinMilliseconds
        reader.finish()
        return rule
    }

    private func wearRule(_ reader: ObjectReader) -> WearRule {
        var rule = WearRule()
        rule.loadCounter = reader.string("load")
        rule.duringWork = reader.bool("duringWork") ?? false
        rule.part = reader.string("part") ?? ""
        rule.sameVisitDays = reader.integer("sameVisitDays", in: 1...365) ?? rule.sameVisitDays
        rule.visitDays = reader.integer("visitDays", in: 1...365)
        rule.aloneDays = reader.integer("aloneDays", in: 1...365)
        if let alone = rule.aloneDays {
            switch rule.visitDays {
            case nil: reader.add("no visit is planned without \"visitDays\"", at: "aloneDays")
            case let days? where alone > days: reader.add("must be at most \"visitDays\", \(days)", at: "aloneDays")
            default: break
            }
        }
        reader.finish()
        return rule
    }

    /// What cannot work, although each part alone could.
    private func check(_ fault: FaultRule, _ reader: ObjectReader) {
        func add(_ text: String, _ key: String) { reader.add("fault \"\(fault.id)\" \(text)", at: key) }
        for (key, steps) in [("escalate", fault.escalate), ("relax", fault.relax)] {
            for (before, after) in zip(steps, steps.dropFirst()) where after.afterMilliseconds <= before.afterMilliseconds {
                add("has steps out of order: \"afterSeconds\" must rise from step to step", key)
            }
        }
        var severity = fault.severity
        for step in fault.escalate {
            if step.severity >= severity { add("escalates to \"\(step.severity.rawValue)\", which is not more severe", "escalate") }
            severity = step.severity
        }
        for (before, after) in zip(fault.relax, fault.relax.dropFirst()) where after.severity <= before.severity {
            add("relaxes to \"\(after.severity.rawValue)\", which is not less severe", "relax")
        }
        if !fault.relax.isEmpty {
            if fault.clear == nil { add("relaxes, but has no \"clear\" condition that could be waited for", "relax") }
            if let clear = fault.clear, let last = fault.relax.last, last.afterMilliseconds >= clear.forMilliseconds {
                add("is cleared before its last step of relaxation: \"afterSeconds\" must be below the forSeconds of \"clear\"", "relax")
            }
        }
        if fault.clear == nil, fault.raise.isMomentary {
            add("is over as soon as it begins: \"enters\" and \"leaves\" hold for one reading, so it needs a \"clear\" condition", "raise")
        }
        if fault.wear != nil, fault.raise.wearBound == nil {
            add(
                "has no number that its metric comes to: \"remainingLife\" needs one above, atLeast, below or atMost in \"raise\"",
                "remainingLife")
        }
        if fault.suppressedBy.contains(fault.id) { add("cannot be suppressed by itself", "suppressedBy") }
        let nodes = fault.raise.nodeCount + (fault.clear?.nodeCount ?? 1)
        if nodes > FaultRule.maximumNodes { add("has \(nodes) conditions; at most \(FaultRule.maximumNodes) are judged", "raise") }
        let metrics = Set(fault.raise.metrics + (fault.clear?.metrics ?? []))
        if metrics.count > FaultRule.maximumMetrics {
            add("looks at \(metrics.count) metrics; at most \(FaultRule.maximumMetrics) go", "raise")
        }
    }
}

extension ConditionRule {
    /// It holds for one reading at the most, whatever else holds.
    fileprivate var isMomentary: Bool {
        switch kind {
        case .enters, .leaves: true
        case .all(let parts): parts.contains(where: \.isMomentary)
        case .any(let parts): parts.allSatisfy(\.isMomentary)
        case .value, .rate, .bit, .not, .count, .unchanged, .notRising, .noData: false
        }
    }
}
