import CivilCalendar

/// What one kind of device taught so far, for the supplies of which little is known: a few hundred bytes that do not grow.
public struct FleetPriors: Codable, Equatable, Sendable {
    /// Levels at which people swap a cartridge that still has something in it; bin 0 is "when it is empty".
    static let endLevels = SIMD8<Double>(0, 3, 5, 7, 9, 11, 14, 0)
    /// Before anything was seen: one in eight is swapped early, anywhere from 2 to 12 %.
    private static let endPrior = SIMD8<Double>(0.88, 0.023, 0.023, 0.023, 0.023, 0.022, 0.006, 0)
    private static let endPriorWeight = 25.0
    static let endBins = 7

    /// Before anything was seen: the use of an office, relative to that of an average day.
    private static let weekPrior = SIMD8<Double>(week: { $0 == .saturday ? 0.4 : $0 == .sunday ? 0.25 : 1.25 }, last: 0)
    private static let weekPriorWeight = 3.0

    private var weekdaySums = FleetPriors.weekPrior * FleetPriors.weekPriorWeight
    private var weekdayCounts = SIMD8<Double>(repeating: FleetPriors.weekPriorWeight)
    private var ends = FleetPriors.endPrior * FleetPriors.endPriorWeight
    /// At which levels supplies of different slots were changed; nil before the first change.
    private var changes: SwapHabit?
    var swaps: SwapHabit {
        get { changes ?? SwapHabit() }
        set { changes = newValue.isEmpty ? nil : newValue }
    }
    /// Written since the sums of weekdays are right: see `init(from:)`.
    private var startsWithThursday = true

    public init() {}

    var weekdayWeights: SIMD8<Double> {
        var weights = weekdaySums / weekdayCounts
        weights[7] = 0
        return weights * (7 / weights.sum())
    }

    mutating func learnWeekday(_ weekday: Weekday, ratio: Double) {
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

    /// Earlier versions held the weekend to be Tuesday and Wednesday and did not write `startsWithThursday`. What was learned since lies in the same
    /// sums, so the difference of the two priors is added. Sums that were halved since hold less of the wrong prior, at most a hundredth of a weight.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        weekdaySums = try values.decode(SIMD8<Double>.self, forKey: .weekdaySums)
        weekdayCounts = try values.decode(SIMD8<Double>.self, forKey: .weekdayCounts)
        ends = try values.decode(SIMD8<Double>.self, forKey: .ends)
        changes = try values.decodeIfPresent(SwapHabit.self, forKey: .changes)
        if try values.decodeIfPresent(Bool.self, forKey: .startsWithThursday) != true {
            let former = SIMD8<Double>(1.25, 1.25, 1.25, 1.25, 1.25, 0.4, 0.25, 0)
            weekdaySums += (Self.weekPrior - former) * Self.weekPriorWeight
            weekdaySums.replace(with: 0, where: weekdaySums .< 0)
        }
    }
}
