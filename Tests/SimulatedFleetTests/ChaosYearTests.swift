import CivilCalendar
import Foundation
import GatewayCore
import Telemetry
import TestSupport
import Testing

@testable import SimulatedFleet

/// A short form of `steward-tools simulate --chaos`: a month of a few devices in which more goes wrong. The long form stands in CONTRIBUTING.md.
///
///     STEWARD_CHAOS_SEEDS=20 STEWARD_CHAOS_SEED=1 swift test --filter ChaosYearTests
@Suite(.serialized) struct ChaosYearTests {
    private static func number(_ name: String, _ fallback: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? fallback
    }

    private static var seeds: Range<UInt64> {
        let first = number("STEWARD_CHAOS_SEED", 1)
        return first..<first + number("STEWARD_CHAOS_SEEDS", 1)
    }

    private static func profiles() throws -> [DeviceProfile] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try ["steward-native", "office-printer"].map { name in
            let file = root.appending(path: "DeviceProfiles/\(name)/\(name).json")
            return try ProfileReader.read(Array(try Data(contentsOf: file)), file: file.path)
        }
    }

    private static func scenario(seed: UInt64, days: Int = 30, devices: Int = 3) throws -> ChaosScenario {
        var scenario = try TruthTests.scenario(seed: seed, days: days)
        scenario.devices = devices
        scenario.isSparse = true
        return scenario
    }

    private static func run(_ scenario: ChaosScenario) throws -> ChaosReport {
        try #require(try ChaosYear.run(scenario, profiles: profiles()))
    }

    /// What goes wrong, by who has to bear it.
    enum Group: String, CaseIterable, Sendable {
        case messages, outages, suppliers, commands, deviceClocks, gatewayClock, levels, names

        var kinds: Set<ChaosKind> {
            switch self {
            case .messages: [.messageLate, .messageRepeatedByDevice]
            case .outages: [.gatewayOutage, .brokerOutage, .brokerSessionLost, .deviceOutage, .deviceWithoutQueue]
            case .suppliers:
                [
                    .supplierAnswerLost, .supplierDownForHours, .supplierRefusesRepeats, .supplierFailsRepeats, .supplierReportsTwice,
                    .supplierReportsOutOfOrder, .supplierReportsLate, .supplierDeliversLate, .supplierCancels, .supplierSendsWrongItem,
                    .supplierSendsPart,
                ]
            case .commands:
                [
                    .commandLost, .commandMeetsOutage, .commandSessionWithoutExpiry, .commandDeadlineIgnored, .commandAnswerLost,
                    .commandAnsweredLate,
                    .commandAnsweredTwice,
                ]
            case .deviceClocks: [.clockOff, .clockLocalTimeAsUTC, .clockMissing, .clockStepped, .clockBatteryFlat, .clockFrozen]
            case .gatewayClock: [.gatewayClockStepped]
            case .levels: [.levelFalseZero, .levelsZeroAfterPowerOn, .levelUnknown, .levelJitter, .deviceOutage]
            case .names: [.deviceRenamed]
            }
        }
    }

    @Test func theGroupsHaveAllThatGoesWrong() {
        let known = Group.allCases.reduce(into: Set<ChaosKind>()) { $0.formUnion($1.kinds) }
        #expect(known == Set(ChaosKind.allCases.filter { !$0.isTruth }))
    }

    /// The same scenario is the same year, and another seed is another one.
    @Test func aYearCanBeRepeated() throws {
        let scenario = try Self.scenario(seed: 7, days: 14, devices: 3)
        let (one, other) = (try Self.run(scenario), try Self.run(scenario))
        #expect(one.digest == other.digest && one.json == other.json)
        #expect(try Self.run(try Self.scenario(seed: 8, days: 14, devices: 3)).digest != one.digest)
        #expect(one.findings.messages > 1000 && one.findings.faults > 0 && one.findings.restarts > 0)
    }

    /// What the core once did not stand, with a seed that showed it.
    struct OnceFailing: Sendable {
        var kind: ChaosKind
        var rate: Double
        var seed: UInt64
        /// What it needs beside itself.
        var beside: [ChaosKind: Double] = [:]
        var violation: ChaosViolation.Kind
    }

    static let onceFailing = [
        // A cartridge that changes its slot was ordered for a second time.
        OnceFailing(kind: .cartridgesExchanged, rate: 24, seed: 2, violation: .doubleOrder),
        // What is on its way for the former id was ordered again under the new one.
        OnceFailing(kind: .deviceRenamed, rate: 12, seed: 2, violation: .doubleOrder),
        // An order that failed after its answer was lost was ordered again by a person who was told of no doubt.
        OnceFailing(kind: .supplierFailsRepeats, rate: 1, seed: 1, beside: [.supplierAnswerLost: 0.5], violation: .doubleOrder),
    ]

    @Test(arguments: onceFailing.indices) func whatOnceFailedHolds(place: Int) throws {
        let failing = Self.onceFailing[place]
        var scenario = try Self.scenario(seed: failing.seed)
        scenario.rates = scenario.rates.clean
        scenario.rates[.cartridgesExchanged] = 0
        for (kind, rate) in failing.beside { scenario.rates[kind] = rate }
        scenario.rates[failing.kind] = failing.rate
        let world = try Self.world(scenario)
        world.run()
        #expect(world.counts[failing.kind] > 0)
        #expect(!world.checker.violations.contains { $0.kind == failing.violation })
        #expect(world.checker.violations.map { "\($0)" } == [])
    }

    private static func world(_ scenario: ChaosScenario) throws -> ChaosWorld {
        let truths = (1...scenario.devices).map { DeviceTruth(number: $0, scenario) }
        return try #require(ChaosWorld(scenario, truths: truths, profiles: try profiles()))
    }

    /// New names come too seldom for a month; `onceFailing` has them.
    @Test(arguments: Group.allCases.filter { $0 != .names }) func eachGroupAloneHolds(group: Group) throws {
        for seed in Self.seeds {
            var scenario = try Self.scenario(seed: seed)
            scenario.rates = scenario.rates.multiplied(by: 4).only(group.kinds)
            // Without a look at the clean world, which the other tests have.
            let world = try Self.world(scenario)
            world.run()
            #expect(group.kinds.contains { world.counts[$0] > 0 }, "seed \(seed): nothing went wrong")
            #expect(world.checker.findings.needs > 0 && world.checker.findings.commands > 0, "seed \(seed)")
            #expect(world.checker.violations == [], "seed \(seed)")
        }
    }
}
