/// Supplies.
extension ProfileReader {
    func supply(_ named: (member: DocumentMember, reader: ObjectReader)) -> SupplyRule? {
        let reader = named.reader
        let level = path(reader, "level", mayCapture: true)
        let capacity = reader.number("capacity") ?? 100
        if !(capacity > 0) { report.add("\"capacity\" must be above 0", at: reader.node.position(of: ["capacity"])) }
        var unknown: [Double] = []
        if let node = reader.optional("unknownLevels") {
            if case .array(let items) = node.value {
                for case .number(let number, _) in items.map(\.value) { unknown.append(number) }
            } else {
                report.add("\"unknownLevels\" must be a list of numbers", at: node.position)
            }
        }
        var unknownWhen: MemberRule?
        if let rule = reader.object("unknownWhen", "a member and its values") {
            if let member = rule.requiredString("member", "a member beside the level"), rule.required("in", "a list of its values") != nil {
                unknownWhen = MemberRule(member: member, values: rule.strings("in") ?? [])
            }
            rule.finish()
        }
        let days = leadTime(reader)
        if !(0...365).contains(days.days) {
            report.add("\"leadTimeDays\" must be from 0 to 365", at: reader.node.position(of: ["leadTimeDays"]))
        }
        let order = ordering(reader)
        let floor = reader.number("floorPercent") ?? 5
        if !(0...100).contains(floor) {
            report.add("\"floorPercent\" must be from 0 to 100", at: reader.node.position(of: ["floorPercent"]))
        }
        let counter = reader.string("counter")
        let item = NameTemplate(reader.string("item") ?? named.member.key)
        let isOrdered = reader.bool("order") ?? true
        let message = reader.string("message")
        reader.finish()
        guard let level else { return nil }
        positions.append((NameTemplate(named.member.key), level, message, named.member.keyPosition))
        var rule = SupplyRule(
            name: NameTemplate(named.member.key), level: level, capacity: capacity, unknownLevels: unknown, unknownWhen: unknownWhen,
            counter: counter, item: item,
            leadTimeMilliseconds: Int64(min(max(days.days, 0), 365) * 86_400_000), floorPercent: floor, isOrdered: isOrdered)
        rule.message = message
        rule.leadTimeCapture = days.capture
        rule.leadTimeSpread = order.spread
        rule.serviceLevel = order.serviceLevel
        return rule
    }
}
