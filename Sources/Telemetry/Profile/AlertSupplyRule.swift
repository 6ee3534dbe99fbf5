/// What a reported code says of supplies, such as `{ codes: ["lowToner"], types: ["toner"], level: [0, 10] }`.
public struct AlertSupplyRule: Equatable, Sendable {
    /// Of which supplies.
    public enum Target: Equatable, Sendable {
        /// Of the one with this name, which may be put together of members of the alert's row.
        case named(AlertCodeTemplate)
        /// Of those of these types (`SupplyType.keyword`): of one of them, where there are several.
        case types([String])
        /// Of all that the device has.
        case all
    }

    /// A `*` at the end stands for the rest of a code.
    public var codes: [String]
    public var target: Target
    /// Percent of what is left to use; nil: while the code stands, a level at its end or far below the one before is not believed.
    public var level: ClosedRange<Double>?
}

/// What a code that stands says of supplies: `AlertSupplyRule` with the name that the alert's row gave.
public struct SupplyHint: Equatable, Sendable, Codable {
    /// The supply that it names; nil where it names a type, or all.
    public var supply: String?
    /// The types of which it says it; empty for all.
    public var types: [String] = []
    /// What is left, in percent; nil where levels at their end are to be doubted.
    public var lowPercent: Double?
    public var highPercent: Double?

    /// Percent of what is left; nil where levels at their end are to be doubted.
    public var level: ClosedRange<Double>? {
        guard let lowPercent, let highPercent, lowPercent <= highPercent else { return nil }
        return lowPercent...highPercent
    }

    /// Nil when the row does not give the name that the rule asks for.
    init?(_ rule: AlertSupplyRule, member: (String) -> String?) {
        switch rule.target {
        case .all: break
        case .types(let types): self.types = types
        case .named(let template):
            guard let name = template.hasMembers ? template.filled(member) : template.text else { return nil }
            supply = name
        }
        lowPercent = rule.level?.lowerBound
        highPercent = rule.level?.upperBound
    }
}
