import CivilCalendar
import Glibc

/// What a forecast rests on, for people who ask why.
public struct SupplyEvidence: Equatable, Sendable {
    /// What the device said last; nil while it said nothing, or only that some remains.
    public var reportedPercent: Double?
    public var isSomeRemaining: Bool
    /// The middle of what the device calls low, where it says no number.
    public var saidLowPercent: Double?
    /// The step in which the device counts, in percent, and the spread of a single reading where it trembles.
    public var stepPercent: Double
    public var jitterPercent: Double?
    /// What is believed to be left, with its standard deviation.
    public var estimatedPercent: Double?
    public var estimatedPercentError: Double?
    /// Percent a unit of the counter (a day where there is none), with the relative standard deviation; nil while not known.
    public var percentPerUnit: Double?
    public var percentPerUnitRelativeError: Double?
    public var hasCounter: Bool
    /// Units of a day of weight 1, with the relative standard deviation; nil without a counter or before the second day.
    public var unitsPerDay: Double?
    public var unitsPerDayRelativeError: Double?
    /// Standard deviation of one day relative to its mean.
    public var dayRelativeDeviation: Double
    /// Weights of the days of the week, Monday first, with a mean of 1.
    public var weekdayWeights: [Double]
    public var completedDays: Double
    public var expectedGapDays: Double
    /// How early people change it; nil while they do so when it is used up, or nobody knows yet.
    public var habit: ChangeHabit?

    /// People here change a supply that still holds much.
    public struct ChangeHabit: Equatable, Sendable {
        /// Percent left then, as a median, and its standard deviation.
        public var percent, percentError: Double
        /// The changes that this rests on, and how many of them were early.
        public var changes, earlyChanges: Int
        /// Learned from this supply, and not from others of the profile.
        public var isOwn: Bool
    }
}

extension SupplyModel {
    public func evidence(atMilliseconds: Int64, fleet: FleetPriors) -> SupplyEvidence {
        let known = cartridge?.hasYield == true ? cartridge : nil
        let place = levelPercent != nil || isSomeRemaining ? cartridge : nil
        let week = use.calendar.weights
        return SupplyEvidence(
            reportedPercent: levelPercent, isSomeRemaining: isSomeRemaining, saidLowPercent: saidLowPercent, stepPercent: steps.percent,
            jitterPercent: steps.jitterVariance?.squareRoot(), estimatedPercent: estimatedPercent,
            estimatedPercentError: place?.leftVariance.squareRoot(), percentPerUnit: known?.perUnit,
            percentPerUnitRelativeError: known.map { $0.perUnitVariance.squareRoot() / $0.perUnit }, hasCounter: hasCounter,
            unitsPerDay: hasCounter && use.isRateKnown ? use.meanRate : nil,
            unitsPerDayRelativeError: hasCounter && use.isRateKnown ? use.rate.relativeVariance.squareRoot() : nil,
            dayRelativeDeviation: use.rate.dayVariation.squareRoot(),
            weekdayWeights: Weekday.fromMonday.map { week[$0] }, completedDays: use.completedDays,
            expectedGapDays: expectedGapDays(atMilliseconds: atMilliseconds), habit: changeHabit(fleet))
    }

    private func changeHabit(_ fleet: FleetPriors) -> SupplyEvidence.ChangeHabit? {
        habit(fleet).map {
            SupplyEvidence.ChangeHabit(
                percent: $0.percent, percentError: $0.spread, changes: $0.changes, earlyChanges: $0.earlyChanges, isOwn: ownHabit != nil)
        }
    }
}
