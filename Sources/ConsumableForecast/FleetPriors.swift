/// What one kind of device taught so far, for the supplies of which little is known: a few hundred bytes that do not grow.
public struct FleetPriors: Codable, Equatable, Sendable {
    /// Levels at which people swap a cartridge that still has something in it; bin 0 is "when it is empty".
    static let endLevels = SIMD8<Double>(0, 3, 5, 7, 9, 11, 14, 0)
    /// Before anything was seen: one in eight is swapped early, anywhere from 2 to 12 %.
    private static let endPrior = SIMD8<Double>(0.88, 0.023, 0.023, 0.023, 0.023, 0.022, 0.006, 0)
    private static let endPriorWeight = 25.0
    static let endBins = 7

    private var weekdaySums = SIMD8<Double>(1.25, 1.25, 1.25, 1.25, 1.25, 0.4, 0.25, 0) * 3
    private var weekdayCounts = SIMD8<Double>(repeating: 3)
    private var ends = FleetPriors.endPrior * FleetPriors.endPriorWeight

    public init() {}

    var weekdayWeights: SIMD8<Double> {
        var weights = weekdaySums / weekdayCounts
        weights[7] = 0
        return weights * (7 / weights.sum())
    }

    mutating func learnWeekday(_ weekday: Int, ratio: Double) {
        weekdaySums[weekday] += min(ratio, 4)
        weekdayCounts[weekday] += 1
        if weekdayCounts[weekday] > 400 {
            weekdaySums[weekday] *= 0.5
            weekdayCounts[weekday] *= 0.5
        }
    }

    /// Shares of the levels at which a cartridge ends.
    var endShares: SIMD8<Double> { ends / ends.sum() }

    /// Takes what share of a life that is over ended in which bin.
    mutating func learnEnd(_ shares: SIMD8<Double>) {
        ends += shares
        if ends.sum() > 1_000 { ends *= 0.5 }
    }
}
