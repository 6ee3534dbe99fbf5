import ServiceValue

/// Many simulated fleets, each with its estimate and its truth: how often the interval holds the truth, and how often an effect is claimed.
public struct EffectCampaign: Sendable {
    /// Of the fleets of one kind.
    public struct Tally: Equatable, Sendable {
        public var fleetCount = 0
        /// There was no estimate at all.
        public var unknownCount = 0
        public var coveredCount = 0
        public var claimCount = 0
        /// The A/A test claimed an effect.
        public var withheldCount = 0
        /// Of those that are shown.
        public var shownCoveredCount = 0
        public var shownClaimCount = 0
        public var estimateSum = 0.0
        public var truthSum = 0.0
        public var errorSum = 0.0
        public var squareSum = 0.0

        public var shownCount: Int { fleetCount - unknownCount - withheldCount }
        public var coverage: Double { Double(coveredCount) / Double(max(1, fleetCount)) }
        public var claims: Double { Double(claimCount) / Double(max(1, fleetCount)) }
        public var shownCoverage: Double { Double(shownCoveredCount) / Double(max(1, shownCount)) }
        public var shownClaims: Double { Double(shownClaimCount) / Double(max(1, shownCount)) }
        public var bias: Double { (estimateSum - truthSum) / Double(max(1, fleetCount)) }
        public var meanTruth: Double { truthSum / Double(max(1, fleetCount)) }
        public var meanError: Double { errorSum / Double(max(1, fleetCount)) }
        /// Deviation of the estimates from the truth.
        public var rootMeanSquare: Double { (squareSum / Double(max(1, fleetCount))).squareRoot() }
    }

    static let blockDays = 7

    /// - Parameters:
    ///   - plan: of each fleet; the seeds follow from its seed.
    ///   - method: of a rollout in steps.
    public static func run(_ plan: EffectFleet.Plan, fleets: Int, method: StaggeredEstimator.Method = .efficient) throws -> Tally {
        var tally = Tally()
        for number in 0..<fleets {
            var each = plan
            each.seed = plan.seed &* 1_000_003 &+ UInt64(number)
            try tally.add(EffectFleet(each), method)
        }
        return tally
    }
}

extension EffectCampaign.Tally {
    fileprivate mutating func add(_ fleet: EffectFleet, _ method: StaggeredEstimator.Method) throws {
        fleetCount += 1
        let design = fleet.design
        let estimate: EffectEstimate
        let truth: Double
        let report: EffectReport
        do throws(EffectObstacle) {
            switch fleet.plan.kind {
            case .holdoutMean, .holdoutRatio:
                estimate = try HoldoutEstimator(weighing: design.outcome.weighing, window: design.window, past: design.past)
                    .estimate(fleet.panel).estimate
                truth = fleet.truth()
                report = EffectReport(design, fleet.panel)
            case .stepped:
                let days = EffectCampaign.blockDays
                let estimator = StaggeredEstimator(
                    unit: .site, method: method, weighing: design.outcome.weighing, window: design.past.lowerBound..<design.endDay,
                    blockDays: days, baseBlocks: method == .efficient ? design.pastDays / days : 1)
                let result = try estimator.estimate(fleet.panel)
                estimate = result.estimate
                truth = fleet.truth(blockWeights: result.weights.map { ($0.block * days..<($0.block + 1) * days, $0.weight) })
                report = EffectReport.stepped(
                    fleet.panel, unit: .site, method: method, weighing: design.outcome.weighing, window: estimator.window,
                    start: design.startDay, blockDays: days)
            }
        } catch {
            unknownCount += 1
            return
        }
        let holds = estimate.contains(truth)
        coveredCount += holds ? 1 : 0
        claimCount += estimate.claimsEffect ? 1 : 0
        if case .estimated(let shown) = report.result {
            shownCoveredCount += shown.contains(truth) ? 1 : 0
            shownClaimCount += shown.claimsEffect ? 1 : 0
        } else {
            withheldCount += 1
        }
        estimateSum += estimate.value
        truthSum += truth
        errorSum += estimate.error
        squareSum += (estimate.value - truth) * (estimate.value - truth)
    }
}
