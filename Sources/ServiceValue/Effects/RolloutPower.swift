/// Which effect a rollout could show at all, from the fleet's own past, before anything is switched on.
public struct RolloutPower: Equatable, Sendable {
    /// The chance of claiming an effect of this size that plans usually ask for.
    public static let usualPower = 0.8

    /// The mean outcome of the past.
    public let baseline: Double
    /// Of the estimate that a rollout of this kind would give.
    public let error: Double
    public let freedom: Double
    /// The smallest effect that is claimed with `usualPower`, in the outcome's unit.
    public let minimumDetectable: Double
    /// What the devices' own past takes off the variance; nil for a rollout in steps.
    public let varianceReduction: Double?

    /// Chance that an effect of this size is claimed.
    public func power(of effect: Double) -> Double {
        let limit = StudentT.upperQuantile(0.025, freedom: freedom)
        let shift = abs(effect) / error
        return StudentT.upperTail(limit - shift, freedom: freedom) + StudentT.upperTail(limit + shift, freedom: freedom)
    }

    public var relative: Double? { baseline == 0 ? nil : minimumDetectable / abs(baseline) }

    private init(baseline: Double, error: Double, freedom: Double, varianceReduction: Double?) {
        self.baseline = baseline
        self.error = error
        self.freedom = freedom
        self.varianceReduction = varianceReduction
        minimumDetectable =
            (StudentT.upperQuantile(0.025, freedom: freedom) + StudentT.upperQuantile(1 - Self.usualPower, freedom: freedom)) * error
    }

    /// Of a holdout, by formula: σ √(1/n₁ + 1/n₀), with σ the deviation between devices of what their past does not tell.
    ///
    /// The last `windowDays` of the panel stand for the outcome, the `pastDays` before them for the past.
    ///
    /// - Parameters:
    ///   - share: of treatment.
    ///   - deviceCount: where it is to be another number than the panel has.
    public static func holdout(
        _ panel: OutcomePanel, share: Double, pastDays: Int, windowDays: Int, weighing: EffectWeighing, deviceCount: Int? = nil
    ) throws(EffectObstacle) -> RolloutPower {
        guard windowDays > 0, pastDays >= 0, pastDays + windowDays <= panel.days.count else { throw .noDays }
        let start = panel.days.upperBound - windowDays
        var outcome: [Double] = []
        var past: [Double] = []
        var weight: [Double] = []
        for unit in panel.units.indices {
            let after = panel.sum(unit, start..<panel.days.upperBound)
            let before = panel.sum(unit, start - pastDays..<start)
            guard after.exposure > 0 else { continue }
            outcome.append(after.amount / after.exposure)
            past.append(before.exposure > 0 ? before.amount / before.exposure : .nan)
            weight.append(weighing == .device ? 1 : after.exposure)
        }
        let count = Double(deviceCount ?? outcome.count)
        let treated = (count * share).rounded()
        let minimum = HoldoutEstimator.minimumDevices
        guard outcome.count > minimum, treated >= Double(minimum), count - treated >= Double(minimum) else {
            throw .tooFewDevices(treatment: Int(treated), control: Int(count - treated), minimum: minimum)
        }
        let known = past.filter { !$0.isNaN }
        let mean = known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
        let ones = Array(repeating: 1.0, count: outcome.count)
        guard let plain = deviation(outcome, [ones], weight), plain.value > 0 else { throw .noVariation }
        let adjusted = deviation(outcome, [ones, past.map { $0.isNaN ? mean : $0 }], weight)
        let used = adjusted ?? plain
        return RolloutPower(
            baseline: plain.mean, error: used.value * (1 / treated + 1 / (count - treated)).squareRoot(),
            freedom: count - (adjusted == nil ? 2 : 3),
            varianceReduction: adjusted.map { 1 - $0.value * $0.value / plain.value / plain.value })
    }

    /// Deviation between devices of what the columns do not tell, on the scale of a weighted mean.
    private static func deviation(_ outcome: [Double], _ columns: [[Double]], _ weight: [Double]) -> (value: Double, mean: Double)? {
        guard let fit = RobustRegression(outcome: outcome, columns: columns, weights: weight) else { return nil }
        let total = weight.reduce(0, +)
        let meanWeight = total / Double(weight.count)
        let square = outcome.indices.reduce(0.0) { sum, row in
            let residual = outcome[row] - columns.indices.reduce(0.0) { $0 + fit.value($1) * columns[$1][row] }
            return sum + (weight[row] / meanWeight * residual) * (weight[row] / meanWeight * residual)
        }
        let mean = zip(outcome, weight).reduce(0) { $0 + $1.0 * $1.1 } / total
        return ((square / Double(outcome.count - columns.count)).squareRoot(), mean)
    }

    /// Of a rollout in steps: the error that random orders of the sites have in the fleet's own past, of which the last
    /// `pastDays + windowDays` are taken.
    ///
    /// - Parameter orders: how many are tried.
    public static func stepped(
        _ panel: OutcomePanel, stepCount: Int, stepDays: Int, keepsControls: Bool, pastDays: Int, windowDays: Int, blockDays: Int,
        weighing: EffectWeighing, seed: UInt64, orders: Int = 50
    ) throws(EffectObstacle) -> RolloutPower {
        let trials = try RolloutTrials.stepped(
            panel, stepCount: stepCount, stepDays: stepDays, keepsControls: keepsControls, pastDays: pastDays, windowDays: windowDays,
            blockDays: blockDays, weighing: weighing, seed: seed, rounds: orders)
        let count = Double(trials.estimates.count)
        return RolloutPower(
            baseline: trials.estimates.reduce(0) { $0 + ($1.baseline ?? 0) } / count,
            error: (trials.estimates.reduce(0) { $0 + $1.error * $1.error } / count).squareRoot(),
            freedom: trials.estimates.reduce(0) { $0 + $1.freedom } / count, varianceReduction: nil)
    }
}
