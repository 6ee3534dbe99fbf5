import Documents

/// Conditions: what a member of each kind means, and which of them fit together.
extension ProfileReader {
    func condition(_ reader: ObjectReader) -> ConditionRule? { condition(reader, depth: 0) }

    private func condition(_ reader: ObjectReader, depth: Int) -> ConditionRule? {
        let before = report.diagnostics.count
        let rule = depth < 6 ? parsed(reader, depth) : nil
        if depth >= 6 { report.add("conditions may be at most 6 deep", at: reader.node.position) }
        // Every key is asked for in `parsed`, so that a wrong one is named with the nearest of them.
        if depth < 6 { reader.finish() }
        return report.diagnostics.count == before ? rule : nil
    }

    private func parsed(_ reader: ObjectReader, _ depth: Int) -> ConditionRule? {
        let metric = reader.string("metric")
        let comparison = comparison(reader)
        let entered = reader.strings("enters")
        let left = reader.strings("leaves")
        let set = reader.integer("bitSet", in: 0...52)
        let cleared = reader.integer("bitClear", in: 0...52)
        let all = parts(reader, "all", reader.list("all", "a condition"), depth)
        let any = parts(reader, "any", reader.list("any", "a condition"), depth)
        let not = reader.object("not", "a condition").flatMap { condition($0, depth: depth + 1) }
        let counted = reader.object("count", "a condition").flatMap { condition($0, depth: depth + 1) }
        // "atLeast" is a bound elsewhere, and any number may be one.
        let times = reader.members.contains { $0.key == "count" } ? reader.integer("atLeast", in: 1...32) : nil
        let within = seconds(reader, "withinSeconds")
        let unchanged = seconds(reader, "unchangedForSeconds")
        let notRising = seconds(reader, "notRisingForSeconds")
        let noData = seconds(reader, "noDataForSeconds")
        let tolerance = reader.number("tolerance")
        let hysteresis = reader.number("hysteresis")
        let per = reader.choice("ratePer", RatePeriod.self)
        let over = seconds(reader, "overSeconds")
        let meanwhile = reader.object("while", "a condition").flatMap { condition($0, depth: depth + 1) }
        let duration = seconds(reader, "forSeconds") ?? 0
        let untold = reader.bool("untold")
        // Compared with the metric's own unit by `checkUnits`.
        _ = reader.string("unit")
        guard let form = form(reader) else { return nil }
        checkCompany(of: form, reader)
        if form.subject != .conditions, metric == nil {
            report.add("a condition with \"\(form.rawValue)\" needs \"metric\": the metric to look at", at: reader.node.position)
            return nil
        }
        func test(_ metric: String) -> ConditionRule.Kind? {
            switch form {
            case .all: return .all(all)
            case .any: return .any(any)
            case .not: return not.map { .not($0) }
            case .count:
                guard let within = needed(within, "withinSeconds", reader), let counted else { return nil }
                return times.map { .count(counted, withinMilliseconds: within, atLeast: $0) }
            case .enters: return entered.map { .enters(metric: metric, $0) }
            case .leaves: return left.map { .leaves(metric: metric, $0) }
            case .bitSet: return set.map { .bit(metric: metric, $0, isSet: true) }
            case .bitClear: return cleared.map { .bit(metric: metric, $0, isSet: false) }
            case .unchangedForSeconds:
                return unchanged.map { .unchanged(metric: metric, tolerance: tolerance ?? 0, milliseconds: $0, meanwhile: meanwhile) }
            case .notRisingForSeconds: return notRising.map { .notRising(metric: metric, milliseconds: $0, meanwhile: meanwhile) }
            case .noDataForSeconds: return noData.map { .noData(metric: metric, milliseconds: $0) }
            case .above, .atLeast, .below, .atMost, .equals, .notEquals, .within:
                guard let comparison else { return nil }
                guard let per else { return .value(metric: metric, comparison, hysteresis: hysteresis ?? 0) }
                return needed(over, "overSeconds", reader).map {
                    .rate(metric: metric, comparison, perMilliseconds: per.milliseconds, windowMilliseconds: $0)
                }
            }
        }
        return test(metric ?? "").map { ConditionRule($0, forMilliseconds: duration, untold: untold) }
    }

    private enum RatePeriod: String, CaseIterable {
        case second, minute, hour

        var milliseconds: Double {
            switch self {
            case .second: 1000
            case .minute: 60_000
            case .hour: 3_600_000
            }
        }
    }

    private func comparison(_ reader: ObjectReader) -> Comparison? {
        if reader.members.contains(where: { $0.key == "count" }) { return nil }
        let found: [Comparison?] = [
            operand(reader, "above").map { .above($0) }, operand(reader, "atLeast").map { .atLeast($0) },
            operand(reader, "below").map { .below($0) }, operand(reader, "atMost").map { .atMost($0) },
            reader.string("equals").map { .equals($0) }, reader.string("notEquals").map { .notEquals($0) },
            reader.strings("in").map { .within($0) },
        ]
        return found.compactMap { $0 }.first
    }

    private func operand(_ reader: ObjectReader, _ key: String) -> Operand? {
        guard case .object? = reader.optional(key)?.value else { return reader.number(key).map { .number($0) } }
        return reader.object(key, "a number, or a metric").flatMap(operand)
    }

    /// `{ metric: "setpoint", times: 1, plus: 5 }`
    private func operand(_ reader: ObjectReader) -> Operand? {
        let metric = reader.requiredString("metric", "the metric to compare with")
        let times = reader.number("times") ?? 1
        let plus = reader.number("plus") ?? 0
        reader.finish()
        return metric.map { .metric($0, times: times, plus: plus) }
    }

    private func parts(_ reader: ObjectReader, _ key: String, _ list: [ObjectReader], _ depth: Int) -> [ConditionRule] {
        if let node = reader.members.first(where: { $0.key == key })?.node, list.isEmpty {
            report.add("\"\(key)\" needs a list of conditions", at: node.position)
        }
        return list.compactMap { condition($0, depth: depth + 1) }
    }

    /// The one key that says what it is; reported when there is none or more than one.
    private func form(_ reader: ObjectReader) -> ConditionForm? {
        let keys = reader.members.map(\.key)
        // "atLeast" belongs to "count" where that stands.
        let given = ConditionForm.allCases.filter { keys.contains($0.rawValue) && !($0 == .atLeast && keys.contains("count")) }
        if given.count == 1 { return given[0] }
        func list(_ forms: [ConditionForm], _ separator: String) -> String { forms.map(\.rawValue).joined(separator: separator) }
        report.add(
            "a condition needs exactly one of \(list(ConditionForm.allCases, ", ")); found \(given.isEmpty ? "none" : list(given, " and "))",
            at: reader.node.position)
        return nil
    }

    /// Members that mean nothing beside others.
    private func checkCompany(of form: ConditionForm, _ reader: ObjectReader) {
        let keys = reader.members.map(\.key)
        func refuse(_ key: String, _ text: String) {
            guard let member = reader.members.first(where: { $0.key == key }) else { return }
            report.add("\"\(key)\" \(text)", at: member.keyPosition)
        }
        let owners = [
            ("hysteresis", "above, atLeast, below or atMost"), ("ratePer", "above, atLeast, below or atMost"),
            ("withinSeconds", "\"count\""),
            ("tolerance", "\"unchangedForSeconds\""), ("while", "unchangedForSeconds or notRisingForSeconds"),
        ]
        if !form.isComparison { refuse("untold", "belongs to a comparison, such as above, equals or bitSet") }
        for (key, owner) in owners where !form.ownKeys.contains(key) { refuse(key, "belongs to \(owner)") }
        if form.subject == .conditions {
            refuse("metric", "has no place beside \"\(form.rawValue)\", whose conditions name their own")
            refuse("unit", "has no place beside \"\(form.rawValue)\"")
        }
        if keys.contains("overSeconds"), !keys.contains("ratePer") {
            reader.add("\"overSeconds\" belongs to \"ratePer\": second, minute or hour", at: "overSeconds")
        }
        if keys.contains("ratePer"), keys.contains("hysteresis") {
            reader.add("a rate has no hysteresis; give the fault a clear condition", at: "hysteresis")
        }
        switch form.span {
        case .ofItsTest: break
        case .oneReading: refuse("forSeconds", "has no place beside \"\(form.rawValue)\", which is over at once")
        case .afterItsDuration:
            if let number = reader.number(form.rawValue), number <= 0 {
                reader.add("\"\(form.rawValue)\" must be above 0", at: form.rawValue)
            }
            refuse("forSeconds", "has no place beside \"\(form.rawValue)\", which is a duration already")
        }
        for key in ["hysteresis", "tolerance"] {
            if case .number(let number, _)? = reader.members.first(where: { $0.key == key })?.node.value, number < 0 {
                reader.add("\"\(key)\" must not be negative", at: key)
            }
        }
        if form == .count, !keys.contains("atLeast") {
            report.add("\"count\" needs \"atLeast\": how many times, 1 to 32", at: reader.node.position)
        }
    }

    private func needed(_ value: Int64?, _ key: String, _ reader: ObjectReader) -> Int64? {
        if let value, value > 0 { return value }
        if value != nil || !reader.members.contains(where: { $0.key == key }) {
            report.add("a condition of this kind needs \"\(key)\" above 0", at: reader.node.position)
        }
        return nil
    }
}
