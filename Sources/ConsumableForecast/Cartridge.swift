import Documents
import Glibc

/// What is believed of the cartridge in the slot: percent left and percent a unit of the counter, as one Gaussian of two dimensions.
///
/// Units are pages, hours, metres or, without a counter, days. A reading of a stepped level is an interval; conditioning on it is matched
/// by moments (assumed density filtering), and what it says of the level is carried to the yield through their covariance.
struct Cartridge: Codable, Equatable, Sendable {
    /// Percent left.
    var left: Double
    /// Percent a unit; 0 while nothing is known of it.
    var perUnit: Double
    var leftVariance: Double
    var covariance = 0.0
    var perUnitVariance: Double

    init(left: Double, leftVariance: Double, perUnit: Double = 0, perUnitVariance: Double = 0) {
        self.left = left
        self.leftVariance = leftVariance
        self.perUnit = perUnit
        self.perUnitVariance = perUnitVariance
    }

    var hasYield: Bool { perUnit > 0 }

    /// Lowers the level by what was used. `unitsPerDay` says how many units share one day's coverage: pages of one day are alike.
    mutating func use(units: Double, unitsPerDay: Double, coverageVariation: Double) {
        guard units > 0, perUnit > 0 else { return }
        let used = units * perUnit
        let noise = coverageVariation * coverageVariation * used * perUnit * max(unitsPerDay, units * 0.2)
        left -= used
        leftVariance += units * units * perUnitVariance - 2 * units * covariance + noise
        leftVariance = max(leftVariance, 1e-6)
        covariance -= units * perUnitVariance
    }

    /// Conditions on the level lying between two bounds.
    mutating func condition(low: Double, high: Double) {
        assert(low <= high, "bounds the wrong way round")
        let (mean, variance) = Gaussian.truncated(mean: left, variance: leftVariance, low: low, high: high)
        update(mean: mean, variance: variance)
    }

    /// Conditions on a measured level with a variance of its own (the update of a Kalman filter).
    mutating func measure(_ level: Double, variance: Double) {
        let gain = leftVariance / (leftVariance + variance)
        update(mean: left + gain * (level - left), variance: leftVariance * (1 - gain))
    }

    /// The level is now believed to be this; the yield follows as far as the two are tied.
    mutating func update(mean: Double, variance: Double) {
        guard mean.isFinite, variance.isFinite, leftVariance > 0 else { return }
        let tie = covariance / leftVariance
        if perUnit > 0 {
            let moved = perUnit + tie * (mean - left)
            // No single reading makes a cartridge last three times or a third as long.
            perUnit = min(max(moved, perUnit / 3), perUnit * 3)
            perUnitVariance = max(perUnitVariance - tie * tie * (leftVariance - variance), perUnit * perUnit * 1e-5)
            covariance = tie * variance
        }
        left = mean
        leftVariance = max(variance, 1e-6)
        // Rounding must not make the covariance larger than the variances allow.
        let bound = 0.999 * (leftVariance * perUnitVariance).squareRoot()
        covariance = min(max(covariance, -bound), bound)
    }

    /// The level alone is known anew: a correction, not something the yield explains.
    mutating func place(_ mean: Double, variance: Double) {
        left = mean
        leftVariance = max(variance, 1e-6)
        covariance = 0
    }

    /// Another unit counts from now on.
    mutating func forgetYield() {
        perUnit = 0
        perUnitVariance = 0
        covariance = 0
    }

    /// The yield alone is known anew.
    mutating func learnYield(_ value: Double, relativeVariance: Double) {
        guard value > 0, value.isFinite else { return }
        perUnit = value
        perUnitVariance = value * value * relativeVariance
        covariance = 0
    }

    /// What is in it now may yield more or less than before, by a variance relative to the yield.
    mutating func widenYield(relativeVariance: Double) { perUnitVariance += perUnit * perUnit * max(relativeVariance, 0) }

    mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        try coder.code(&left, &perUnit, &leftVariance, &covariance)
        try coder.code(&perUnitVariance)
    }
}
