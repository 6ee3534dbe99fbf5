import TestSupport
import Testing

@testable import ServiceValue

@Suite struct StaggeredEstimatorTests {
    private static func estimator(_ method: StaggeredEstimator.Method, end: Int, base: Int = 1, blockDays: Int = 1) -> StaggeredEstimator {
        StaggeredEstimator(unit: .site, method: method, weighing: .device, window: 0..<end, blockDays: blockDays, baseBlocks: base)
    }

    /// Two steps and a group that never adopts, small enough to follow by hand.
    private static let hand: [(site: String, adopts: Int?, values: [Double?])] = [
        ("a1", 1, [1, 3, 4]), ("a2", 1, [3, 5, 6]), ("b1", 2, [2, 3, 7]), ("b2", 2, [4, 4, 8]), ("c1", nil, [0, 1, 2]),
        ("c2", nil, [2, 2, 5]),
    ]

    @Test func differencesInDifferencesByHand() throws {
        let panel = try Panels.steps(Self.hand)
        let result = try Self.estimator(.callawaySantAnna, end: 3).estimate(panel)
        // (a, 1): 4 − 2 less (2.5 − 2) of b and c; (a, 2): 5 − 2 less (3.5 − 1) of c; (b, 2): 7.5 − 3.5 less (3.5 − 1.5) of c. Each has two units.
        #expect(abs(result.estimate.value - (1.5 + 0.5 + 2) / 3) < 1e-12)
        #expect(result.beta == 1)
        #expect(result.steps == [.init(block: 1, unitCount: 2), .init(block: 2, unitCount: 2), .init(block: nil, unitCount: 2)])
        #expect(result.weights.count == 3 && result.weights.allSatisfy { abs($0.weight - 1.0 / 3) < 1e-12 })
        let first = try Self.estimator(.callawaySantAnna, end: 3).estimate(panel, .event(0))
        #expect(abs(first.estimate.value - (1.5 + 2) / 2) < 1e-12)
        let second = try Self.estimator(.callawaySantAnna, end: 3).estimate(panel, .event(1))
        #expect(abs(second.estimate.value - 0.5) < 1e-12)
    }

    /// Levels that last are taken away whole, levels that say nothing not at all.
    @Test func theEfficientEstimatorLearnsWhatThePastIsWorth() throws {
        var chance = SeededGenerator(seed: 19)
        for lasting in [true, false] {
            let rows = (0..<60).map { number -> (site: String, adopts: Int?, values: [Double?]) in
                let adopts = [4, 6, nil][number % 3]
                let level = lasting ? 3 * chance.normal() : 0
                let values = (0..<8).map { day -> Double? in
                    level + (lasting ? 0.2 : 1) * chance.normal() + (day >= adopts ?? 8 ? 2 : 0)
                }
                return ("s\(number)", adopts, values)
            }
            let panel = try Panels.steps(rows)
            let result = try Self.estimator(.efficient, end: 8).estimate(panel)
            #expect(abs(result.beta - (lasting ? 1 : 0)) < 0.4, "seed 19, lasting \(lasting): \(result.beta)")
            #expect(abs(result.estimate.value - 2) < (lasting ? 0.3 : 1), "seed 19: \(result.estimate)")
            #expect(result.estimate.contains(2))
        }
    }

    @Test func blocksBeginWithTheFirstAdoption() throws {
        // Days 0 and 7 are left over: blocks are days 1…2, 3…4 and 5…6.
        let rows = Self.hand.map { row -> (site: String, adopts: Int?, values: [Double?]) in
            (row.site, row.adopts.map { 1 + 2 * $0 }, [99] + row.values.flatMap { [$0, $0] } + [77])
        }
        let result = try Self.estimator(.callawaySantAnna, end: 8, blockDays: 2).estimate(Panels.steps(rows))
        #expect(abs(result.estimate.value - (1.5 + 0.5 + 2) / 3) < 1e-12)
        #expect(result.steps.first?.block == 1)
    }

    @Test func unitsThatTellNothingAreNamed() throws {
        let rows =
            Self.hand + [("early", 0, [1, 1, 1]), ("hole", nil, [1, nil, 1]), ("later", 9, [5, 5, 5])]
            as [(site: String, adopts: Int?, values: [Double?])]
        let result = try Self.estimator(.callawaySantAnna, end: 3).estimate(Panels.steps(rows))
        #expect(
            result.excluded == [ExcludedUnit(id: "early", reason: .alwaysTreated), ExcludedUnit(id: "hole", reason: .incomplete)])
        // Who adopts after the window has not adopted.
        #expect(result.steps.last == .init(block: nil, unitCount: 3))
        let alone = try Self.estimator(.callawaySantAnna, end: 3).estimate(Panels.steps(Self.hand.filter { $0.site != "b2" }), .event(0))
        #expect(alone.excluded == [ExcludedUnit(id: "b1", reason: .aloneInStep)])
    }

    @Test func noEstimateRatherThanAWrongOne() throws {
        func obstacle(_ estimator: StaggeredEstimator, _ panel: OutcomePanel) -> EffectObstacle? {
            do throws(EffectObstacle) { _ = try estimator.estimate(panel) } catch { return error }
            return nil
        }
        let one = Self.estimator(.efficient, end: 3)
        #expect(try obstacle(one, Panels.steps(Self.hand.filter { $0.adopts == 1 })) == .tooFewSteps)
        #expect(try obstacle(one, Panels.steps(Self.hand.filter { $0.adopts == nil })) == .tooFewSteps)
        #expect(try obstacle(Self.estimator(.efficient, end: 3, blockDays: 2), Panels.steps(Self.hand)) != nil)
        #expect(try obstacle(one, Panels.steps(Self.hand.map { ($0.site, $0.adopts, [1, 1, 1]) })) == .noVariation)
        let units: [OutcomePanel.Unit] = [
            .init(id: "x", site: "s", assignment: .adopts(1)), .init(id: "y", site: "s", assignment: .adopts(nil)),
        ]
        let mixed = try OutcomePanel(units: units, observations: [.init(unit: "x", day: 0, amount: 1, exposure: 1)])
        #expect(obstacle(one, mixed) == .mixedSite("s"))
        let uneven = try Panels.steps((0..<12).map { ("s\($0)", [2, 5, nil][$0 % 3], Array(repeating: Double($0), count: 8)) })
        #expect(obstacle(Self.estimator(.efficient, end: 8, blockDays: 2), uneven) == .unevenSteps)
    }

    @Test func theOrderOfTheDataIsNothing() throws {
        let estimator = Self.estimator(.efficient, end: 3)
        #expect(try estimator.estimate(Panels.steps(Self.hand)) == estimator.estimate(Panels.steps(Self.hand.reversed())))
    }
}
