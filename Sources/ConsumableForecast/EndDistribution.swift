import Glibc

/// When a supply ends, as seen from one moment: the chance that it is over within so many days.
///
/// Three places for the level (Gauss-Hermite) by up to eight levels at which people swap make as many thresholds of use; the use over a horizon
/// (rate, days that differ, drift, coverage, yield) is a lognormal, so that each threshold costs one value of the normal distribution.
public struct EndDistribution: Sendable {
    let cartridge: Cartridge
    let calendar: UseCalendar
    let start: (day: Int64, part: Double)
    let startActivity: Double
    let rate: Double
    let rateLogVariance: Double
    let dayVariation: Double
    let unevenness: Double
    let unitsPerDay: Double
    let coverage: Double
    let isTime: Bool
    /// Days since the reading that all this is known from.
    let silentDays: Double
    /// Ends that lie further away are not told apart.
    static let longestDays = 4_000.0
    /// Weights of the thresholds, and the logarithm of the units until each.
    private var weights: (SIMD8<Double>, SIMD8<Double>, SIMD8<Double>) = (.zero, .zero, .zero)
    private var thresholds: (SIMD8<Double>, SIMD8<Double>, SIMD8<Double>) = (.zero, .zero, .zero)
    private var yieldVariance = 0.0
    /// Activity at the next midnight, and what the hours until then are to an ordinary day's: a busy morning foretells a busy afternoon.
    private let midnight: Double
    private var today = (factor: 1.0, variance: 0.0)

    init(
        cartridge: Cartridge, use: UseModel, unitsPerDay: Double, coverage: Double, isTime: Bool, newest: Int64, silentDays: Double,
        ends: EndLevels
    ) {
        assert(cartridge.hasYield && cartridge.leftVariance > 0, "an end is computed from a yield and a level that is not exact")
        self.cartridge = cartridge
        calendar = use.calendar
        let place = use.day(newest)
        start = (place.number, place.part)
        startActivity = calendar.activity(place.number, place.part)
        let known = use.rate
        rate = known.mean
        rateLogVariance = known.varianceLog
        dayVariation = known.dayVariation
        unevenness = calendar.unevenness
        midnight = calendar.activity(place.number + 1, 0)
        self.unitsPerDay = unitsPerDay
        self.coverage = coverage
        self.isTime = isTime
        self.silentDays = silentDays
        today.variance = dayVariation
        if !isTime, let units = use.unitsToday {
            // Gamma and Poisson: a day's factor has the shape 1 / dayVariation before anything of the day is known.
            let soFar = rate * max(startActivity - calendar.activity(place.number, 0), 0)
            let shape = 1 / dayVariation
            today = ((shape + units) / (shape + soFar), 1 / (shape + units))
        }
        let spread = (3 * cartridge.leftVariance).squareRoot()
        let tie = cartridge.covariance / cartridge.leftVariance
        yieldVariance = max(cartridge.perUnitVariance - tie * cartridge.covariance, 0) / (cartridge.perUnit * cartridge.perUnit)
        (weights.0, thresholds.0) = Self.thresholds(cartridge, at: -spread, tie: tie, weight: 1.0 / 6, ends: ends)
        (weights.1, thresholds.1) = Self.thresholds(cartridge, at: 0, tie: tie, weight: 2.0 / 3, ends: ends)
        (weights.2, thresholds.2) = Self.thresholds(cartridge, at: spread, tie: tie, weight: 1.0 / 6, ends: ends)
    }

    private static func thresholds(
        _ cartridge: Cartridge, at offset: Double, tie: Double, weight: Double, ends: EndLevels
    ) -> (SIMD8<Double>, SIMD8<Double>) {
        // The device still works, so the level is above 0.
        let left = max(cartridge.left + offset, 0.05)
        let perUnit = max(cartridge.perUnit + tie * offset, cartridge.perUnit * 0.3)
        var weights = SIMD8<Double>(repeating: 0)
        var logs = SIMD8<Double>(repeating: 0)
        for bin in 0..<ends.count {
            let rest = left - ends.percent[bin]
            // Levels of swapping above the present level were passed without a swap.
            guard rest > 0 else { continue }
            weights[bin] = ends.shares[bin]
            logs[bin] = log(rest / perUnit)
        }
        return (weights * (weight / weights.sum()), logs)
    }

    /// The chance that the supply ends within `days` of the moment.
    public func probability(within days: Double) -> Double {
        let horizon = days + silentDays
        guard horizon > 0 else { return 0 }
        let (mean, logVariance) = use(over: horizon)
        let total = logVariance + log1p(yieldVariance + coverage * coverage * min(unitsPerDay / mean, 1))
        let scale = 1 / total.squareRoot()
        let median = log(mean) - logVariance / 2
        let sum =
            Self.over(weights.0, thresholds.0, median, scale) + Self.over(weights.1, thresholds.1, median, scale)
            + Self.over(weights.2, thresholds.2, median, scale)
        return min(max(sum, 0), 1)
    }

    @inline(__always)
    private static func over(_ weights: SIMD8<Double>, _ thresholds: SIMD8<Double>, _ median: Double, _ scale: Double) -> Double {
        (weights * Gaussian.cumulative((median - thresholds) * scale)).sum()
    }

    /// Mean of the use over a horizon, and the variance of its logarithm.
    func use(over horizon: Double) -> (mean: Double, logVariance: Double) {
        if isTime {
            // Days are counted, and how fast a day wears differs: the yield carries that.
            return (horizon, 0.02 + 0.01 * horizon / 30)
        }
        let whole = horizon.rounded(.down)
        var part = start.part + horizon - whole
        var day = start.day + Int64(min(whole, 100_000))
        if part >= 1 {
            part -= 1
            day += 1
        }
        let activity = max(calendar.activity(day, part) - startActivity, 1e-6)
        let restOfDay = min(max(midnight - startActivity, 0), activity)
        let later = activity - restOfDay
        let foretold = restOfDay * today.factor + later
        // Days differ from each other as wholes: the fewer carry the use, the less they even out.
        let daily = restOfDay * restOfDay * today.factor * today.factor * today.variance + dayVariation * later * min(later, unevenness)
        let drift = (ModelTuning.driftVariance / 3 + ModelTuning.jumpPerDay * ModelTuning.jumpEffect) * min(horizon, 60)
        return (rate * foretold, rateLogVariance + log1p(daily / (foretold * foretold) + drift))
    }

    /// Days until the supply is over with probability `share`.
    public func quantile(_ share: Double) -> Double {
        var low = 0.0
        var high = 2.0
        while probability(within: high) < share {
            low = high
            high *= 2
            if high > Self.longestDays { return Self.longestDays }
        }
        for _ in 0..<30 {
            let middle = (low + high) / 2
            if probability(within: middle) < share { low = middle } else { high = middle }
            if high - low < 1e-3 * (1 + high) { break }
        }
        return (low + high) / 2
    }
}

extension SupplyModel {
    /// Percent left as far as is believed, inside what is reported; nil without a level.
    public var estimatedPercent: Double? {
        guard levelPercent != nil || isSomeRemaining, let cartridge else { return levelPercent }
        return min(max(cartridge.left, 0), 100)
    }

    /// Days left at 1.4 times the usual rate: cheap, and low enough to say "not yet" by.
    public func roughDaysLeft(fleet: FleetPriors) -> Double? {
        guard let cartridge, cartridge.hasYield else { return nil }
        let left = max(cartridge.left - (habit(fleet)?.highestPercent ?? 0), 0)
        guard hasCounter else { return left / (cartridge.perUnit * 1.4) }
        return use.isRateKnown ? left / (cartridge.perUnit * use.meanRate * 1.4) : nil
    }

    /// Days until the next report, as the ones before suggest.
    public func expectedGapDays(atMilliseconds: Int64) -> Double { use.gaps.expectedDays(at: use.local(atMilliseconds)) }

    /// What is known of the end, or why nothing is.
    public func endDistribution(atMilliseconds: Int64, fleet: FleetPriors) -> Result<EndDistribution, MissingEvidence> {
        guard let cartridge, levelPercent != nil || isSomeRemaining, let newest = newestMilliseconds else { return .failure(.noLevel) }
        let silent = max(0, Self.days(from: newest, to: atMilliseconds))
        guard silent <= Self.staleAfterDays else { return .failure(.stale) }
        guard cartridge.hasYield else { return .failure(hasIdleCounter && use.completedDays >= 2 ? .noUse : .noLevelStep) }
        if hasCounter {
            guard use.completedDays >= 2 else { return .failure(.noLevelStep) }
            guard use.isRateKnown, use.meanRate > 1e-6 else { return .failure(.noUse) }
        }
        return .success(
            EndDistribution(
                cartridge: cartridge, use: use, unitsPerDay: unitsPerDay, coverage: coverageVariation, isTime: !hasCounter,
                newest: newest, silentDays: silent, ends: endLevels(fleet)))
    }
}
