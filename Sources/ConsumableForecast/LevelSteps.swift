import Documents

/// How a device tells levels: the step in which it counts, and whether it trembles.
struct LevelSteps: Codable, Equatable, Sendable {
    /// Greatest common divisor of all accepted levels and 100 %, in tenths of a percent.
    private var divisorTenths: Int32 = 1_000
    private var distinctLevels: Int32 = 0
    private(set) var last = -1.0
    private var rises: Float = 0
    private var falls: Float = 0
    private var squaredRise: Float = 0

    /// Where in its step a level stands: 0 for a device that rounds up, as most do, and 1 for one that rounds down.
    private var roundedDown = 0.0
    private var roundingWeight = 1.0

    /// The level at and above which this device says only "some remaining"; 0 while not known.
    var someAbove = 0.0
    /// How often "some remaining" came and went within one cartridge: then it tells nothing.
    var someReturns: Int32 = 0

    /// The smallest difference of levels that the device can tell, in percent.
    /// Few levels have a large divisor by chance: 20 and 100 do not make a step of 20.
    var percent: Double { Double(min(divisorTenths, distinctLevels >= 2 ? 250 : 200)) / 10 }

    /// It never said another number than 0 and 100: a device of words such as "ok" and "empty".
    var knowsOnlyEnds: Bool { divisorTenths == 1_000 }

    /// Variance of a single reading; nil for a device that does not tremble.
    var jitterVariance: Double? {
        guard rises >= 4, rises > 0.2 * (rises + falls) else { return nil }
        return Double(squaredRise / rises) / 2.4
    }

    /// The true level behind a reported one, in percent.
    func bounds(_ level: Double, resolution: Double) -> (low: Double, high: Double) {
        let step = max(percent, resolution)
        let low = level - step * (1 - roundedDown)
        return (max(low, -step / 4), min(level + step * roundedDown, 100.5))
    }

    /// A full cartridge fell by its first step after so much was used: that tells how the device rounds.
    mutating func learnRounding(usedPercent: Double) {
        guard percent >= 5, usedPercent.isFinite else { return }
        // Small shares are the noise of a device that rounds up.
        let share = 1 - usedPercent / percent
        let seen = share < 0.3 ? 0 : min(share, 1)
        roundedDown = (roundingWeight * roundedDown + seen) / (roundingWeight + 1)
        roundingWeight = min(roundingWeight + 1, 8)
    }

    mutating func accept(_ level: Double) {
        if jitterVariance == nil {
            let tenths = Int32((level * 10).rounded())
            divisorTenths = max(1, Self.greatestCommonDivisor(divisorTenths, tenths))
        } else {
            divisorTenths = 10
        }
        if distinctLevels < 1_000 { distinctLevels += 1 }
    }

    /// Takes a level that tells nothing of the trembling.
    mutating func see(_ level: Double) { last = level }

    /// Counts small changes from reading to reading; a level that only ever falls does not tremble.
    mutating func tremble(_ level: Double) {
        defer { last = level }
        guard last >= 0, level != last else { return }
        let change = Float(level - last)
        guard abs(change) <= 8 else { return }
        if change > 0 {
            rises += 1
            squaredRise += change * change
        } else {
            falls += 1
        }
        if rises + falls > 200 {
            rises /= 2
            falls /= 2
            squaredRise /= 2
        }
    }

    private static func greatestCommonDivisor(_ a: Int32, _ b: Int32) -> Int32 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        try coder.code(&divisorTenths, &distinctLevels, &last, &rises)
        try coder.code(&falls, &squaredRise, &roundedDown, &roundingWeight)
        try coder.code(&someAbove, &someReturns)
    }
}
