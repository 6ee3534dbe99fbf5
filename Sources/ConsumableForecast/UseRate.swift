import Documents
import Glibc

/// The pages of an average day, as a distribution over 32 points of its logarithm.
///
/// A Bayes filter: between days the rate drifts a little and, seldom, jumps to another level; a day's pages are a negative binomial
/// of mean rate × weekday weight, with a share of days on which nobody prints (holidays) or that fit nothing (bursts). A jump is
/// therefore believed after a few days of it and not before, which no average of a fixed span can do.
struct UseRate: Encodable, Equatable, Sendable {
    static let spacing = 0.16
    static let priorVariation = 0.35

    private var mass = SIMD32<Float>(repeating: 0)
    /// Logarithm of the rate at the first point.
    private var origin = 0.0
    private(set) var days = 0.0
    private(set) var meanLog = 0.0
    private(set) var varianceLog = 1.0
    /// Squared relative deviation of one day of weight 1.
    private(set) var dayVariation = UseRate.priorVariation
    /// Long-run mean and spread of the logarithm: where a jump may lead.
    private var longMean = 0.0
    private var longVariance = 0.5
    /// Mean units of a day of weight 1; 0 while not known. It follows from the moments.
    private(set) var mean = 0.0

    private enum CodingKeys: String, CodingKey {
        case mass, origin, days, meanLog, varianceLog, dayVariation, longMean, longVariance
    }

    var isKnown: Bool { days > 0 }
    var relativeVariance: Double { exp(min(varianceLog, 4)) - 1 }

    /// Takes the units of completed days. `weight` is the sum of the weights of these days.
    mutating func fold(units: Double, weight: Double, days newDays: Double) {
        guard weight > 0.02, units >= 0, units.isFinite else { return }
        if days == 0 {
            // Nothing can be said of the rate of what has never been used.
            guard units > 0 else { return }
            begin(units / weight)
            return
        }
        predict(newDays)
        let ratio = units / (weight * exp(meanLog))
        let expected = varianceLog + dayVariation * max(1, 0.5 / weight) / max(1, newDays * 0.7)
        update(units: units, weight: weight, newDays: newDays)
        learnVariation(ratio: ratio, weight: weight, newDays: newDays, expected: expected)
        days = min(days + newDays, 100_000)
        let share = max(1 / 60, 1 / (days + 3)) * min(newDays, 10)
        let gap = meanLog - longMean
        longMean += share * gap
        longVariance += share * (max(gap * gap, 0.15) - longVariance)
        recentre()
    }

    private mutating func begin(_ rate: Double) {
        origin = log(max(rate, 1e-4)) - 15.5 * Self.spacing
        for point in 0..<32 {
            let z = (Double(point) - 15.5) * Self.spacing / 0.8
            mass[point] = Float(exp(-0.5 * z * z))
        }
        mass /= mass.sum()
        days = 1
        longMean = log(max(rate, 1e-4))
        moments()
    }

    private mutating func predict(_ newDays: Double) {
        let spread = Float(min(0.4, ModelTuning.driftVariance * newDays / (2 * Self.spacing * Self.spacing)))
        var shifted = mass * (1 - 2 * spread)
        for point in 0..<32 {
            shifted[max(point - 1, 0)] += spread * mass[point]
            shifted[min(point + 1, 31)] += spread * mass[point]
        }
        let jump = min(0.5, ModelTuning.jumpPerDay * newDays)
        var target = SIMD32<Float>(repeating: 0)
        let spreadVariance = longVariance + 0.5
        for point in 0..<32 {
            let gap = origin + Double(point) * Self.spacing - (longMean + meanLog) / 2
            target[point] = Float(exp(-0.5 * gap * gap / spreadVariance))
        }
        mass = shifted * Float(1 - jump) + target * (Float(jump) / target.sum())
    }

    private mutating func update(units: Double, weight: Double, newDays: Double) {
        let shape = max(1, newDays * 0.7) / (dayVariation * max(1, 0.5 / weight * min(newDays, 1)))
        let constant = lgamma(units + shape) - lgamma(shape) - lgamma(units + 1)
        // A day without use is a holiday more often than a new level; a day that fits nothing is a burst.
        let typical = exp(meanLog) * weight
        let odd = units < 0.1 * typical ? ModelTuning.holidayShare / (1 + 0.1 * typical) : ModelTuning.burstShare / (3 * (units + 1))
        for point in 0..<32 {
            let expected = exp(origin + Double(point) * Self.spacing) * weight
            let value = constant + units * log(expected / (shape + expected)) - shape * log1p(expected / shape)
            mass[point] *= Float(exp(max(value, -60)) * (1 - ModelTuning.burstShare - ModelTuning.holidayShare) + odd)
        }
        let sum = mass.sum()
        if sum > 1e-30, sum.isFinite { mass /= sum } else { begin(units / weight) }
        moments()
    }

    private mutating func learnVariation(ratio: Double, weight: Double, newDays: Double, expected: Double) {
        guard weight > 0.4, newDays < 1.5, ratio > 0.08 else { return }
        let deviation = min((ratio - 1) * (ratio - 1), 4)
        let poisson = 1 / max(exp(meanLog) * weight, 0.2)
        let own = max(0.02, (deviation - varianceLog - poisson))
        dayVariation += (own - dayVariation) / min(days + 15, 60)
        dayVariation = min(max(dayVariation, 0.05), 2)
    }

    private mutating func moments() {
        var sum = 0.0
        var squares = 0.0
        for point in 0..<32 {
            sum += Double(mass[point]) * Double(point)
            squares += Double(mass[point]) * Double(point * point)
        }
        meanLog = origin + Self.spacing * sum
        varianceLog = max(squares - sum * sum, 0) * Self.spacing * Self.spacing
        findMean()
    }

    private mutating func findMean() { mean = days > 0 ? exp(meanLog + varianceLog / 2) : 0 }

    /// Keeps the mean within the middle third of the points.
    private mutating func recentre() {
        let place = (meanLog - origin) / Self.spacing
        guard place < 9 || place > 22, meanLog > -12 else { return }
        let shift = Int((place - 15.5).rounded())
        var moved = SIMD32<Float>(repeating: 0)
        for point in 0..<32 {
            let target = point - shift
            if target >= 0, target < 32 { moved[target] = mass[point] }
        }
        let sum = moved.sum()
        guard sum > 0 else { return }
        mass = moved / sum
        origin += Double(shift) * Self.spacing
    }

    mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        try coder.code(&mass, &origin, &days, &meanLog)
        try coder.code(&varianceLog, &dayVariation, &longMean, &longVariance)
        findMean()
    }
}
