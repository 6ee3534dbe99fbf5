/// What the steps of a level tell of a yield, in units (pages, or days) per percent.
///
/// Only intervals from one step edge to the next are counted: there the level is known to the point, while inside a
/// step of 10 % it may be anywhere. Units per percent are taken as a sum of independent parts, one a percent, so that
/// an interval of d percent has mean d·m and variance d·v; four sums are then all that is needed (weighted least squares).
struct StepEvidence: Codable, Equatable, Sendable {
    private(set) var percent = 0.0
    private(set) var units = 0.0
    /// Sum of units² / percent of the intervals.
    private(set) var unitsSquaredPerPercent = 0.0
    private(set) var steps = 0.0

    /// Pages of 10 % vary by this share when nothing is known yet: coverage differs from page to page.
    static let priorVariationOfTenPercent = 0.3
    /// Weight of that prior in steps.
    static let priorSteps = 3.0

    mutating func add(percent newPercent: Double, units newUnits: Double) {
        guard newPercent > 0, newUnits >= 0, newPercent.isFinite, newUnits < 1e12 else { return }
        percent += newPercent
        units += newUnits
        unitsSquaredPerPercent += newUnits * newUnits / newPercent
        steps += 1
    }

    /// Both together.
    func joined(_ other: StepEvidence) -> StepEvidence {
        var sum = self
        sum.percent += other.percent
        sum.units += other.units
        sum.unitsSquaredPerPercent += other.unitsSquaredPerPercent
        sum.steps += other.steps
        return sum
    }

    /// The same knowledge with at most the weight of `limit` percent: what an old cartridge may say of a new one.
    func limited(toPercent limit: Double) -> StepEvidence {
        guard percent > limit else { return self }
        let share = limit / percent
        var scaled = self
        scaled.percent *= share
        scaled.units *= share
        scaled.unitsSquaredPerPercent *= share
        scaled.steps *= share
        return scaled
    }

    /// Fewer units a percent than this are none: a millisecond is 1e-8 days, and squares must not vanish.
    static let leastUnits = 1e-8

    /// Units per percent; nil without any.
    var unitsPerPercent: Double? {
        guard percent > 0, units > Self.leastUnits * percent else { return nil }
        return units / percent
    }

    /// Variance of the units of one percent, relative to the square of their mean; shrunk towards the prior.
    var relativeVariancePerPercent: Double {
        let prior = Self.priorVariationOfTenPercent * Self.priorVariationOfTenPercent * 10
        guard let mean = unitsPerPercent else { return prior }
        let residual = max(0, unitsSquaredPerPercent - units * mean) / (mean * mean)
        return (Self.priorSteps * prior + residual) / (Self.priorSteps + max(0, steps - 1))
    }
}
