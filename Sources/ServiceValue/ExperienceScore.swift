/// A score with its 95 % confidence interval. Shares are 0…1, the net promoter score −100…100 points, means on their scale.
public struct ExperienceScore: Equatable, Sendable {
    public let value: Double
    public let low: Double
    public let high: Double
    /// Answers it rests on.
    public let answerCount: Int64

    /// Quantile 0.975 of the normal distribution.
    private static let z = 1.959_963_984_540_054

    /// The share of answers from an index of the histogram on, with the interval of Wilson (1927), which stays
    /// inside 0…1 and says something for few answers, too.
    static func share(_ histogram: [Int64], from index: Int) -> ExperienceScore? {
        let answers = total(histogram)
        guard answers > 0 else { return nil }
        let n = Double(answers)
        let share = Double(total(histogram[index...])) / n
        let centre = share + z * z / (2 * n)
        let half = z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        let scale = 1 + z * z / n
        // At the ends rounding may put the share a hair outside.
        let low = min(max(0, (centre - half) / scale), share)
        let high = max(min(1, (centre + half) / scale), share)
        return ExperienceScore(value: share, low: low, high: high, answerCount: answers)
    }

    /// Promoters (9, 10) minus detractors (0…6) in points.
    ///
    /// The interval is that of the variance p + d − (p − d)² of a trinomial with three answers more, ¾ of them promoters
    /// and ¾ detractors (adjusted Wald; Bonett & Price 2012): without them five equal answers would be a certainty.
    static func netPromoter(_ histogram: [Int64]) -> ExperienceScore? {
        let answers = total(histogram)
        guard answers > 0, histogram.count == 11 else { return nil }
        let promoters = Double(total(histogram[9...]))
        let detractors = Double(total(histogram[...6]))
        let value = 100 * (promoters - detractors) / Double(answers)
        let n = Double(answers) + 3
        let p = (promoters + 0.75) / n
        let d = (detractors + 0.75) / n
        let half = 100 * z * ((p + d - (p - d) * (p - d)) / n).squareRoot()
        let centre = 100 * (p - d)
        return ExperienceScore(
            value: value, low: min(max(-100, centre - half), value), high: max(min(100, centre + half), value), answerCount: answers)
    }

    /// The mean of two values an answer, from a histogram of their sums; the interval is normal with the variance of
    /// the answers, cut to the scale. One answer has no variance: the interval is the whole scale.
    static func meanOfTwo(_ histogram: [Int64], lowestSum: Int, scale: ClosedRange<Int>) -> ExperienceScore? {
        let answers = total(histogram)
        guard answers > 0 else { return nil }
        let n = Double(answers)
        let values = histogram.indices.map { Double(lowestSum + $0) / 2 }
        let mean = zip(histogram, values).reduce(0.0) { $0 + Double($1.0) * $1.1 } / n
        let (bottom, top) = (Double(scale.lowerBound), Double(scale.upperBound))
        guard answers > 1 else { return ExperienceScore(value: mean, low: bottom, high: top, answerCount: answers) }
        let squares = zip(histogram, values).reduce(0.0) { $0 + Double($1.0) * ($1.1 - mean) * ($1.1 - mean) }
        let half = z * (squares / (n - 1) / n).squareRoot()
        return ExperienceScore(value: mean, low: max(bottom, mean - half), high: min(top, mean + half), answerCount: answers)
    }

    private static func total(_ histogram: some Collection<Int64>) -> Int64 {
        histogram.reduce(0) { $0.saturatingSum($1) }
    }
}
