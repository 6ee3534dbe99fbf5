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
    /// The named level of the topic whose digits tell the lead time in days.
    public var leadTimeCapture: String?
    /// Standard deviation of the logarithm of the lead time.
    public var leadTimeSpread = 0.25
    /// Share of supplies whose successor is to be there in time, 0.5 to 0.999; nil for the configuration's.
    public var serviceLevel: Double?
    /// Ordered at or below this level while there is too little evidence for a forecast.
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
