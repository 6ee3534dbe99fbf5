import Documents

/// Supplies.
extension ProfileReader {
    /// One rule for each place where the level may stand: all else is the same.
    func supply(_ named: (member: DocumentMember, reader: ObjectReader)) -> [SupplyRule] {
        let reader = named.reader
        let name = NameTemplate(named.member.key)
        let places = paths(reader, "level")
        var rule = SupplyRule(name: name, level: places.first ?? PathPattern(key: ""), item: name)
        readMeaning(reader, &rule)
        readMembers(reader, &rule)
        rule.values = unknownLevels(reader) + supplyValues(reader)
        rule.unknownWhen = unknownWhen(reader)
        rule.quality = qualityRule(reader)
        readOrdering(reader, &rule)
        reader.finish()
        return places.map { place in
            positions.append((name, place, rule.message, named.member.keyPosition))
            rule.level = place
            return rule
        }
    }

    /// `unknownWhen: { member: "tag", in: ["", "0000"] }`, or a list of them.
    private func unknownWhen(_ reader: ObjectReader) -> [MemberRule] {
        let what = "a member and its values"
        let isList = reader.node.member("unknownWhen")?.items != nil
        let rules = isList ? reader.list("unknownWhen", what) : reader.object("unknownWhen", what).map { [$0] } ?? []
        return rules.compactMap { when in
            defer { when.finish() }
            let member = when.requiredString("member", "a member beside the level")
            guard when.required("in", "a list of its values") != nil, let member else { return nil }
            return MemberRule(member: member, values: when.strings("in") ?? [])
        }
    }

    private func readOrdering(_ reader: ObjectReader, _ rule: inout SupplyRule) {
        let days = leadTimeDays(reader, &rule)
        rule.leadTimeMilliseconds = Int64(min(max(days, 0), 365) * 86_400_000)
        rule.leadTimeSpread = number(reader, "leadTimeSpread", in: 0...2) ?? rule.leadTimeSpread
        rule.serviceLevel = number(reader, "serviceLevelPercent", in: 50...99.9).map { $0 / 100 }
        rule.floorPercent = number(reader, "floorPercent", in: 0...100) ?? 5
        rule.counter = reader.string("counter")
        if let item = reader.string("item") { rule.item = NameTemplate(item) }
        rule.isOrdered = reader.bool("order") ?? true
        rule.isRefillable = reader.bool("refillable") ?? false
        rule.message = reader.string("message")
    }

    /// `leadTimeDays`: a number of days, or `"{name}"` for the digits in that level of the topic. Three days where neither is told.
    private func leadTimeDays(_ reader: ObjectReader, _ rule: inout SupplyRule) -> Double {
        guard case .string(let text)? = reader.optional("leadTimeDays")?.value else {
            return number(reader, "leadTimeDays", in: 0...365) ?? 3
        }
        if text.hasPrefix("{"), text.hasSuffix("}"), text.count > 2 {
            rule.leadTimeCapture = String(text.dropFirst().dropLast())
        } else {
            reader.add("\"leadTimeDays\" must be a number of days or a named level of the topic such as \"{lead}\"", at: "leadTimeDays")
        }
        return 3
    }

    // MARK: How the level of a supply is to be understood

    func readMeaning(_ reader: ObjectReader, _ rule: inout SupplyRule) {
        let unit = reader.choice("unit", SupplyUnit.self)
        let kind = reader.choice("kind", SupplyKind.self) ?? .consumed
        let step = reader.number("step")
        if let step, !(step > 0 && step <= 100) {
            reader.add("\"step\" is in percent: above 0, at most 100", at: "step")
        }
        rule.meaning = SupplyLevelRule(unit: unit, kind: kind, stepPercent: step)
        // Whoever says where the capacity stands does not say that it is 100.
        let isElsewhere = reader.optional("capacityMember") != nil
        rule.capacity = isElsewhere ? nil : 100
        guard let node = reader.optional("capacity") else { return }
        if case .string = node.value {
            rule.capacityPath = path(reader, "capacity", mayCapture: true)
            rule.capacity = nil
            let foreign = rule.capacityPath?.captures.first { !rule.level.captures.contains($0) }
            if let foreign { report.add("{\(foreign)} is no part of the pointer \"\(rule.level.text)\"", at: node.position) }
        } else if let number = reader.number("capacity") {
            rule.capacity = number
            if !(number > 0) { report.add("\"capacity\" must be above 0", at: node.position) }
        }
    }

    func readMembers(_ reader: ObjectReader, _ rule: inout SupplyRule) {
        let named: [(SupplyMember, [String]?)] = [
            (.capacity, reader.strings("capacityMember")), (.unit, reader.strings("unitMember")),
            (.supplyClass, reader.strings("classMember")), (.type, reader.strings("typeMember")),
            (.label, reader.strings("labelMember")), (.partNumber, reader.strings("partNumberMember")),
            (.serialNumber, reader.strings("serialMember")),
        ]
        rule.members = named.flatMap { meaning, names in
            (names ?? []).map { SupplyMemberName(meaning: meaning, name: Array($0.utf8)) }
        }
    }

    /// `unknownLevels: [-1]` says the same as `values: { "-1": "unknown" }`.
    func unknownLevels(_ reader: ObjectReader) -> [SupplyValueName] {
        guard let node = reader.optional("unknownLevels") else { return [] }
        guard case .array(let items) = node.value else {
            report.add("\"unknownLevels\" must be a list of numbers", at: node.position)
            return []
        }
        return items.compactMap { item in
            guard case .number(let number, let text) = item.value else { return nil }
            return SupplyValueName(raw: Array(text.utf8), number: number, meaning: .code(.unknown))
        }
    }

    /// `values: { "-100": "unknown", OK: "someRemaining", low: [1, 10], half: 50 }`.
    func supplyValues(_ reader: ObjectReader) -> [SupplyValueName] {
        (reader.object("values", "levels and what they mean")?.members ?? []).compactMap { member in
            guard let meaning = supplyValue(member.node) else { return nil }
            return SupplyValueName(raw: Array(member.key.utf8), number: Double(member.key), meaning: meaning)
        }
    }

    private func supplyValue(_ node: DocumentNode) -> SupplyValueName.Meaning? {
        switch node.value {
        case .number(let percent, _) where (0...100).contains(percent): return .percent(percent)
        case .array(let items) where items.count == 2:
            guard case .number(let low, _) = items[0].value, case .number(let high, _) = items[1].value, 0 <= low, low <= high, high <= 100
            else { break }
            return .interval(low: low, high: high)
        case .string(let word):
            if let code = SupplyCodeMeaning(rawValue: word) { return .code(code) }
        default: break
        }
        let words = SupplyCodeMeaning.allCases.map(\.rawValue).joined(separator: ", ")
        report.add("a level means a percentage from 0 to 100, two of them such as [1, 10], or one of \(words)", at: node.position)
        return nil
    }
}
