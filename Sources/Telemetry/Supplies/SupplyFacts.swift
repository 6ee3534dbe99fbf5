import Hashing

/// What a device says of the supply that is in it, other than its level: for people, for orders, and to know one cartridge from the next.
public struct SupplyFacts: Equatable, Sendable, Codable {
    /// By `SupplyMember.facts`. One reference, because most devices say nothing of it.
    private var texts: [String?] = []

    public init() {}

    /// IPP's keyword, such as `toner-cartridge`, or the device's own word.
    public var type: String? { self[0] }
    public var label: String? { self[1] }
    public var partNumber: String? { self[2] }
    public var serialNumber: String? { self[3] }

    /// The same number for the same cartridge; nil when the device does not tell.
    public var serialHash: UInt64? { serialNumber.map { ContentHash.combine(ContentHash.seed, $0) } }

    /// Words by which a printer says that the cartridge is none of the maker's, in place of its name. In lower case.
    private static let foreignWords = [
        "non-original", "non original", "non-genuine", "non genuine", "not genuine", "counterfeit", "used or", "refilled", "refurbished",
        "remanufactured", "third party", "third-party", "3rd party", "altered", "unsupported", "not recognized", "unknown",
    ]

    /// The label, where it names what one would order; nil where it says no more than that the cartridge is not the maker's.
    public var genuineLabel: String? {
        guard let label, !label.isEmpty else { return nil }
        let words = label.lowercased()
        return Self.foreignWords.contains { words.contains($0) } ? nil : label
    }

    private subscript(_ index: Int) -> String? {
        get { texts.indices.contains(index) ? texts[index] : nil }
        set {
            if texts.isEmpty { texts = [nil, nil, nil, nil] }
            texts[index] = newValue
        }
    }

    /// Nil unless it has a digit other than 0: a spool without a tag sends zeros, and a text without digits is a word that was cut off.
    private static func serial(_ text: String) -> String? { text.utf8.contains { (0x31...0x39).contains($0) } ? text : nil }

    /// Applies a member of a message; an empty text, or a word that means "not known", removes what was known.
    mutating func update(_ member: SupplyMember, _ bytes: [UInt8]) {
        let name = SupplyName.clean(bytes: bytes)
        let text = SupplySuffix.known(name.text)
        switch member {
        case .type: self[0] = text.map { SupplyType($0)?.keyword ?? $0 }
        case .label:
            self[1] = text
            // Numbers that stand behind the name. A member of their own is taken after it and wins.
            if let number = name.partNumber { self[2] = number }
            if let number = name.serialNumber.flatMap(Self.serial) { self[3] = number }
        case .partNumber: self[2] = text
        case .serialNumber: self[3] = text.flatMap(Self.serial)
        case .capacity, .unit, .supplyClass: break
        }
    }
}
