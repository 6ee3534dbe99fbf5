import TestSupport
import Testing

@testable import ServiceValue

@Suite struct HoldoutEstimatorTests {
    /// Without a past this is Welch's test: the difference of means, and the error from the variance of each arm.
    @Test func withoutAPastItIsTheDifferenceOfMeans() throws {
        let treated = [1.0, 2, 4, 4, 9]
        let control = [3.0, 8, 5, 7, 9, 10]
        let panel = try Panels.arms(
            treated.enumerated().map { ("t\($0)", .treatment, [$1]) } + control.enumerated().map { ("c\($0)", .control, [$1]) })
        let result = try HoldoutEstimator(weighing: .device, window: 0..<1, past: 0..<0).estimate(panel)
        // Means 4 and 7; Σ of squares 38 / 4 / 5 and 34 / 5 / 6.
        #expect(abs(result.estimate.value + 3) < 1e-12)
        #expect(abs(result.estimate.error - (38.0 / 4 / 5 + 34.0 / 5 / 6).squareRoot()) < 1e-12)
        #expect(abs((result.estimate.baseline ?? 0) - 7) < 1e-12)
        #expect(result.theta == nil && result.treatmentCount == 5 && result.controlCount == 6)
        // Bell and McCaffrey with equal variances: (a + b)² / (a² / 4 + b² / 5) for a = 1/5, b = 1/6.
        let freedom = (1.0 / 5 + 1.0 / 6) * (1.0 / 5 + 1.0 / 6) / (1.0 / 25 / 4 + 1.0 / 36 / 5)
        #expect(abs(result.estimate.freedom - freedom) < 1e-9)
    }

    @Test func exposureMakesARatioOfSums() throws {
        var units: [OutcomePanel.Unit] = []
        var observations: [OutcomePanel.Observation] = []
        for number in 0..<12 {
            units.append(.init(id: "d\(number)", assignment: .arm(number < 6 ? .treatment : .control)))
            for day in 0..<3 {
                observations.append(
                    .init(
                        unit: "d\(number)", day: day, amount: Double((number * 7 + day * 3) % 11), exposure: Double(1 + (number + day) % 4))
                )
            }
        }
        let panel = try OutcomePanel(units: units, observations: observations)
        let result = try HoldoutEstimator(weighing: .exposure, window: 0..<3, past: 0..<0).estimate(panel)
        func ratio(_ numbers: Range<Int>) -> Double {
            let own = observations.filter { each in numbers.contains { each.unit == "d\($0)" } }
            return own.reduce(0) { $0 + $1.amount } / own.reduce(0) { $0 + $1.exposure }
        }
        #expect(abs(result.estimate.value - (ratio(0..<6) - ratio(6..<12))) < 1e-12)
        let devices = try HoldoutEstimator(weighing: .device, window: 0..<3, past: 0..<0).estimate(panel)
        #expect(devices.estimate.value != result.estimate.value)
    }

    @Test func theOwnPastTakesAwayWhatDevicesLastinglyDifferBy() throws {
        var chance = SeededGenerator(seed: 41)
        let panel = try Panels.arms(
            (0..<80).map { number in
                let level = 5 + 2 * chance.normal()
                let arm: RolloutArm = number % 2 == 0 ? .treatment : .control
                return ("d\(number)", arm, [level + 0.3 * chance.normal(), level + 0.3 * chance.normal() - (arm == .treatment ? 1 : 0)])
            })
        let plain = try HoldoutEstimator(weighing: .device, window: 1..<2, past: 0..<0).estimate(panel)
        let adjusted = try HoldoutEstimator(weighing: .device, window: 1..<2, past: 0..<1).estimate(panel)
        #expect(abs(adjusted.estimate.value + 1) < 0.3, "seed 41: \(adjusted.estimate)")
        #expect(adjusted.estimate.error < plain.estimate.error / 3)
        #expect(abs((adjusted.theta ?? 0) - 1) < 0.1)
        #expect((adjusted.varianceReduction ?? 0) > 0.9)
    }

    @Test func whatIsMissingIsNamedAndNotZero() throws {
        var rows: [(id: String, arm: RolloutArm?, values: [Double?])] = (0..<20).map { number in
            let arm: RolloutArm = number % 2 == 0 ? .treatment : .control
            let past = Double(number % 5)
            return ("d\(number)", arm, [past, past + 10 + Double(number % 3)])
        }
        rows.append(("gone", .treatment, [3, nil]))
        rows.append(("nobody", nil, [3, 50]))
        rows.append(("new", .control, [nil, 12]))
        let result = try HoldoutEstimator(weighing: .device, window: 1..<2, past: 0..<1).estimate(Panels.arms(rows))
        #expect(result.excluded == [ExcludedUnit(id: "gone", reason: .noOutcome), ExcludedUnit(id: "nobody", reason: .notAssigned)])
        #expect(result.withoutPastCount == 1 && result.treatmentCount == 10 && result.controlCount == 11)
        #expect((result.estimate.baseline ?? 0) > 9)
    }

    @Test func theOrderOfTheDataIsNothing() throws {
        var chance = SeededGenerator(seed: 3)
        let rows: [(id: String, arm: RolloutArm?, values: [Double?])] = (0..<30).map {
            ("d\($0)", $0 % 3 == 0 ? .treatment : .control, [chance.normal(), chance.normal()])
        }
        let estimator = HoldoutEstimator(weighing: .exposure, window: 1..<2, past: 0..<1)
        #expect(try estimator.estimate(Panels.arms(rows)) == estimator.estimate(Panels.arms(rows.reversed())))
    }

    @Test func noEstimateRatherThanAWrongOne() throws {
        func obstacle(_ rows: [(id: String, arm: RolloutArm?, values: [Double?])], window: Range<Int> = 0..<1) throws -> EffectObstacle? {
            let panel = try Panels.arms(rows)
            do throws(EffectObstacle) { _ = try HoldoutEstimator(weighing: .device, window: window, past: 0..<0).estimate(panel) } catch {
                return error
            }
            return nil
        }
        let few: [(id: String, arm: RolloutArm?, values: [Double?])] = (0..<8).map {
            ("d\($0)", $0 < 4 ? .treatment : .control, [Double($0)])
        }
        #expect(try obstacle(few) == .tooFewDevices(treatment: 4, control: 4, minimum: 5))
        let same: [(id: String, arm: RolloutArm?, values: [Double?])] = (0..<20).map { ("d\($0)", $0 < 10 ? .treatment : .control, [2]) }
        #expect(try obstacle(same) == .noVariation)
        #expect(try obstacle(same, window: 1..<1) == .noDays)
        #expect(try obstacle([]) == .tooFewDevices(treatment: 0, control: 0, minimum: 5))
    }

    @Test func aPanelRefusesWhatIsNoPanel() {
        let units = [OutcomePanel.Unit(id: "a")]
        func fault(_ units: [OutcomePanel.Unit], _ observations: [OutcomePanel.Observation]) -> OutcomePanel.Fault? {
            do { _ = try OutcomePanel(units: units, observations: observations) } catch { return error }
            return nil
        }
        #expect(fault(units + units, []) == .unitTwice("a"))
        #expect(fault(units, [.init(unit: "b", day: 0, amount: 1, exposure: 1)]) == .unknownUnit("b"))
        #expect(fault(units, [.init(unit: "a", day: 0, amount: .nan, exposure: 1)]) == .notANumber(unit: "a", day: 0))
        #expect(fault(units, [.init(unit: "a", day: 0, amount: 1, exposure: -1)]) == .notANumber(unit: "a", day: 0))
        #expect(fault(units, [.init(unit: "a", day: 0, amount: 1, exposure: 0)]) == .notANumber(unit: "a", day: 0))
        let twice = OutcomePanel.Observation(unit: "a", day: 4, amount: 0, exposure: 0)
        #expect(fault(units, [twice, twice]) == .observationTwice(unit: "a", day: 4))
        let far = [Int.min, Int.max].map { OutcomePanel.Observation(unit: "a", day: $0, amount: 1, exposure: 1) }
        #expect(fault(units, far) == .tooLarge)
        #expect(fault([], []) == nil)
    }
}
