import Foundation
import ServiceValue
import Testing

@Suite struct RolloutDesignTests {
    private static let made: Int64 = 19_999 * 86_400_000

    private static func holdout(
        share: Double = 0.3, seed: UInt64 = 7, made: Int64 = made, start: Int = 20_000, end: Int = 20_056, past: Int = 56,
        stratifying devices: [(id: String, site: String)] = []
    ) throws(RolloutDesign.Fault) -> RolloutDesign {
        try .holdout(
            id: "cold-start", outcome: .downtime, seed: seed, madeAtMilliseconds: made, startDay: start, endDay: end, pastDays: past,
            share: share,
            stratifying: devices)
    }

    private static func stepped(_ sites: [String], seed: UInt64 = 7, steps: Int = 3, keeps: Bool = true, end: Int = 20_084)
        throws(RolloutDesign.Fault) -> RolloutDesign
    {
        try .stepped(
            id: "cold-start", outcome: .downtime, seed: seed, madeAtMilliseconds: made, startDay: 20_000, endDay: end, pastDays: 56,
            sites: sites,
            stepCount: steps, stepDays: 14, keepsControls: keeps)
    }

    @Test func devicesThatComeChangeNoOthersArm() throws {
        let design = try Self.holdout()
        let arms = (0..<4000).map { design.assignment(device: "d\($0)", site: "") }
        let treated = arms.reduce(0) { $0 + ($1 == .arm(.treatment) ? 1 : 0) }
        // Binomial with deviation 29; the names and the seed are fixed.
        #expect((1100...1300).contains(treated), "\(treated)")
        #expect(try arms == (0..<4000).map { try Self.holdout().assignment(device: "d\($0)", site: "moved") })
        #expect(try arms != (0..<4000).map { try Self.holdout(seed: 8).assignment(device: "d\($0)", site: "") })
    }

    @Test func eachSiteHasItsShare() throws {
        let devices = (0..<103).map { (id: "d\($0)", site: "s\($0 % 10)") }
        let design = try Self.holdout(share: 0.5, stratifying: devices)
        var counts: [String: Int] = [:]
        for device in devices where design.assignment(device: device.id, site: device.site) == .arm(.treatment) {
            counts[device.site, default: 0] += 1
        }
        #expect(counts.count == 10 && counts.values.allSatisfy { $0 == 5 || $0 == 6 }, "\(counts)")
        // Whatever order they come in.
        #expect(try design == Self.holdout(share: 0.5, stratifying: devices.reversed()))
        #expect(design.assignment(device: "new", site: "s1") != .none)
    }

    @Test func sitesAdoptInRandomOrder() throws {
        let sites = (0..<20).map { "s\($0)" }
        let design = try Self.stepped(sites)
        guard case .stepped(let scheme) = design.scheme else {
            Issue.record("no steps")
            return
        }
        #expect(scheme.steps.map(\.day) == [20_000, 20_014, 20_028])
        #expect(scheme.steps.allSatisfy { $0.sites.count == 5 } && scheme.controls.count == 5)
        #expect(Set(scheme.steps.flatMap(\.sites) + scheme.controls) == Set(sites))
        #expect(try design == Self.stepped(sites.reversed()) && design != Self.stepped(sites, seed: 8))
        let first = try #require(scheme.steps.first?.sites.first)
        #expect(design.assignment(device: "any", site: first) == .adopts(20_000))
        #expect(design.assignment(device: "any", site: try #require(scheme.controls.first)) == .adopts(nil))
        #expect(design.assignment(device: "any", site: "came later") == .none)
    }

    @Test func itIsWrittenDownBeforeAnyOutcome() throws {
        func fault(_ make: () throws(RolloutDesign.Fault) -> RolloutDesign) -> RolloutDesign.Fault? {
            do throws(RolloutDesign.Fault) { _ = try make() } catch { return error }
            return nil
        }
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.holdout(made: 20_000 * 86_400_000) } == .madeTooLate)
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.holdout(made: 20_000 * 86_400_000 - 1) } == nil)
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.holdout(share: 0.01) } == .shareOutOfRange(0.01))
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.holdout(share: .nan) } != nil)
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.holdout(end: 20_000) } == .endTooEarly)
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.holdout(past: 1) } == .noPast)
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.holdout(start: .max) } == .tooLong)
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.stepped(["a", "b", "c"]) } == .tooFewSites(needed: 8))
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.stepped((0..<20).map { "s\($0)" }, end: 20_028) } == .endTooEarly)
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.stepped(["a", "b", "c", "d", "a", "f"], steps: 2) } == .siteTwice("a"))
        #expect(fault { () throws(RolloutDesign.Fault) in try Self.stepped(["a", "b"], steps: 1, keeps: false) } == .stepsOutOfOrder)
    }

    @Test func whatIsWrittenIsReadAndWhatCouldNotBeMadeIsRefused() throws {
        for design in [try Self.holdout(stratifying: [("a", "x"), ("b", "x")]), try Self.stepped((0..<20).map { "s\($0)" })] {
            let data = try JSONEncoder().encode(design)
            #expect(try JSONDecoder().decode(RolloutDesign.self, from: data) == design)
            let text = String(decoding: data, as: UTF8.self)
            let late = text.replacingOccurrences(of: "\"startDay\":20000", with: "\"startDay\":19999")
            #expect(late != text)
            #expect(throws: RolloutDesign.Fault.self) { try JSONDecoder().decode(RolloutDesign.self, from: Data(late.utf8)) }
        }
    }
}
