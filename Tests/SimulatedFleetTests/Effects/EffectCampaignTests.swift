import ServiceValue
import SimulatedFleet
import Testing

/// The short form of `steward-tools effects`: fixed seeds, and bounds that are wide enough for so few fleets.
@Suite struct EffectCampaignTests {
    private static let seed: UInt64 = 2026
    private static let fleets = 100

    private static func plan(_ kind: EffectFleet.Kind, reduction: Double) -> EffectFleet.Plan {
        var plan = EffectFleet.Plan(kind: kind, seed: seed)
        plan.reduction = reduction
        plan.pastDays = 42
        plan.windowDays = 42
        plan.deviceCount = 120
        if kind == .stepped {
            plan.siteCount = 50
            plan.deviceCount = 200
            plan.stepCount = 3
            plan.stepDays = 7
        }
        return plan
    }

    @Test(arguments: EffectFleet.Kind.allCases) func aPlantedEffectIsCoveredAndNoneIsNotClaimed(_ kind: EffectFleet.Kind) throws {
        let planted = try EffectCampaign.run(Self.plan(kind, reduction: 0.5), fleets: Self.fleets)
        let none = try EffectCampaign.run(Self.plan(kind, reduction: 0), fleets: Self.fleets)
        print("seed \(Self.seed), \(kind.rawValue): planted \(planted), none \(none)")
        #expect(planted.coverage >= 0.88 && planted.shownCoverage >= 0.88, "seed \(Self.seed): \(planted)")
        #expect(none.claims <= 0.12 && none.shownClaims <= 0.12, "seed \(Self.seed): \(none)")
        // The interval is not wide for nothing: the errors told are those that are made, and an effect of this size is often seen.
        #expect((0.6...1.6).contains(planted.meanError / planted.rootMeanSquare), "seed \(Self.seed): \(planted)")
        #expect(planted.claims > 2 * none.claims && planted.claims > 0.15, "seed \(Self.seed): \(planted) \(none)")
        #expect(abs(planted.bias) < 0.25 * abs(planted.meanTruth), "seed \(Self.seed): \(planted)")
        #expect(planted.withheldCount <= Self.fleets / 8 && planted.unknownCount == 0)
    }

    @Test func theSameSeedGivesTheSameFleet() throws {
        let plan = Self.plan(.holdoutMean, reduction: 0.5)
        let first = try EffectFleet(plan)
        let second = try EffectFleet(plan)
        #expect(first.panel == second.panel && first.design == second.design)
        var other = plan
        other.seed += 1
        #expect(try EffectFleet(other).panel != first.panel)
    }

    /// What the plan promises by formula is what rollouts in the fleet's own past would have given.
    @Test func powerByFormulaIsPowerBySimulation() throws {
        var plan = Self.plan(.holdoutMean, reduction: 0)
        plan.deviceCount = 160
        let panel = try EffectFleet(plan).panel
        let power = try RolloutPower.holdout(panel, share: 0.5, pastDays: 28, windowDays: 28, weighing: .device)
        let trials = try RolloutTrials.holdout(
            panel, share: 0.5, pastDays: 28, windowDays: 28, weighing: .device, seed: Self.seed, rounds: 400)
        let found = trials.power(of: power.minimumDetectable)
        print("seed \(Self.seed): \(power), found \(found), false claims \(trials.falseClaims)")
        #expect(abs(power.power(of: power.minimumDetectable) - RolloutPower.usualPower) < 0.03)
        #expect(abs(found - RolloutPower.usualPower) < 0.1)
        #expect(trials.falseClaims < 0.09)
        // Half the devices detect √2 times as much.
        let half = try RolloutPower.holdout(panel, share: 0.5, pastDays: 28, windowDays: 28, weighing: .device, deviceCount: 80)
        #expect(abs(half.minimumDetectable / power.minimumDetectable - 2.0.squareRoot()) < 0.1)
        #expect(throws: EffectObstacle.noDays) {
            try RolloutPower.holdout(panel, share: 0.5, pastDays: 28, windowDays: 57, weighing: .device)
        }
    }

    @Test func powerOfStepsIsPowerBySimulation() throws {
        let panel = try EffectFleet(Self.plan(.stepped, reduction: 0)).panel
        let power = try RolloutPower.stepped(
            panel, stepCount: 3, stepDays: 7, keepsControls: true, pastDays: 28, windowDays: 28, blockDays: 7, weighing: .device,
            seed: Self.seed)
        let trials = try RolloutTrials.stepped(
            panel, stepCount: 3, stepDays: 7, keepsControls: true, pastDays: 28, windowDays: 28, blockDays: 7, weighing: .device,
            seed: Self.seed &+ 1, rounds: 200)
        let found = trials.power(of: power.minimumDetectable)
        print("seed \(Self.seed): \(power), found \(found), false claims \(trials.falseClaims)")
        // The error is on the safe side, so an effect of this size is seen at least as often as is promised.
        #expect(found > RolloutPower.usualPower - 0.1 && trials.falseClaims < 0.09)
        #expect(throws: EffectObstacle.tooFewSteps) {
            try RolloutPower.stepped(
                panel, stepCount: 30, stepDays: 7, keepsControls: true, pastDays: 28, windowDays: 28, blockDays: 7, weighing: .device,
                seed: 1)
        }
    }
}
