import Glibc

extension SupplyModel {
    /// Days left from `atMilliseconds` on, in event time.
    ///
    /// Four things are unsure and taken as independent: the yield, the pages of what remains, the place of the level
    /// in its step, and the use over the horizon. Their relative variances add up to that of a lognormal.
    public func forecast(atMilliseconds: Int64) -> SupplyForecast {
        guard levelPercent != nil, let newest = newestMilliseconds else { return .notEnoughEvidence(.noLevel) }
        let silentDays = max(0, Self.days(from: newest, to: atMilliseconds))
        guard silentDays <= Self.staleAfterDays else { return .notEnoughEvidence(.stale) }

        if hasCounter, use.completedDays >= 2, let yield = yield(pageEvidence, taughtPageEvidence, firstDrop?.pages) {
            let pagesPerDay = use.pagesPerDay
            guard pagesPerDay > 1e-6 else { return .notEnoughEvidence(.noUse) }
            let level = level(usedSinceEdge: (odometerPages - edgePages) / yield.unitsPerPercent)
            let days = level.percent * yield.unitsPerPercent / pagesPerDay
            let variance = level.relativeVariance + yield.relativeVariance(level.percent) + use.relativeVariance(horizonDays: days)
            var estimate = Self.estimate(days: days, relativeVariance: variance, silentDays: silentDays, levelPercent: level.percent)
            estimate.percentPerPage = 1 / yield.unitsPerPercent
            estimate.pagesPerDay = pagesPerDay
            return .estimate(estimate)
        }
        guard let yield = yield(dayEvidence, taughtDayEvidence, firstDrop?.days) else { return .notEnoughEvidence(.noLevelStep) }
        let level = level(usedSinceEdge: Self.days(from: edgeMilliseconds, to: newest) / yield.unitsPerPercent)
        let days = level.percent * yield.unitsPerPercent
        let variance = level.relativeVariance + yield.relativeVariance(level.percent)
        return .estimate(Self.estimate(days: days, relativeVariance: variance, silentDays: silentDays, levelPercent: level.percent))
    }

    /// Units per percent and how sure they are.
    struct Yield {
        var unitsPerPercent: Double
        var ownRelativeVariance: Double
        var relativeVariancePerPercent: Double

        /// Of the units in `percent` of the supply.
        func relativeVariance(_ percent: Double) -> Double {
            ownRelativeVariance + relativeVariancePerPercent / max(percent, 0.1)
        }
    }

    /// Cartridges of one slot differ (XL, refill) by about this share.
    private static let variationBetweenGenerations = 0.2

    private func yield(_ present: StepEvidence, _ taught: StepEvidence, _ firstDropUnits: Double?) -> Yield? {
        let all = present.joined(taught)
        if let mean = all.unitsPerPercent {
            let perPercent = all.relativeVariancePerPercent
            let taughtShare = taught.percent / all.percent
            let between = Self.variationBetweenGenerations * taughtShare
            return Yield(
                unitsPerPercent: mean, ownRelativeVariance: perPercent / all.percent + between * between,
                relativeVariancePerPercent: perPercent)
        }
        guard let firstDropUnits, let drop = firstDrop, firstDropUnits > StepEvidence.leastUnits * drop.percent else { return nil }
        // It began anywhere in its step, so that between nothing and a step less than the drop was used.
        let used = max(drop.percent - stepPercent / 2, stepPercent / 4)
        let placeError = stepPercent / 12.squareRoot() / used
        let perPercent = StepEvidence().relativeVariancePerPercent
        return Yield(
            unitsPerPercent: firstDropUnits / used, ownRelativeVariance: placeError * placeError + perPercent / used,
            relativeVariancePerPercent: perPercent)
    }

    /// The level inside its step: a step below its edge, less what was used since. Levels are taken as rounded; the
    /// full width of the step as uncertainty covers devices that round up or down.
    private func level(usedSinceEdge: Double) -> (percent: Double, relativeVariance: Double) {
        let half = stepPercent / 2
        let reported = levelPercent ?? 0
        let low = max(0, reported - half)
        let high = min(100, reported + half)
        let start = edges > 0 ? high : reported
        let width = high - low
        let percent = max(min(start - usedSinceEdge, high), low, width / 10)
        return (percent, min(width * width / 12 / (percent * percent), 4))
    }

    private static func estimate(days: Double, relativeVariance: Double, silentDays: Double, levelPercent: Double) -> SupplyEstimate {
        // At least 2 % and at most a factor of about 20 to either side; a supply never lasts more than a century.
        let deviation = min(max(log(1 + relativeVariance).squareRoot(), 0.02), 1.8)
        let median = min(max(days, 1e-3), 36_500)
        let p5 = median * exp(-1.644_853_6 * deviation)
        // Nobody knows what a silent device did: as much as ever (5 %), half of it, or nothing (95 %).
        return SupplyEstimate(
            daysLeftP5: max(p5 - silentDays, p5 * 0.05), daysLeftP50: max(median - silentDays / 2, median * 0.1),
            daysLeftP95: median * exp(1.644_853_6 * deviation), percentPerPage: nil, pagesPerDay: nil, levelPercent: levelPercent)
    }
}
