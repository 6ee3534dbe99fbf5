import TestSupport
import Testing

@testable import ServiceValue

@Suite struct EffectReportTests {
    /// Days 0…3 are the past, 4…5 the outcome.
    private static func panel(
        seed: UInt64, drift: Double = 0, effect: Double = 0, treated: Int = 40, controls: Int = 40,
        isOn: (String, Int) -> Bool? = { _, _ in nil }
    ) throws -> OutcomePanel {
        var chance = SeededGenerator(seed: seed)
        var units: [OutcomePanel.Unit] = []
        var observations: [OutcomePanel.Observation] = []
        for number in 0..<treated + controls {
            let isTreated = number < treated
            let id = "d\(number)"
            units.append(.init(id: id, assignment: .arm(isTreated ? .treatment : .control)))
            let level = 10 + chance.normal()
            for day in 0..<6 {
                let shift = isTreated ? (day >= 2 ? drift : 0) + (day >= 4 ? effect : 0) : 0
                observations.append(.init(unit: id, day: day, amount: level + chance.normal() + shift, exposure: 1, isOn: isOn(id, day)))
            }
        }
        return try OutcomePanel(units: units, observations: observations)
    }

    private static func report(_ panel: OutcomePanel, share: Double = 0.5) -> EffectReport {
        .holdout(panel, weighing: .device, past: 0..<4, window: 4..<6, plannedShare: share)
    }

    @Test func anEffectIsShownWithItsChecks() throws {
        let report = try Self.report(Self.panel(seed: 5, effect: -3))
        guard case .estimated(let estimate) = report.result else {
            Issue.record("\(report.result)")
            return
        }
        #expect(estimate.claimsEffect && estimate.contains(-3), "seed 5: \(estimate)")
        guard case .done(let placebo) = report.placebo else {
            Issue.record("no A/A test")
            return
        }
        #expect(!placebo.claimsEffect)
        #expect(report.sampleRatio?.pValue == 1)
        #expect(report.balance.map(\.measure) == [.outcome, .exposure])
        #expect(report.groups.map(\.group) == [.arm(.treatment), .arm(.control)])
        #expect(report.groups.allSatisfy { $0.assignedCount == 40 && $0.pastExposure == 160 && $0.windowExposure == 80 })
        #expect(report.switched.isEmpty && report.excluded.isEmpty)
    }

    /// The arms had parted before the start, so what is seen after it is no effect of the rollout.
    @Test func anAATestThatClaimsAnEffectWithholdsTheEstimate() throws {
        let report = try Self.report(Self.panel(seed: 5, drift: -3))
        guard case .withheld(.placebo(let placebo)) = report.result else {
            Issue.record("\(report.result)")
            return
        }
        #expect(placebo.claimsEffect && placebo.contains(-3))
    }

    @Test func armsOfOtherSizesThanPlannedWithholdTheEstimate() throws {
        let panel = try Self.panel(seed: 5, effect: -3, treated: 70, controls: 20)
        guard case .withheld(.sampleRatio(let test)) = Self.report(panel).result else {
            Issue.record("shown")
            return
        }
        // (70 − 45)² / 45 twice.
        #expect(abs(test.chiSquare - 27.777777777777779) < 1e-9 && test.pValue < 1e-6)
        guard case .estimated = Self.report(panel, share: 0.75).result else {
            Issue.record("withheld")
            return
        }
    }

    @Test func devicesThatSwitchedArmsAreNamedAndStayWhereTheyWereAssigned() throws {
        let panel = try Self.panel(seed: 9, effect: -3) { id, day in
            switch id {
            case "d0": day >= 5
            case "d41": day >= 4
            case "d42": day < 4 ? false : nil
            default: id < "d4" && id.count < 3 || ["d1", "d2", "d3"].contains { id.hasPrefix($0) } ? day >= 4 : nil
            }
        }
        let report = Self.report(panel)
        #expect(
            report.switched == [
                SwitchedUnit(id: "d0", firstDay: 4, dayCount: 1, wasOn: false),
                SwitchedUnit(id: "d41", firstDay: 4, dayCount: 2, wasOn: true),
            ])
        let silent = try Self.report(Self.panel(seed: 9, effect: -3))
        #expect(report.result == silent.result)
    }

    @Test func withoutAPastThereIsNoAATest() throws {
        let panel = try Self.panel(seed: 5, effect: -3)
        let report = EffectReport.holdout(panel, weighing: .device, past: 4..<4, window: 4..<6, plannedShare: 0.5)
        #expect(report.placebo == .impossible(.noDays))
        guard case .estimated = report.result else {
            Issue.record("\(report.result)")
            return
        }
        let empty = EffectReport.holdout(panel, weighing: .device, past: 0..<4, window: 8..<9, plannedShare: 0.5)
        guard case .unknown(.tooFewDevices) = empty.result else {
            Issue.record("\(empty.result)")
            return
        }
    }

    @Test func stepsHaveAnAATestTooAndAnEventStudy() throws {
        for drifts in [false, true] {
            var chance = SeededGenerator(seed: 77)
            let rows = (0..<30).map { number -> (site: String, adopts: Int?, values: [Double?]) in
                let adopts = [8, 10, nil][number % 3]
                let level = 5 + chance.normal()
                // With `drifts` the change comes four days before the rollout's.
                let begins = adopts.map { drifts ? $0 - 4 : $0 } ?? 99
                return ("s\(number)", adopts, (0..<14).map { level + chance.normal() * 0.5 + ($0 >= begins ? -2 : 0) })
            }
            let report = try EffectReport.stepped(
                Panels.steps(rows), unit: .site, weighing: .device, window: 0..<14, start: 8, blockDays: 1)
            switch report.result {
            case .estimated(let estimate):
                #expect(!drifts && estimate.contains(-2) && estimate.claimsEffect, "seed 77: \(estimate)")
                #expect(report.events.count == 6 && report.events.allSatisfy { abs($0.value + 2) < 1 }, "seed 77: \(report.events)")
                #expect(report.groups.map(\.group) == [.step(8), .step(10), .step(nil)])
            case .withheld(.placebo(let placebo)): #expect(drifts && placebo.claimsEffect && report.events.isEmpty, "seed 77: \(placebo)")
            default: Issue.record("\(report.result)")
            }
        }
    }

    /// The worst tenth of a fleet that nothing is done for gets better by itself, and by about as much as is told.
    @Test func theWorstGetBetterByThemselves() throws {
        var chance = SeededGenerator(seed: 2)
        let rows: [(id: String, arm: RolloutArm?, values: [Double?])] = (0..<600).map { number in
            let level = 10 + 2 * chance.normal()
            return ("d\(number)", nil, (0..<6).map { _ in level + 4 * chance.normal() })
        }
        let panel = try Panels.arms(rows)
        let worst = rows.sorted { ($0.values[..<4].reduce(0) { $0 + ($1 ?? 0) }) > ($1.values[..<4].reduce(0) { $0 + ($1 ?? 0) }) }.prefix(
            60)
        let chosen = Set(worst.map(\.id))
        let found = try BeforeAfter(panel, chosen: chosen, past: 0..<4, window: 4..<6, weighing: .device, wereBad: true)
        #expect(found.change.high < 0 && found.deviceCount == 60, "seed 2: \(found.change)")
        let regression = try #require(found.regression)
        // Variance of the level 4, of a mean of four days 4 more: half of the differences last.
        #expect(abs(regression.reliability - 0.5) < 0.12, "seed 2: \(regression)")
        #expect(found.change.contains(regression.expectedChange), "seed 2: \(found)")
        #expect(try BeforeAfter(panel, chosen: chosen, past: 0..<4, window: 4..<6, weighing: .device, wereBad: false).regression == nil)
        guard case .descriptive(let shown) = EffectReport(descriptive: found).result else {
            Issue.record("no description")
            return
        }
        #expect(shown == found)
        #expect(throws: EffectObstacle.tooFewDevices(treatment: 0, control: 0, minimum: 2)) {
            try BeforeAfter(panel, chosen: [], past: 0..<4, window: 4..<6, weighing: .device, wereBad: false)
        }
    }
}
