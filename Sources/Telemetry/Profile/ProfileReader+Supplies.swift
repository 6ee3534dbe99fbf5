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
        if let when = reader.object("unknownWhen", "a member and its values") {
            if let member = when.requiredString("member", "a member beside the level"), when.required("in", "a list of its values") != nil {
                rule.unknownWhen = MemberRule(member: member, values: when.strings("in") ?? [])
            }
            when.finish()
        }
        readOrdering(reader, &rule)
        reader.finish()
        return places.map { place in
            positions.append((name, place, rule.message, named.member.keyPosition))
            rule.level = place
            return rule
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
}
