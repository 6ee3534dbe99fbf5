/// How a supply is read, forecast and ordered.
public struct SupplyRule: Equatable, Sendable {
    public var name: NameTemplate
    public var level: PathPattern
    /// The level that means full, where no member says it; nil when only the device can know.
    public var capacity: Double? = 100
    /// Where the level that means full stands, when that is not beside the level. It may hold the captures of `level`.
    public var capacityPath: PathPattern?
    /// What a number of the level means: unit, kind, step and codes, as far as the profile fixes them.
    public var meaning = SupplyLevelRule()
    /// What words and numbers mean that are no amount. Asked before `meaning`.
    public var values: [SupplyValueName] = []
    /// The members of the same JSON object that say more about the level, or about the supply.
    public var members: [SupplyMemberName] = []
    /// Members beside the level that say by their value that the level is not known, such as the tag of a spool that has none. They say so
    /// without a level, too: an empty slot may tell nothing else.
    public var unknownWhen: [MemberRule] = []
    /// Where the device says whether the level holds.
    public var quality: QualityRule?
    /// The usage counter that wears it, such as pages.
    public var counter: String?
    /// What to order; may hold captures, and `{partNumber}` or `{label}` of the supply that is in the device.
    public var item: NameTemplate
    public var leadTimeMilliseconds: Int64 = 0
    /// The named level of the topic whose digits tell the lead time in days.
    public var leadTimeCapture: String?
    /// Standard deviation of the logarithm of the lead time.
    public var leadTimeSpread = 0.25
    /// Share of supplies whose successor is to be there in time, 0.5 to 0.999; nil for the configuration's.
    public var serviceLevel: Double?
    /// Ordered at or below this level while there is too little evidence for a forecast.
    public var floorPercent = 0.0
    /// False for what people refill themselves: it is forecast, never ordered.
    public var isOrdered = true
    /// It is topped up in place: a rise of the level is no new cartridge.
    public var isRefillable = false
    public var message: String?

    init(name: NameTemplate, level: PathPattern, item: NameTemplate) {
        self.name = name
        self.level = level
        self.item = item
    }
}

/// A member of the same JSON object, and the values of it that count.
public struct MemberRule: Equatable, Sendable {
    public var member: String
    public var values: [String]
}

/// What a member beside the level tells.
public enum SupplyMember: Int, CaseIterable, Sendable {
    case capacity, unit, supplyClass, type, label, partNumber, serialNumber

    /// What tells about the supply itself, and not how to read its level.
    static let facts: [SupplyMember] = [.type, .label, .partNumber, .serialNumber]
}

/// The name of such a member. A profile may give several names for one meaning.
public struct SupplyMemberName: Equatable, Sendable {
    public var meaning: SupplyMember
    public var name: [UInt8]
}

/// One row of a supply's `values`: what the device sends, and what is left then.
public struct SupplyValueName: Equatable, Sendable {
    public enum Meaning: Equatable, Sendable {
        case code(SupplyCodeMeaning)
        /// Percent of what is left to use.
        case percent(Double)
        case interval(low: Double, high: Double)
    }
    /// Compared without regard to upper and lower case.
    public var raw: [UInt8]
    /// The same as a number, when it is one.
    public var number: Double?
    public var meaning: Meaning
}

extension DeviceProfile {
    /// Members that are read beside others and may well change nothing, such as a capacity of 100 or the name of an item.
    public var comparedMembers: [String] {
        let beside = supplies.flatMap { rule in
            rule.unknownWhen.map(\.member) + rule.members.map { String(decoding: $0.name, as: UTF8.self) }
        }
        let names = (metrics.map(\.path) + supplies.map(\.level)).flatMap(\.tokens).flatMap { token -> [String] in
            guard case .each(_, let member?, _) = token else { return [] }
            return member.split(separator: UInt8(ascii: "|")).map { String(decoding: $0, as: UTF8.self) }
        }
        let qualities = (metrics.map(\.quality) + supplies.map(\.quality)).compactMap { rule -> String? in
            guard case .beside(let member)? = rule?.place else { return nil }
            return member
        }
        return beside + names + qualities + alerts.flatMap { $0.severityMembers + $0.textMembers }
    }
}
