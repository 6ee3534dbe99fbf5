/// Which level of the topics of a device is its name.
enum DeviceLevel {
    /// Words that stand behind the name of a device, not for it.
    private static let generic: Set<String> = [
        "state", "status", "stat", "tele", "cmnd", "sensor", "telemetry", "data", "json", "value", "values", "info", "info1", "info2",
        "info3", "lwt",
        "availability", "available", "online", "config", "set", "get", "result", "events", "event", "report", "attributes", "hass",
        "connected",
        "reachable", "binary_sensor", "switch", "button", "number", "select", "text_sensor", "climate", "light", "cover", "fan", "up",
        "uplink",
        "message", "messages", "readings", "measurements", "output", "input",
    ]

    /// The level in which the topics of one device agree and that is most likely its name; nil when they have no level in common.
    /// - Parameters:
    ///   - names: what the device is called elsewhere: its identifiers, its name.
    ///   - isValue: the payloads are single values, so that the last level says what they are.
    static func find(_ topics: [[String]], names: [String], isValue: Bool) -> Int? {
        guard let first = topics.first else { return nil }
        var common = 0
        while common < first.count, topics.allSatisfy({ $0.count > common && $0[common] == first[common] }) { common += 1 }
        if isValue, common == first.count, common > 1 { common -= 1 }
        guard common > 0 else { return nil }
        let wanted = names.map(ProposalText.bare).filter { !$0.isEmpty }
        let exact = (0..<common).last { wanted.contains(ProposalText.bare(first[$0])) }
        if let exact { return exact }
        // A part of it will do where the level is no common word, such as the last digits of an address.
        let similar = (0..<common).last { index in
            let level = ProposalText.bare(first[index])
            return level.count >= 4 && !isGeneric(first[index])
                && wanted.contains { $0.contains(level) || ($0.count >= 4 && level.contains($0)) }
        }
        if let similar { return similar }
        return (0..<common).last { !isGeneric(first[$0]) && ($0 > 0 || common == 1 || (1..<common).allSatisfy { isGeneric(first[$0]) }) }
    }

    static func isGeneric(_ level: String) -> Bool { generic.contains(level.lowercased()) }

    /// The topic with `{device}` in place of the level; nil where another level cannot stand in a pattern.
    static func pattern(_ levels: [String], device: Int) -> String? {
        guard levels.indices.contains(device) else { return nil }
        for (index, level) in levels.enumerated() where index != device && !ProposalText.isLiteral(level) { return nil }
        return levels.enumerated().map { $0.offset == device ? "{device}" : $0.element }.joined(separator: "/")
    }

    /// What tells the topic from others of the device: the words that are no common ones, without the device.
    static func shortName(_ levels: [String], device: Int) -> String {
        let behind = levels.indices.filter { $0 > device }.map { levels[$0] }
        let words = behind.filter { !isGeneric($0) }
        return ProposalText.name((words.isEmpty ? behind : words).joined(separator: "."))
    }
}
