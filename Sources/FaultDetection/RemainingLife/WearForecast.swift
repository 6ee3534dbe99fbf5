import Glibc

/// From the course of a wear to the time at which its condition will be met.
///
/// Shapes (`WearShape`) are fitted by Bayesian linear regression with conjugate priors and weighed by their evidence. What the course deviates by is
/// noise of single days, and a Wiener process of three strengths: wear that wanders is told from wear that drifts. For each shape, points of the
/// posterior distribution are carried on to the day on which the level, with the noise of the days until then, is above the bound.
/// The quantiles of these days, weighed, are the answer.
struct WearForecast {
    /// A forecast reaches no farther than so many times what is known.
    static let farthestSpans = 6.0
    static let longestDays = 3650.0
    /// The probability that there is no wear, above which nothing is said.
    static let allowedDoubt = 0.02
    /// The latest day is at most so many times the earliest, and some.
    private static let widestRatio = 12.0
    /// Points of the posterior distribution of a shape that matters, and of one that hardly does.
    private static let draws = 32
    private static let fewDraws = 8
    private static let smallShare = 0.03
    /// What a course wanders by beside its shape.
    private static let wanderings: [(wander: WearWander, share: Double)] = [
        (.none, 1.0 / 3), (.level(2), 1.0 / 3), (.level(20), 1.0 / 3), (.slope(300), 1.0), (.slope(10000), 1.0),
    ]
    /// Degrees of freedom of the prior of the noise, halved.
    private static let priorWeight = 2.0
    /// The rate of wear to come is that of the past but for so much, by its logarithm.
    private static let rateSpread = 0.2
    /// How much faster wear becomes over a way as long as the known one, where it does, by the logarithm of the time that it takes.
    private static let hurryOfSpan = 0.35

    /// That wear which paused goes on counts for so much of the doubt whether there is wear.
    private static let pauseDoubt = 0.05
    /// Where the pace wanders it is at least so much of the mean one, and becomes more or less by at most so much over a way as long as the known one,
    /// by its logarithm.
    private static let leastPace = 0.3
    private static let widestPace = 0.5

    /// What a shape may miss a course by, as a part of all that it moved.
    private static let shapeTolerance = 0.005

    private let levels: [Double]
    /// Where each lies on the way from the first to the newest.
    private let places: [Double]
    /// The variance of each, in those of a full bin.
    private let variances: [Double]
    private let noiseOfDay: Double
    private let noiseOfBin: Double
    /// Days that a unit of u takes, and how much that may differ, by its logarithm.
    private let daysPerSpan: Double
    private let paceSpread: Double
    private let knownDays: Double
    /// Days since the newest point, in which the condition was not met.
    private let daysSince: Double

    init?(_ trend: WearTrend, byLoad: Bool) {
        let points = trend.points
        guard trend.knownDays >= RemainingLife.minimumDays, points.count >= 5, let first = points.first, let last = points.last else {
            return nil
        }
        let way = points.map { Double(byLoad ? $0.load : $0.day) }
        guard let start = way.first, let end = way.last, end > start, end.isFinite else { return nil }
        places = way.map { ($0 - start) / (end - start) }
        let scale = points.map { abs(Double($0.distance)) }.max() ?? 0
        noiseOfDay = max(Double(trend.dailyNoise) / 1.128, scale * 1e-4, 1e-12)
        let range = (points.map(\.distance).max() ?? 0) - (points.map(\.distance).min() ?? 0)
        // No course is of one of the shapes to the last digit.
        noiseOfBin = max(noiseOfDay / Double(trend.daysOfBin).squareRoot(), Double(range) * Self.shapeTolerance)
        variances = points.map { Double(trend.daysOfBin) / Double(max($0.days, 1)) }
        levels = Self.bounded(points.map { Double($0.distance) }, places, by: 4 * noiseOfBin)
        knownDays = Double(last.day - first.day)
        daysSince = max(0, trend.newestDays - Double(last.day))
        (daysPerSpan, paceSpread) = byLoad ? Self.pace(points, places) : (knownDays, 0)
        guard knownDays > 0, daysPerSpan > 0 else { return nil }
    }

    /// A level far from the line through the five around it is bounded: one strange day is no course. The line is the median of those through two
    /// of them (Theil and Sen), which one of five cannot move far.
    private static func bounded(_ levels: [Double], _ places: [Double], by noise: Double) -> [Double] {
        func median(_ numbers: [Double]) -> Double {
            let sorted = numbers.sorted()
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }
        return levels.indices.map { index in
            let first = min(max(index - 2, 0), levels.count - 5)
            let around = first..<first + 5
            let slopes = around.flatMap { a in
                around.filter { $0 > a && places[$0] > places[a] }.map { (levels[$0] - levels[a]) / (places[$0] - places[a]) }
            }
            guard !slopes.isEmpty else { return levels[index] }
            let slope = median(slopes)
            let middle = median(around.map { levels[$0] - slope * places[$0] }) + slope * places[index]
            let limit = noise + 2 * abs(slope) / Double(levels.count - 1)
            return min(max(levels[index], middle - limit), middle + limit)
        }
    }

    /// Days for a unit of u by the pace of the newest half, and how much the paces of its parts differ.
    private static func pace(_ points: [WearTrend.Bin], _ places: [Double]) -> (Double, Double) {
        let half = points.count / 2
        let (days, way) = (Double(points[points.count - 1].day - points[half].day), places[places.count - 1] - places[half])
        guard days > 0, way > 0 else { return (0, 0) }
        let pace = days / way
        let parts = (half + 1..<points.count).compactMap { index -> Double? in
            let (days, way) = (Double(points[index].day - points[index - 1].day), places[index] - places[index - 1])
            return days > 0 && way > 0 ? log(days / way / pace) : nil
        }
        guard parts.count > 1 else { return (pace, 0.2) }
        let variance = parts.reduce(0) { $0 + $1 * $1 } / Double(parts.count)
        return (pace, min(0.02 + (variance / Double(parts.count)).squareRoot(), 1))
    }

    func remainingLife() -> RemainingLife {
        var fits: [Fit] = []
        for (wander, share) in Self.wanderings {
            let covariance = places.indices.map { i in
                places.indices.map { j in wander.covariance(places[i], places[j]) + (i == j ? variances[i] : 0) }
            }
            let factor = CholeskyFactor(covariance)
            for shape in WearShape.all where wander.goes(with: shape) { fits.append(fit(shape, wander, share, factor)) }
        }
        guard let best = fits.map(\.logEvidence).max() else { return .unknown(.tooShort) }
        for index in fits.indices { fits[index].weight = exp(fits[index].logEvidence - best) }
        let total = fits.reduce(0) { $0 + $1.weight }
        let towards = fits.reduce(0) { $0 + $1.weight * $1.probabilityOfWear } / total
        let away = fits.reduce(0) { $0 + $1.weight * $1.probabilityOfRecovery } / total
        if away > 1 - Self.allowedDoubt { return .unknown(.movesAway) }
        guard towards >= 1 - Self.allowedDoubt else { return .unknown(.noDrift) }
        var ends: [(days: Double, weight: Double)] = []
        for fit in fits where fit.shape.drifts && fit.weight > 1e-3 * total { ends += self.ends(fit, share: fit.weight / total) }
        return answer(ends)
    }

    private func answer(_ all: [(days: Double, weight: Double)]) -> RemainingLife {
        // It was not met so far, so what says that it was is wrong; where little else is left, it may be met any day.
        func weight(_ ends: [(days: Double, weight: Double)]) -> Double { ends.reduce(0) { $0 + $1.weight } }
        let later = all.filter { $0.days > daysSince }
        let ends = (weight(later) > 0.1 * weight(all) ? later : all).map { (days: max(0, $0.days - daysSince), weight: $0.weight) }
            .sorted { $0.days < $1.days }
        let total = weight(ends)
        func quantile(_ share: Double) -> Double {
            var sum = 0.0
            for end in ends {
                sum += end.weight
                if sum >= share * total { return end.days }
            }
            return .infinity
        }
        let (earliest, likely, latest) = (quantile(0.05), quantile(0.5), quantile(0.95))
        guard earliest.isFinite, likely <= min(Self.farthestSpans * knownDays, Self.longestDays) else { return .unknown(.tooFar) }
        guard latest <= Self.longestDays, latest <= Self.widestRatio * max(earliest, 2) else { return .unknown(.tooUncertain) }
        return .expected(earliest: earliest, likely: likely, latest: latest)
    }

    // MARK: One shape

    private struct Fit {
        var shape: WearShape
        var wander: WearWander
        var logEvidence = 0.0
        var weight = 0.0
        var mean: [Double]
        /// Of the precision of the coefficients, for a noise of 1.
        var precision: CholeskyFactor
        /// Of the inverse gamma distribution of the noise's variance.
        var halfDegrees: Double
        var halfSum: Double
        /// Where what wanders stands at u = 1, and how fast it moves there, by the levels and less what the coefficients explain of them, and how
        /// much that may differ, for a noise of 1.
        var standing = Standing()
        var movement = Standing()
        /// Of the movement to the standing, as far as they differ together.
        var movementOfStanding = 0.0
        var probabilityOfWear = 0.0
        var probabilityOfRecovery = 0.0
    }

    /// A number that depends on the coefficients: base − gains · coefficients.
    private struct Standing {
        var base = 0.0
        var gains: [Double] = []
        var variance = 0.0

        func at(_ coefficients: [Double]) -> Double { zip(gains, coefficients).reduce(base) { $0 - $1.0 * $1.1 } }
    }

    private func fit(_ shape: WearShape, _ wander: WearWander, _ share: Double, _ factor: CholeskyFactor) -> Fit {
        let rows = places.map(shape.row)
        let size = rows[0].count
        // Coefficients are at most about as large as the levels and their changes.
        let largest = levels.map(abs).max() ?? 0
        let spread = max(largest, 4 * noiseOfBin) / noiseOfBin
        let priorPrecision = 1 / (spread * spread)
        let columns = (0..<size).map { column in factor.forward(rows.map { $0[column] }) }
        let whitened = factor.forward(levels)
        func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        let precisionRows = (0..<size).map { i in
            (0..<size).map { j in product(columns[i], columns[j]) + (i == j ? priorPrecision : 0) }
        }
        let precision = CholeskyFactor(precisionRows)
        let right = columns.map { product($0, whitened) }
        let mean = precision.solve(right)
        let halfDegrees = Self.priorWeight + Double(levels.count) / 2
        let priorSum = Self.priorWeight * noiseOfBin * noiseOfBin
        let halfSum = priorSum + max(0, product(whitened, whitened) - product(mean, right)) / 2
        var fit = Fit(
            shape: shape, wander: wander, mean: mean, precision: precision, halfDegrees: halfDegrees, halfSum: halfSum)
        fit.logEvidence =
            log(shape.prior * share) - factor.logDeterminant / 2 + Double(size) / 2 * log(priorPrecision)
            - precision.logDeterminant / 2 - halfDegrees * log(halfSum)
        if wander != .none {
            let (towards, towardsMovement) = (places.map { wander.covariance($0, 1) }, places.map { wander.movementCovariance($0) })
            let (whitenedTowards, whitenedMovement) = (factor.forward(towards), factor.forward(towardsMovement))
            func standing(_ weights: [Double], _ variance: Double) -> Standing {
                Standing(base: product(weights, whitened), gains: columns.map { product(weights, $0) }, variance: max(0, variance))
            }
            fit.standing = standing(whitenedTowards, wander.covariance(1, 1) - product(whitenedTowards, whitenedTowards))
            fit.movement = standing(whitenedMovement, wander.movementVariance - product(whitenedMovement, whitenedMovement))
            let together = wander.movementCovariance(1) - product(whitenedTowards, whitenedMovement)
            fit.movementOfStanding = fit.standing.variance > 0 ? together / fit.standing.variance.squareRoot() : 0
        }
        if shape.drifts {
            /// That a number of the coefficients, with what wanders of it, is above 0: Student's distribution by its normal approximation (Wallace).
            func isAboveZero(_ weights: [Double], _ addition: Double, _ variance: Double) -> Double {
                let spread = (product(precision.solve(weights), weights) + variance) * halfSum / halfDegrees
                let t = (product(weights, mean) + addition) / spread.squareRoot()
                let degrees = 2 * halfDegrees
                let z = (degrees * log(1 + t * t / degrees)).squareRoot() * (1 - 0.75 / degrees) * (t < 0 ? -1 : 1)
                return erfc(-z * 0.5.squareRoot()) / 2
            }
            var unit = [Double](repeating: 0, count: size)
            unit[1] = 1
            if case .slope = wander {
                // Both the whole way and the present pace have to go towards the bound.
                let way = zip(unit, fit.standing.gains).map { $0 - $1 }
                let pace = zip(unit, fit.movement.gains).map { $0 - $1 }
                let both = (
                    isAboveZero(way, fit.standing.base, fit.standing.variance), isAboveZero(pace, fit.movement.base, fit.movement.variance)
                )
                fit.probabilityOfWear = min(both.0, 1 - Self.pauseDoubt * (1 - both.1))
            } else {
                fit.probabilityOfWear = isAboveZero(unit, 0, 0)
            }
            fit.probabilityOfRecovery = 1 - fit.probabilityOfWear
        }
        return fit
    }

    /// Points of the posterior distribution, each with the day on which the condition is met.
    private func ends(_ fit: Fit, share: Double) -> [(days: Double, weight: Double)] {
        let draws = share < Self.smallShare ? Self.fewDraws : Self.draws
        return (1...draws).map { draw in
            let normals = Self.bases.map { Self.normal(Self.halton(draw, $0)) }
            // The variance of the noise: an inverse gamma distribution by Wilson and Hilferty's approximation.
            let degrees = 2 * fit.halfDegrees
            let cube = 1 - 2 / (9 * degrees) + normals[0] * (2 / (9 * degrees)).squareRoot()
            let noise = (2 * fit.halfSum / (degrees * max(cube * cube * cube, 0.05))).squareRoot()
            let deviation = fit.precision.backward(Array(normals[1...fit.mean.count]))
            let coefficients = zip(fit.mean, deviation).map { $0 + noise * $1 }
            let standing = fit.standing.at(coefficients) + noise * fit.standing.variance.squareRoot() * normals[4]
            let restOfMovement = max(0, fit.movement.variance - fit.movementOfStanding * fit.movementOfStanding).squareRoot()
            let movement =
                fit.wander.movementVariance > 0
                ? fit.movement.at(coefficients) + noise * (fit.movementOfStanding * normals[4] + restOfMovement * normals[8]) : 0
            let jumps = -log(Self.halton(draw, Self.jumpBase))
            let u = meeting(
                fit, coefficients, standing, movement, noise, wander: normals[5], extreme: Self.halton(draw, Self.extremeBase), jumps: jumps
            )
            let pace = exp(paceSpread * normals[6] + Self.rateSpread * normals[7] * max(0.3, min(u - 1, 4)).squareRoot())
            // In three lives of ten wear speeds up on the way that is still to go: little on a short one, and by more on a long one.
            let hurry = max(0, -log(Self.halton(draw, Self.hurryBase)) - 1.2)
            let way = (u - 1) * exp(-Self.hurryOfSpan * min(u - 1, 2) * hurry)
            return (way * daysPerSpan * pace, fit.weight / Double(draws))
        }
    }

    /// The u from 1 on at which the level is above the bound; infinite where it never is.
    private func meeting(
        _ fit: Fit, _ coefficients: [Double], _ standing: Double, _ movement: Double, _ noise: Double, wander: Double,
        extreme: Double, jumps: Double
    ) -> Double {
        if case .slope = fit.wander { return meetingAtChangingPace(fit, coefficients, standing, movement, noise, wander, extreme) }
        let wandering = noise * wander
        // A course that jumped once jumps again: once in as long a time, more or less.
        let furtherJumps = if case .jump = fit.shape { coefficients[2] * jumps } else { 0.0 }
        func level(_ u: Double) -> Double {
            let start = standing + wandering * fit.wander.deviation(over: u - 1) + furtherJumps * (u - 1)
            return zip(fit.shape.row(u), coefficients).reduce(start) { $0 + $1.0 * $1.1 }
        }
        // Near the bound the worst of several days meets the condition: as many as the course takes to rise by their noise.
        let now = level(1)
        let horizon = Self.farthestSpans * 3
        func crossing(_ lift: Double) -> Double {
            if now + lift >= 0 { return 1 }
            var (low, lowLevel) = (1.0, now + lift)
            var step = 0.004
            while low < 1 + horizon {
                let high = low + step
                let highLevel = level(high) + lift
                if highLevel >= 0 { return low + step * (-lowLevel) / (highLevel - lowLevel) }
                (low, lowLevel) = (high, highLevel)
                step *= 1.15
            }
            return .infinity
        }
        let plain = crossing(0)
        guard plain.isFinite else { return plain }
        let rise = max(level(plain + 0.01) - level(plain), 1e-12) * 100 / max(daysPerSpan, 1)
        let days = min(max(noiseOfDay / rise, 1), 1000)
        return crossing(noiseOfDay * Self.normal(pow(extreme, 1 / days)))
    }

    /// The same for a straight line whose slope wanders. Wear does not become less by itself, so the pace stays above 0 where the whole way does.
    private func meetingAtChangingPace(
        _ fit: Fit, _ coefficients: [Double], _ standing: Double, _ movement: Double, _ noise: Double, _ wander: Double, _ extreme: Double
    ) -> Double {
        let mean = coefficients[1] + standing
        guard mean > 0 else { return .infinity }
        let pace = max(coefficients[1] + movement, Self.leastPace * mean)
        let left = -(coefficients[0] + mean)
        guard left > 0 else { return 1 }
        let change = min(noise * fit.wander.movementVariance.squareRoot() / mean, Self.widestPace)
        func crossing(_ lift: Double) -> Double {
            var way = max(0, left - lift) / pace
            // The pace of the way depends on how long it is.
            for _ in 0..<4 { way = max(0, left - lift) / (pace * exp(change * wander * min(way, 2).squareRoot())) }
            return 1 + way
        }
        let plain = crossing(0)
        let rise = max(left / max(plain - 1, 1e-9), 1e-12) / max(daysPerSpan, 1)
        let days = min(max(noiseOfDay / rise, 1), 1000)
        return crossing(noiseOfDay * Self.normal(pow(extreme, 1 / days)))
    }

    // MARK: Points that are spread evenly

    private static let bases = [2, 3, 5, 7, 11, 13, 17, 19, 37]
    private static let extremeBase = 23
    private static let jumpBase = 29
    private static let hurryBase = 31

    private static func halton(_ number: Int, _ base: Int) -> Double {
        // The first few of large bases lie on a line.
        var (rest, fraction, result) = (number + 20, 1.0, 0.0)
        while rest > 0 {
            fraction /= Double(base)
            result += fraction * Double(rest % base)
            rest /= base
        }
        return result
    }

    /// The quantile of the normal distribution (Acklam's rational approximation, to 1.2 × 10⁻⁹).
    private static func normal(_ share: Double) -> Double {
        let p = min(max(share, 1e-9), 1 - 1e-9)
        if p > 0.5 { return -normal(1 - p) }
        if p < 0.02425 {
            let q = (-2 * log(p)).squareRoot()
            let top =
                ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q
                    + 4.374664141464968) * q + 2.938163982698783
            return top
                / ((((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1)
        }
        let q = p - 0.5
        let r = q * q
        let top =
            ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.3577518672690) * r
                - 30.66479806614716) * r + 2.506628277459239
        let bottom =
            ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r
                - 13.28068155288572) * r + 1
        return top * q / bottom
    }
}

extension WearTrend {
    /// In how many days the condition will be met.
    /// - Parameter byLoad: wear goes by the load counter that the readings came with, not by time.
    public func remainingLife(byLoad: Bool) -> RemainingLife {
        guard let forecast = WearForecast(self, byLoad: byLoad) else { return .unknown(.tooShort) }
        return forecast.remainingLife()
    }
}
