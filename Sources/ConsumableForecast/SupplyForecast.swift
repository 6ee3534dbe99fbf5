/// How long a supply will last, or why nobody can say.
public enum SupplyForecast: Equatable, Sendable {
    case notEnoughEvidence(MissingEvidence)
    case estimate(SupplyEstimate)
}

/// Why there is no forecast. An unknown is never turned into a number.
public enum MissingEvidence: String, Codable, Equatable, Sendable {
    /// No level was ever reported.
    case noLevel
    /// Fewer than two distinct levels in this generation, and no earlier generation taught a yield.
    case noLevelStep
    /// The counter stood still on all completed days: nothing is used, so that nothing ends.
    case noUse
    /// The newest reading is older than `SupplyModel.staleAfterDays`.
    case stale
}

/// Days left with an interval that should hold the true end nine times out of ten.
public struct SupplyEstimate: Equatable, Sendable {
    /// Days from the time asked for until the supply is empty: 5, 50 and 95 percent quantiles, strictly rising.
    public var daysLeftP5, daysLeftP50, daysLeftP95: Double
    /// Percent of the supply that one page uses; nil without a counter, where percent per day is used instead.
    public var percentPerPage: Double?
    /// Pages per day; nil without a counter.
    public var pagesPerDay: Double?
    /// The estimated level in percent, inside the step that is reported.
    public var levelPercent: Double
}

/// What a reading changed in a `SupplyModel`.
public enum SupplyChange: Equatable, Sendable {
    case none
    case levelChanged(fromPercent: Double?, toPercent: Double)
    /// A new cartridge; `residualPercent` is what the old one said last.
    case newGeneration(residualPercent: Double)
    /// Older than the newest reading, hence ignored.
    case late
}
