/// The effect in a rollout in steps: sites, or devices, that adopt one after the other on days that chance has chosen.
///
/// For each step g and block t from its adoption on, its units are compared with those that adopt after t or never. The means over such pairs
/// are the estimate, less β times the same comparison of the blocks before adoption:
/// β = 1 is the difference in differences of Callaway and Sant'Anna (2021) with controls that are not treated yet, β = 0 the plain comparison, and the β that makes the
/// variance least, estimated from the data, the efficient estimator of Roth and Sant'Anna (2023), which relies on the random order.
public struct StaggeredEstimator: Sendable {
    /// What adopts as one, and is the cluster.
    public enum Unit: String, Codable, CaseIterable, Sendable { case site, device }

    public enum Method: String, Codable, CaseIterable, Sendable {
        /// Roth and Sant'Anna, with the error of `StepMoments`.
        case efficient
        /// Callaway and Sant'Anna: error from the influence function, with the steps' sizes as estimated; normal, as published.
        case callawaySantAnna = "callaway-santanna"
    }

    public enum Aggregation: Equatable, Sendable {
        /// Over all steps and blocks, each weighed by the units of its step.
        case simple
        /// So many blocks after adoption, 0 for the first.
        case event(Int)
    }

    public let unit: Unit
    public let method: Method
    public let weighing: EffectWeighing
    /// Days, from before the first adoption.
    public let window: Range<Int>
    public let blockDays: Int
    /// Blocks before adoption whose mean is compared: one as published; more where single blocks are noisy.
    public let baseBlocks: Int

    public init(unit: Unit, method: Method, weighing: EffectWeighing, window: Range<Int>, blockDays: Int, baseBlocks: Int = 1) {
        self.unit = unit
        self.method = method
        self.weighing = weighing
        self.window = window
        self.blockDays = blockDays
        self.baseBlocks = max(1, baseBlocks)
    }

    public struct Result: Equatable, Sendable {
        public let estimate: EffectEstimate
        public let beta: Double
        /// Units by step, in the order of adoption; the last, with nil, never adopts within the window.
        public let steps: [Step]
        /// How much each step and block weighs; the sum is 1.
        public let weights: [Weight]
        public let excluded: [ExcludedUnit]
    }

    public struct Step: Equatable, Sendable {
        /// Block of adoption.
        public let block: Int?
        public let unitCount: Int
    }

    public struct Weight: Equatable, Sendable {
        public let step: Int
        public let block: Int
        public let weight: Double
    }

    public func estimate(_ panel: OutcomePanel, _ aggregation: Aggregation = .simple) throws(EffectObstacle) -> Result {
        try estimate(blocks(panel), aggregation)
    }

    func blocks(_ panel: OutcomePanel) throws(EffectObstacle) -> StaggeredPanel {
        try StaggeredPanel(panel, unit: unit, weighing: weighing, window: window, blockDays: blockDays)
    }

    /// - Parameter early: blocks by which all adoptions are taken to be earlier, with nothing of the time after the real ones: an A/A test.
    func estimate(_ panel: StaggeredPanel, _ aggregation: Aggregation = .simple, early: Int = 0) throws(EffectObstacle) -> Result {
        let adoption = panel.adoption.map { $0.map { $0 - early } }
        let comparison = StaggeredComparison(
            adoption: adoption, blockCount: panel.blockCount, baseBlocks: baseBlocks, aggregation: aggregation,
            horizon: early > 0 ? early : nil)
        guard let comparison else { throw .tooFewSteps }
        let after = comparison.total(panel.outcome, \.after)
        let before = comparison.total(panel.outcome, \.before)
        let moments = StepMoments(comparison, panel.outcome)
        let beta =
            switch method {
            case .callawaySantAnna: 1.0
            case .efficient: moments.efficientBeta
            }
        let error: Double
        let freedom: Double
        switch method {
        case .efficient: (error, freedom) = moments.error(beta: beta)
        case .callawaySantAnna: (error, freedom) = (comparison.influenceError(panel.outcome), .infinity)
        }
        let value = after - beta * before
        // An error up to this is nothing but rounding.
        let rounding = 1e-9 * panel.outcome.reduce(0) { $1.reduce($0) { max($0, abs($1)) } }
        guard error > rounding, error.isFinite, freedom >= 1 else { throw .noVariation }
        return Result(
            estimate: EffectEstimate(
                value: value, error: error, freedom: freedom, baseline: comparison.baseline(panel.outcome) + beta * before),
            beta: beta, steps: comparison.steps.map { Step(block: $0.block.map { $0 + early }, unitCount: $0.members.count) },
            weights: comparison.pairs.map { Weight(step: $0.step + early, block: $0.block, weight: $0.weight) }, excluded: panel.excluded)
    }
}
