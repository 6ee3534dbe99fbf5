/// Rollouts that never were, in the fleet's own past: with random arms or orders, and so without an effect. They check what a formula promises.
public struct RolloutTrials: Equatable, Sendable {
    public let estimates: [EffectEstimate]

    /// The share that claims an effect though there is none.
    public var falseClaims: Double { share { $0.claimsEffect } }

    /// The share that would claim an effect that adds `effect` to each treated outcome. It moves the estimate by just that and leaves the error.
    public func power(of effect: Double) -> Double { share { $0.low + effect > 0 || $0.high + effect < 0 } }

    private func share(_ holds: (EffectEstimate) -> Bool) -> Double {
        Double(estimates.reduce(0) { $0 + (holds($1) ? 1 : 0) }) / Double(estimates.count)
    }

    /// The last `windowDays` of the panel stand for the outcome, the `pastDays` before them for the past.
    public static func holdout(
        _ panel: OutcomePanel, share: Double, pastDays: Int, windowDays: Int, weighing: EffectWeighing, seed: UInt64, rounds: Int
    ) throws(EffectObstacle) -> RolloutTrials {
        guard windowDays > 0, pastDays >= 0, pastDays + windowDays <= panel.days.count, rounds > 0 else { throw .noDays }
        let start = panel.days.upperBound - windowDays
        let estimator = HoldoutEstimator(weighing: weighing, window: start..<panel.days.upperBound, past: start - pastDays..<start)
        var estimates: [EffectEstimate] = []
        for round in 0..<rounds {
            let arms = panel.units.map { SeededDraw.fraction(seed, "trial", String(round), $0.id) < share }
            estimates.append(try estimator.estimate(panel, isTreated: arms).estimate)
        }
        return RolloutTrials(estimates: estimates)
    }

    public static func stepped(
        _ panel: OutcomePanel, stepCount: Int, stepDays: Int, keepsControls: Bool, pastDays: Int, windowDays: Int, blockDays: Int,
        weighing: EffectWeighing, seed: UInt64, rounds: Int
    ) throws(EffectObstacle) -> RolloutTrials {
        let window = panel.days.upperBound - windowDays - pastDays..<panel.days.upperBound
        guard pastDays > 0, windowDays > 0, stepCount > 0, stepDays > 0, blockDays > 0, window.lowerBound >= panel.days.lowerBound,
            rounds > 0
        else {
            throw .noDays
        }
        let start = window.lowerBound + pastDays
        let sites = Set(panel.units.map(\.site)).sorted()
        let groups = stepCount + (keepsControls ? 1 : 0)
        let estimator = StaggeredEstimator(
            unit: .site, method: .efficient, weighing: weighing, window: window, blockDays: blockDays, baseBlocks: pastDays / blockDays)
        // All adopt at the start, so that the blocks are cut there; each round then gives them steps.
        let base = try StaggeredPanel(
            panel.assigning { _ in .adopts(start) }, unit: .site, weighing: weighing, window: window, blockDays: blockDays)
        guard let first = base.adoption.first ?? nil, stepDays % blockDays == 0 else { throw .unevenSteps }
        guard sites.count >= 2 * groups else { throw .tooFewSteps }
        var estimates: [EffectEstimate] = []
        for round in 0..<rounds {
            let order = SeededDraw.shuffled(base.names, seed, "trial \(round)")
            var adoption: [String: Int] = [:]
            for (place, site) in order.enumerated() {
                let group = place * groups / order.count
                if group < stepCount { adoption[site] = first + group * (stepDays / blockDays) }
            }
            estimates.append(try estimator.estimate(base.adopting { adoption[$0].flatMap { $0 < base.blockCount ? $0 : nil } }).estimate)
        }
        return RolloutTrials(estimates: estimates)
    }
}
