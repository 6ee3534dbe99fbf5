/// How long a supply will last, or why nobody can say.
public enum SupplyForecast: Equatable, Sendable {
    case notEnoughEvidence(MissingEvidence)
    case estimate(SupplyEstimate)
}

/// Why there is no forecast. An unknown is never turned into a number.
public enum MissingEvidence: String, Codable, Equatable, Sendable, Error {
    /// No level was ever reported.
    case noLevel
    /// Too few distinct levels in this generation, and no earlier generation taught a yield.
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
    /// Percent of the supply that one unit of the counter uses; nil without a counter, where percent per day is used instead.
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
    /// A new cartridge; `residualPercent` is what was left in the old one.
    case newGeneration(residualPercent: Double)
    /// Topped up, by less than a new cartridge holds.
    case refilled(fromPercent: Double, toPercent: Double)
    /// The fall before was false: it is the cartridge that was there all the time.
    case restored(fromPercent: Double, toPercent: Double)
    /// The cartridge before was put back.
    case reinserted(generation: Int32)
    /// Older than the newest reading, hence ignored.
    case late
}

extension SupplyModel {
    /// Days left from `atMilliseconds` on, in event time.
    public func forecast(atMilliseconds: Int64, fleet: FleetPriors) -> SupplyForecast {
        switch endDistribution(atMilliseconds: atMilliseconds, fleet: fleet) {
        case .failure(let reason): return .notEnoughEvidence(reason)
        case .success(let end):
            let low = end.quantile(0.05)
            // Ten years of pages left in it: whatever little is used, nothing ends.
            guard low < EndDistribution.longestDays else { return .notEnoughEvidence(.noUse) }
            let middle = max(end.quantile(0.5), low + 1e-6)
            let high = max(end.quantile(0.95), middle + 1e-6)
            return .estimate(
                SupplyEstimate(
                    daysLeftP5: low, daysLeftP50: middle, daysLeftP95: high, percentPerPage: hasCounter ? end.cartridge.perUnit : nil,
                    pagesPerDay: hasCounter ? use.meanRate : nil, levelPercent: min(max(end.cartridge.left, 0), 100)))
        }
    }
}
