public struct SupplyRule: Equatable, Sendable {
    public var name: NameTemplate
    public var level: PathPattern
    /// The level that means full.
    public var capacity: Double
    /// Levels that mean "unknown". Every negative level does so without being listed.
    public var unknownLevels: [Double]
    /// A member beside the level that says by its value that the level means nothing, such as the tag of a spool that has none.
    public var unknownWhen: MemberRule?
    /// The usage counter that wears it, such as pages.
    public var counter: String?
    /// What to order; may hold captures.
    public var item: NameTemplate
    public var leadTimeMilliseconds: Int64
    /// Ordered at or below this level even while there is too little evidence for a forecast.
    public var floorPercent: Double
    /// False for what people refill themselves: it is forecast, never ordered.
    public var isOrdered: Bool
    public var message: String?
}

/// A member of the same JSON object, and the values of it that count.
public struct MemberRule: Equatable, Sendable {
    public var member: String
    public var values: [String]
}
