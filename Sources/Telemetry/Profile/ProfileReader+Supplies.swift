import Documents

/// Supplies.
extension ProfileReader {
    /// One rule for each place where the level may stand: all else is the same.
    func supply(_ named: (member: DocumentMember, reader: ObjectReader)) -> [SupplyRule] {
        let reader = named.reader
        let name = NameTemplate(named.member.key)
        let places = levels(reader)
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
            var rule = rule
            rule.level = place
            return rule
        }
    }

    /// `level: "/toner"`, or a list of pointers for what different senders call differently.
    private func levels(_ reader: ObjectReader) -> [PathPattern] {
        guard let node = reader.optional("level"), case .array(let items) = node.value else {
            return path(reader, "level", mayCapture: true).map { [$0] } ?? []
        }
        if items.isEmpty { report.add("\"level\" needs at least one pointer", at: node.position) }
        return (reader.strings("level") ?? []).compactMap { text in
            do { return try PathPattern(text) } catch {
                report.add("pointer \"\(text)\": \(error)", at: node.position)
                return nil
            }
        }
    }

    private func readOrdering(_ reader: ObjectReader, _ rule: inout SupplyRule) {
        let (days, capture) = leadTime(reader)
        rule.leadTimeCapture = capture
        let order = ordering(reader)
        rule.leadTimeSpread = order.spread
        rule.serviceLevel = order.serviceLevel
        if !(0...365).contains(days) {
            report.add("\"leadTimeDays\" must be from 0 to 365", at: reader.node.position(of: ["leadTimeDays"]))
        }
        rule.leadTimeMilliseconds = Int64(min(max(days, 0), 365) * 86_400_000)
        rule.floorPercent = reader.number("floorPercent") ?? 5
        if !(0...100).contains(rule.floorPercent) {
            report.add("\"floorPercent\" must be from 0 to 100", at: reader.node.position(of: ["floorPercent"]))
        }
        rule.counter = reader.string("counter")
        if let item = reader.string("item") { rule.item = NameTemplate(item) }
        rule.isOrdered = reader.bool("order") ?? true
        rule.message = reader.string("message")
    }
}
