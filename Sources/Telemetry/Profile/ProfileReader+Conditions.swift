import Documents

/// Conditions: what a member of each kind means, and which of them fit together.
extension ProfileReader {
    /// The keys of which a condition has exactly one: they say what kind of condition it is.
    private static let comparisons = ["above", "atLeast", "below", "atMost", "equals", "notEquals", "in"]
    private static let others = [
        "enters", "leaves", "bitSet", "bitClear", "all", "any", "not", "count", "unchangedForSeconds", "notRisingForSeconds",
        "noDataForSeconds",
    ]

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
        // Compared with the metric's own unit by `checkUnits`.
        _ = reader.string("unit")
        guard let key = kind(reader) else { return nil }
        checkCompany(of: key, reader)
        func rule(_ kind: ConditionRule.Kind) -> ConditionRule { ConditionRule(kind, forMilliseconds: duration) }
        switch key {
        case "all": return rule(.all(all))
        case "any": return rule(.any(any))
        case "not": return not.map { rule(.not($0)) }
        case "count":
            guard let within = needed(within, "withinSeconds", reader), let counted else { return nil }
            return times.map { rule(.count(counted, withinMilliseconds: within, atLeast: $0)) }
        default: break
        }
        guard let metric else {
            report.add("a condition with \"\(key)\" needs \"metric\": the metric to look at", at: reader.node.position)
            return nil
        }
        switch key {
        case "enters": return entered.map { rule(.enters(metric: metric, $0)) }
        case "leaves": return left.map { rule(.leaves(metric: metric, $0)) }
        case "bitSet": return set.map { rule(.bit(metric: metric, $0, isSet: true)) }
        case "bitClear": return cleared.map { rule(.bit(metric: metric, $0, isSet: false)) }
        case "unchangedForSeconds":
            return unchanged.map { rule(.unchanged(metric: metric, tolerance: tolerance ?? 0, milliseconds: $0, meanwhile: meanwhile)) }
        case "notRisingForSeconds": return notRising.map { rule(.notRising(metric: metric, milliseconds: $0, meanwhile: meanwhile)) }
        case "noDataForSeconds": return noData.map { rule(.noData(metric: metric, milliseconds: $0)) }
        default: break
        }
        guard let comparison else { return nil }
        guard let per else { return rule(.value(metric: metric, comparison, hysteresis: hysteresis ?? 0)) }
        guard let over = needed(over, "overSeconds", reader) else { return nil }
        return rule(.rate(metric: metric, comparison, perMilliseconds: per.milliseconds, windowMilliseconds: over))
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
        var found: [Comparison] = []
        if let bound = operand(reader, "above", reader.optional("above")) { found.append(.above(bound)) }
        if let bound = operand(reader, "atLeast", reader.optional("atLeast")) { found.append(.atLeast(bound)) }
        if let bound = operand(reader, "below", reader.optional("below")) { found.append(.below(bound)) }
        if let bound = operand(reader, "atMost", reader.optional("atMost")) { found.append(.atMost(bound)) }
        if let text = reader.string("equals") { found.append(.equals(text)) }
        if let text = reader.string("notEquals") { found.append(.notEquals(text)) }
        if let list = reader.strings("in") { found.append(.within(list)) }
        return found.first
    }

    private func operand(_ reader: ObjectReader, _ key: String, _ node: DocumentNode?) -> Operand? {
        guard let node else { return nil }
        guard case .object = node.value else { return reader.number(key).map { .number($0) } }
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

    /// The one key that says what it is; told when there is none or more than one.
    private func kind(_ reader: ObjectReader) -> String? {
        let keys = reader.members.map(\.key)
        // "atLeast" belongs to "count" where that stands.
        let given = (Self.comparisons + Self.others).filter { keys.contains($0) && !($0 == "atLeast" && keys.contains("count")) }
        guard given.count == 1 else {
            let what = given.isEmpty ? "none" : given.joined(separator: " and ")
            report.add(
                "a condition needs exactly one of \((Self.comparisons + Self.others).joined(separator: ", ")); found \(what)",
                at: reader.node.position)
            return nil
        }
        return given[0]
    }

    /// Members that mean nothing beside others.
    private func checkCompany(of kind: String, _ reader: ObjectReader) {
        func only(_ key: String, with kinds: [String], _ text: String) {
            guard let member = reader.members.first(where: { $0.key == key }), !kinds.contains(kind) else { return }
            report.add("\"\(key)\" \(text)", at: member.keyPosition)
        }
        let bounds = ["above", "atLeast", "below", "atMost"]
        only("hysteresis", with: bounds, "belongs to above, atLeast, below or atMost")
        only("ratePer", with: bounds, "belongs to above, atLeast, below or atMost")
        only("withinSeconds", with: ["count"], "belongs to \"count\"")
        only("tolerance", with: ["unchangedForSeconds"], "belongs to \"unchangedForSeconds\"")
        only("while", with: ["unchangedForSeconds", "notRisingForSeconds"], "belongs to unchangedForSeconds or notRisingForSeconds")
        let keys = reader.members.map(\.key)
        if ["all", "any", "not", "count"].contains(kind) {
            only("metric", with: [], "has no place beside \"\(kind)\", whose conditions name their own")
            only("unit", with: [], "has no place beside \"\(kind)\"")
        }
        if keys.contains("overSeconds"), !keys.contains("ratePer") {
            report.add("\"overSeconds\" belongs to \"ratePer\": second, minute or hour", at: reader.node.position(of: ["overSeconds"]))
        }
        if keys.contains("ratePer"), keys.contains("hysteresis") {
            report.add("a rate has no hysteresis; give the fault a clear condition", at: reader.node.position(of: ["hysteresis"]))
        }
        for key in ["unchangedForSeconds", "notRisingForSeconds", "noDataForSeconds"] where kind == key {
            if let number = reader.number(key), number <= 0 {
                report.add("\"\(key)\" must be above 0", at: reader.node.position(of: [.key(key)]))
            }
            only("forSeconds", with: [], "has no place beside \"\(key)\", which is a duration already")
        }
        if ["enters", "leaves"].contains(kind) {
            only("forSeconds", with: [], "has no place beside \"\(kind)\", which is over at once")
        }
        for key in ["hysteresis", "tolerance"] {
            if let member = reader.members.first(where: { $0.key == key }), case .number(let number, _) = member.node.value, number < 0 {
                report.add("\"\(key)\" must not be negative", at: member.node.position)
            }
        }
        if kind == "count", !keys.contains("atLeast") {
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
