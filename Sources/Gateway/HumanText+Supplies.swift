extension HumanText {
    /// What the device says of the supply itself: `Black Toner, toner, part 006R01509, serial 4817`; nil when it says nothing.
    public static func supply(_ supply: APIValue) -> String? {
        let part = supply["partNumber"].string.map { "part \($0)" }
        let serial = supply["serialNumber"].string.map { "serial \($0)" }
        let words = [supply["label"].string, supply["type"].string, part, serial].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    /// Why levels have no value now, a line for each: `marker: some remaining, 2 to 100 %`.
    public static func supplyReasons(_ supplies: [APIValue]) -> [String] {
        supplies.compactMap { supply in
            supply["reported"]["reason"].string.map { "\(supply["label"].string ?? supply["supply"].string ?? ""): \($0)" }
        }
    }
}
