extension HumanText {
    /// What the device says of the supply itself: `Black Toner, toner, part 006R01509, serial 4817`; nil when it says nothing.
    public static func supply(_ supply: APIValue) -> String? {
        let part = supply["partNumber"].string.map { "part \($0)" }
        let serial = supply["serialNumber"].string.map { "serial \($0)" }
        let words = [supply["label"].string, supply["type"].string, part, serial].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    /// Why the level has no value now, and what the device says of the supply.
    public static func supplyRemark(_ supply: APIValue) -> String? {
        let words = [supply["reported"]["reason"].string, self.supply(supply)].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }
}
