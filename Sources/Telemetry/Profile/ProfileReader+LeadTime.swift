import Documents

/// How long an order takes, and how often it may come too late.
extension ProfileReader {
    /// `leadTimeDays`: a number of days, or `"{name}"` for the digits in that level of the topic. Three days where neither is told.
    func leadTime(_ reader: ObjectReader) -> (days: Double, capture: String?) {
        guard case .string(let text)? = reader.optional("leadTimeDays")?.value else { return (reader.number("leadTimeDays") ?? 3, nil) }
        guard text.hasPrefix("{"), text.hasSuffix("}"), text.count > 2 else {
            report.add(
                "\"leadTimeDays\" must be a number of days or a named level of the topic such as \"{lead}\"",
                at: reader.node.position(of: ["leadTimeDays"]))
            return (3, nil)
        }
        return (3, String(text.dropFirst().dropLast()))
    }

    func ordering(_ reader: ObjectReader) -> (spread: Double, serviceLevel: Double?) {
        let spread = reader.number("leadTimeSpread") ?? 0.25
        if !(0...2).contains(spread) {
            report.add("\"leadTimeSpread\" must be from 0 to 2", at: reader.node.position(of: ["leadTimeSpread"]))
        }
        let percent = reader.number("serviceLevelPercent")
        if let percent, !(50...99.9).contains(percent) {
            report.add("\"serviceLevelPercent\" must be from 50 to 99.9", at: reader.node.position(of: ["serviceLevelPercent"]))
        }
        return (spread, percent.map { $0 / 100 })
    }

    /// What a level of the topic tells of the lead time need not stand in the names of metrics.
    static func leadTimeCaptures(_ profile: DeviceProfile) -> [String] { profile.supplies.compactMap(\.leadTimeCapture) }
}
