import Foundation
import Testing

/// Ingest, store and core together, through faults of the link and the disk and ends of the program at any step.
///
///     STEWARD_SIMULATION_RUNS=2000 STEWARD_SIMULATION_SEED=1 swift test --filter GatewaySimulation
@Suite(.serialized) struct GatewaySimulationTests {
    private static func number(_ name: String, _ fallback: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? fallback
    }

    /// Nothing that was acknowledged is lost, nothing counts twice, and the state is that of a run without faults.
    @Test func faultsChangeNothing() throws {
        let first = Self.number("STEWARD_SIMULATION_SEED", 1)
        var deaths = 0
        var snapshots: Int64 = 0
        for seed in first..<first + Self.number("STEWARD_SIMULATION_RUNS", 12) {
            let plan = PlannedMessage.plan(count: 160, seed: seed)
            let calm = try Simulation(messages: plan, seed: seed, hasFaults: false).run()
            #expect(calm.decisions.count > 10 && calm.samples.values.allSatisfy { !$0.isEmpty })
            let stormy = try Simulation(messages: plan, seed: seed, hasFaults: true)
            do {
                let outcome = try stormy.run()
                #expect(outcome.samples == calm.samples, "seed \(seed): \(stormy.story)")
                #expect(outcome.decisions == calm.decisions, "seed \(seed): \(stormy.story)")
                #expect(stormy.story.acknowledged >= plan.count, "seed \(seed)")
            } catch {
                Issue.record("seed \(seed): \(error), \(stormy.story)")
            }
            if ProcessInfo.processInfo.environment["STEWARD_SIMULATION_RUNS"] != nil { print("seed \(seed): \(stormy.story)") }
            deaths += stormy.story.deaths
            snapshots += stormy.story.snapshots
        }
        #expect(deaths > 0 && snapshots > 0, "nothing went wrong, or no snapshot was taken, so not much was tested")
    }

    /// The same seed is the same run, or a failure could not be looked at.
    @Test func aRunCanBeRepeated() throws {
        let plan = PlannedMessage.plan(count: 120, seed: 5)
        let runs = try (0..<2).map { _ in
            let simulation = try Simulation(messages: plan, seed: 5, hasFaults: true)
            _ = try simulation.run()
            return "\(simulation.story)"
        }
        #expect(runs[0] == runs[1])
    }
}
