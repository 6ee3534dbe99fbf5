/// Metrics, and the names that tell them apart.
extension ProfileReader {
    func metric(_ named: (member: DocumentMember, reader: ObjectReader)) -> MetricRule? {
        let reader = named.reader
        let path = path(reader, "pointer", mayCapture: true)
        let kind = reader.choice("kind", MetricKind.self) ?? .gauge
        let unit = reader.string("unit") ?? ""
        let states = reader.strings("states") ?? []
        let message = reader.string("message")
        let scale = reader.number("scale") ?? 1
        let offset = reader.number("offset") ?? 0
        let values = enumeration(reader, kind)
        reader.finish()
        if kind == .level { report.add("a level belongs under \"supplies\"", at: reader.node.position(of: ["kind"])) }
        if scale == 0 { report.add("\"scale\" must not be 0", at: reader.node.position) }
        guard let path else { return nil }
        var rule = MetricRule(name: NameTemplate(named.member.key), path: path, kind: kind, unit: unit, states: states)
        rule.message = message
        rule.scale = scale
        rule.offset = offset
        rule.values = values
        positions.append((NameTemplate(named.member.key), path, message, named.member.keyPosition))
        return rule
    }

    /// `values: { "ON": 1 }` for a number, `values: { "3": "printing" }` for a state.
    func enumeration(_ reader: ObjectReader, _ kind: MetricKind) -> [ValueName] {
        guard let node = reader.optional("values") else { return [] }
        return ObjectReader(node, "words and what they mean", report).members.compactMap { member in
            switch member.node.value {
            case .string(let text) where kind == .state: return ValueName(raw: member.key, meaning: text)
            case .number(_, let text) where kind != .state: return ValueName(raw: member.key, meaning: text)
            default:
                report.add(
                    "\"\(member.key)\" must mean \(kind == .state ? "a state, as a string" : "a number")", at: member.node.position)
                return nil
            }
        }
    }

    /// Names must tell apart what the captures of the pointer and of the topic tell apart.
    func checkNames(_ profile: DeviceProfile, _ reader: ObjectReader) {
        for (name, path, message, position) in positions {
            let rules = profile.messages.filter { message == nil || $0.name == message }
            if let message, rules.isEmpty {
                let names = profile.messages.compactMap(\.name)
                report.add("no message has the name \"\(message)\"\(Spelling.hint(message, among: names))", at: position)
                continue
            }
            // The topics of all rules it belongs to; without any rule the pointer alone is looked at.
            var topics = rules.map(\.topic.captures)
            if topics.isEmpty { topics = [[]] }
            for captures in Set(topics) { checkCaptures(name, path.captures + captures, path.text, at: position) }
        }
    }

    func checkCaptures(_ name: NameTemplate, _ captures: [String], _ pointer: String, at position: SourcePosition) {
        let missing = captures.filter { !name.captures.contains($0) }
        let foreign = name.captures.filter { !captures.contains($0) }
        if !missing.isEmpty { report.add("\"\(name.text)\" must hold {\(missing[0])}, or two values would share one name", at: position) }
        if !foreign.isEmpty { report.add("{\(foreign[0])} is no part of the pointer \"\(pointer)\"", at: position) }
    }
}
