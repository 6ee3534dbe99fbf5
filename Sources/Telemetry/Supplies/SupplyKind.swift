/// Whether a supply is used up or filled up, and what its level then counts.
public enum SupplyKind: String, CaseIterable, Sendable {
    /// Ink, toner, a drum: the level is what is left.
    case consumed
    /// A receptacle, such as a waste box, whose level is the space left: so RFC 3805 defines it.
    case spaceLeft
    /// A receptacle whose level is what has been filled in, against the standard: the profile has to say so.
    case filledPart
}

/// What a supply is: PrtMarkerSuppliesTypeTC of RFC 3805. The raw value is the number; `keyword` is IPP's word for it (PWG 5100.9).
public enum SupplyType: Int, CaseIterable, Sendable {
    case other = 1
    case unknown, toner, wasteToner, ink, inkCartridge, inkRibbon, wasteInk, opc, developer, fuserOil, solidWax, ribbonWax, wasteWax
    case fuser, coronaWire, fuserOilWick, cleanerUnit, fuserCleaningPad, transferUnit, tonerCartridge, fuserOiler, water, wasteWater
    case glueWaterAdditive, wastePaper, bindingSupply, bandingSupply, stitchingWire, shrinkWrap, paperWrap, staples, inserts, covers

    /// `inkCartridge`, `ink-cartridge`, `INK_CARTRIDGE`, `Ink Cartridge` or `6`.
    public init?(_ text: String) {
        if let number = Int(text), let type = SupplyType(rawValue: number) {
            self = type
            return
        }
        guard let type = Self.byKeyword[SupplyName.folded(text)] else { return nil }
        self = type
    }

    private static let byKeyword = Dictionary(uniqueKeysWithValues: allCases.map { ($0.keyword, $0) })

    /// `ink-cartridge`: one word for it everywhere.
    public var keyword: String { SupplyName.folded("\(self)") }

    /// It fills up: its level is the space left.
    var isReceptacle: Bool {
        switch self {
        case .wasteToner, .wasteInk, .wasteWax, .wasteWater, .wastePaper: true
        default: false
        }
    }
}

/// What a level counts: PrtMarkerSuppliesSupplyUnitTC of RFC 3805, as far as it matters here.
public enum SupplyUnit: String, CaseIterable, Sendable {
    case percent, impressions, sheets, hours, tenthsOfGrams, grams, thousandthsOfOunces, tenthsOfMilliliters, thousandthsOfMilliliters
    case hundredthsOfFluidOunces, lengths, items, other

    /// By the number of the textual convention; nil for one that does not exist.
    public init?(code: Int) {
        switch code {
        case 1, 2: self = .other
        case 3, 4, 16, 17: self = .lengths
        case 7: self = .impressions
        case 8: self = .sheets
        case 11: self = .hours
        case 12: self = .thousandthsOfOunces
        case 13: self = .tenthsOfGrams
        case 14: self = .hundredthsOfFluidOunces
        case 15: self = .tenthsOfMilliliters
        case 18: self = .items
        case 19: self = .percent
        default: return nil
        }
    }

    /// The names of the textual convention and the usual short ones, in any spelling; nil for others.
    public init?(_ text: String) {
        if let number = Int(text) {
            guard let unit = SupplyUnit(code: number) else { return nil }
            self = unit
            return
        }
        switch SupplyName.folded(text) {
        case "percent", "%": self = .percent
        case "impressions", "pages", "prints", "images": self = .impressions
        case "sheets": self = .sheets
        case "hours": self = .hours
        case "tenths-of-grams": self = .tenthsOfGrams
        case "grams", "g": self = .grams
        case "thousandths-of-ounces": self = .thousandthsOfOunces
        case "tenths-of-milliliters": self = .tenthsOfMilliliters
        case "thousandths-of-milliliters": self = .thousandthsOfMilliliters
        // The standard's own spelling lacks a letter.
        case "hundreths-of-fluid-ounces", "hundredths-of-fluid-ounces": self = .hundredthsOfFluidOunces
        case "ten-thousandths-of-inches", "micrometers", "feet", "meters": self = .lengths
        case "items", "pieces", "units": self = .items
        case "other", "unknown", "": self = .other
        default: return nil
        }
    }

    /// True when an amount in this unit cannot be taken for a percentage.
    var countsSomething: Bool { self != .percent && self != .other }
}
