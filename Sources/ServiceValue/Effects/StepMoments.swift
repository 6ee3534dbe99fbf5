/// How much the units of a staggered rollout differ within their steps, in what they add to the comparisons.
///
/// The variance of the estimate is Σ variance within the step / units of the step, over steps (Neyman), which holds whatever the treatment does to the variance. Its weak
/// side are few units with heavy tails: a step that by chance met no bad day has both a low mean and a small variance, and intervals become too short when most needed. So there is a
/// second variance, from the units of all steps taken together. β comes from the second, and the larger of both is the error's.
struct StepMoments {
    private struct Spread {
        /// Units of the step.
        let size: Double
        /// Degrees of freedom of the variances.
        let freedom: Double
        var after = 0.0
        var before = 0.0
        var both = 0.0

        mutating func add(_ sums: Self, over freedom: Double) {
            after += sums.after / freedom
            before += sums.before / freedom
            both += sums.both / freedom
        }

        func variance(_ beta: Double) -> Double { max(0, after - 2 * beta * both + beta * beta * before) / size }
    }

    /// A step each, from its own units.
    private let own: [Spread]
    /// A step each, from all units, each about the mean of its step.
    private let pooled: [Spread]
    private let unitCount: Double

    init(_ comparison: StaggeredComparison, _ outcome: [[Double]]) {
        let steps = comparison.steps
        let units = steps.reduce(0) { $0 + $1.members.count }
        unitCount = Double(units)
        var own: [Spread] = []
        var pooled: [Spread] = []
        for place in steps.indices {
            let size = Double(steps[place].members.count)
            var all = Spread(size: size, freedom: Double(max(1, units - steps.count)))
            for (other, step) in steps.enumerated() {
                let scores = step.members.map { comparison.score(outcome[$0], step: place) }
                let after = scores.reduce(0) { $0 + $1.after } / Double(scores.count)
                let before = scores.reduce(0) { $0 + $1.before } / Double(scores.count)
                var sums = Spread(size: size, freedom: max(1, Double(scores.count) - 1))
                for score in scores {
                    sums.after += (score.after - after) * (score.after - after)
                    sums.before += (score.before - before) * (score.before - before)
                    sums.both += (score.after - after) * (score.before - before)
                }
                all.add(sums, over: all.freedom)
                if other == place {
                    var alone = Spread(size: size, freedom: sums.freedom)
                    alone.add(sums, over: sums.freedom)
                    own.append(alone)
                }
            }
            pooled.append(all)
        }
        self.own = own
        self.pooled = pooled
    }

    /// Covariance of both comparisons / variance of that before: what makes the variance least; 0 where the past does not vary.
    var efficientBeta: Double {
        let variance = pooled.reduce(0) { $0 + $1.before / $1.size }
        return variance > 0 ? pooled.reduce(0) { $0 + $1.both / $1.size } / variance : 0
    }

    /// With Satterthwaite's degrees of freedom, of the steps' own variances.
    func error(beta: Double) -> (error: Double, freedom: Double) {
        let parts = own.map { $0.variance(beta) }
        let variance = parts.reduce(0, +)
        let square = zip(parts, own).reduce(0) { $0 + $1.0 * $1.0 / $1.1.freedom }
        let larger = max(variance, pooled.reduce(0) { $0 + $1.variance(beta) })
        // β was fitted to the same units, which takes one degree of freedom.
        let rest = unitCount - Double(own.count)
        return ((larger * rest / max(1, rest - 1)).squareRoot(), square > 0 ? variance * variance / square : 0)
    }
}
