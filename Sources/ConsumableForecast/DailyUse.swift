import Glibc

/// Pages per day of completed days: two exponentially weighted means and the variance from day to day.
struct DailyUse: Codable, Equatable, Sendable {
    static let millisecondsPerDay: Int64 = 86_400_000
    static let fastDays = 5.0
    static let slowDays = 30.0
    /// Weight in days, and variation, of what is assumed of an unknown device: weekends make 0.8 plausible.
    static let priorDays = 3.0
    static let priorVariation = 0.8

    private var dayIndex: Int64?
    private var pagesAtDayStart = 0.0
    private var lastMilliseconds: Int64 = 0
    private var lastPages = 0.0
    /// The day on which counting began is not a whole one and is left out.
    private var isPartialDay = true
    private(set) var completedDays = 0.0
    private(set) var fastMean = 0.0
    private(set) var slowMean = 0.0
    private var squaredDeviation = 0.0

    /// Takes the pages printed so far by an odometer that never runs backwards.
    mutating func observe(timeMilliseconds: Int64, odometerPages: Double) {
        // Rounded down, for times before 1970, too.
        let perDay = Self.millisecondsPerDay
        let day = timeMilliseconds >= 0 ? timeMilliseconds / perDay : (timeMilliseconds + 1) / perDay - 1
        defer {
            lastMilliseconds = timeMilliseconds
            lastPages = odometerPages
        }
        guard let last = dayIndex else {
            dayIndex = day
            pagesAtDayStart = odometerPages
            return
        }
        guard day > last else { return }
        // Pages of a gap over midnight belong to both sides of it.
        let midnight = Double(day) * Double(Self.millisecondsPerDay)
        let gap = Double(timeMilliseconds) - Double(lastMilliseconds)
        let share = gap > 0 ? min(max((midnight - Double(lastMilliseconds)) / gap, 0), 1) : 1
        let pagesAtMidnight = lastPages + share * (odometerPages - lastPages)
        if !isPartialDay {
            // After a longer gap the pages are spread over its days: the mean is right, the variance is mended in `fold`.
            let days = Double(day) - Double(last)
            fold(pagesPerDay: (pagesAtMidnight - pagesAtDayStart) / days, days: days)
        }
        isPartialDay = false
        dayIndex = day
        pagesAtDayStart = pagesAtMidnight
    }

    private mutating func fold(pagesPerDay: Double, days: Double) {
        completedDays = min(completedDays + days, 100_000)
        fastMean += Self.weight(span: Self.fastDays, days: days, total: completedDays) * (pagesPerDay - fastMean)
        let weight = Self.weight(span: Self.slowDays, days: days, total: completedDays)
        let deviation = pagesPerDay - slowMean
        slowMean += weight * deviation
        // The mean of n days varies by 1/n of what a day does.
        squaredDeviation = (1 - weight) * (squaredDeviation + weight * days * deviation * deviation)
    }

    /// The weight of `days` new days; while there are few days it is a plain mean, so that the first one has no privilege.
    private static func weight(span: Double, days: Double, total: Double) -> Double {
        max(1 - pow(1 - 1 / span, days), min(1, days / total))
    }

    /// Pages per day: mostly the slow mean, because the fast one still feels the last weekend.
    var pagesPerDay: Double { (fastMean + 2 * slowMean) / 3 }

    /// Variance of one day relative to the square of the mean; shrunk towards the prior.
    var relativeVariancePerDay: Double {
        let mean = pagesPerDay
        let prior = Self.priorVariation * Self.priorVariation
        guard mean > 0 else { return prior }
        let days = min(completedDays, 2 * Self.slowDays)
        return (Self.priorDays * prior + days * squaredDeviation / (mean * mean)) / (Self.priorDays + days)
    }

    /// Relative variance of the use in the coming `horizonDays`: days differ, the mean is uncertain, and it may drift.
    func relativeVariance(horizonDays: Double) -> Double {
        let day = relativeVariancePerDay
        let mean = pagesPerDay
        guard mean > 0 else { return day }
        // An exponentially weighted mean of span n is worth 2n − 1 days.
        let known = max(1, min(completedDays, 2 * Self.slowDays - 1))
        let gap = (fastMean - slowMean) / mean
        // What noise alone would put between the two means is no drift.
        let drift = max(0, gap * gap - day / (2 * Self.fastDays - 1)) / 4
        return day / max(horizonDays, 0.5) + day / known + drift
    }
}
