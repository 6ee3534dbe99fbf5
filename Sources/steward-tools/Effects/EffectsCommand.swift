import Documents
import FoundationEssentials
import ServiceValue
import SimulatedFleet
import TerminalProgram

/// `steward-tools effects`: the proof of the estimators on simulated fleets, and one estimate of a panel in a file.
enum EffectsCommand: Subcommand {
    static let name = "effects"
    static let summary = "Prove the estimators of effects on simulated fleets, or estimate one from a file"
    static let usage = Usage(
        options: [
            .value("fleets", "N", "simulated fleets of each kind (default 1000)"),
            .value("seed", "N", "of the first fleet (default 1)"),
            .value("reduction", "SHARE", "planted: what treatment takes off an incident (default 0.3)"),
            .value("devices", "N", "in each fleet"),
            .value("sites", "N", "in each fleet"),
            .value("steps", "N", "of a rollout in steps"),
            .flag("stratified", "a holdout gives each site its share"),
        ] + EstimateOfFile.options + [.flag("json", "as JSON")],
        notes: """
            Without --estimate: of each kind of rollout so many fleets with the planted effect and so many without. The exit code tells whether the planted
            effect lies in 93 to 97 % of the 95 % intervals, and without an effect at most 6 % claim one, before and after the A/A test.

            A panel is CSV with the columns device, site, arm (treatment, control), adoption (day; empty for never), day, amount and exposure.
            """)

    static func run(_ arguments: Arguments) throws -> ExitCode {
        if let file = arguments.value("estimate") { return try EstimateOfFile.run(file, arguments) }
        let fleets = try arguments.integer("fleets", in: 1...1_000_000) ?? 1000
        let seed = try arguments.integer("seed", in: 0...UInt64.max) ?? 1
        let reduction = try arguments.number("reduction", in: 0.01...0.99) ?? 0.3
        Console.error("seed \(seed), \(fleets) fleets of each kind")
        var rows: [Row] = []
        for kind in EffectFleet.Kind.allCases {
            for method in StaggeredEstimator.Method.allCases where kind == .stepped || method == .efficient {
                var plan = EffectFleet.Plan(kind: kind, seed: seed)
                plan.deviceCount = try arguments.integer("devices", in: 20...100_000) ?? plan.deviceCount
                plan.siteCount = try arguments.integer("sites", in: 2...10_000) ?? plan.siteCount
                plan.stepCount = try arguments.integer("steps", in: 1...5) ?? plan.stepCount
                plan.isStratified = arguments.has("stratified")
                let without = try EffectCampaign.run(plan, fleets: fleets, method: method)
                plan.reduction = reduction
                let name = kind == .stepped ? "\(kind.rawValue), \(method.rawValue)" : kind.rawValue
                let row = Row(
                    name: name, isJudged: method == .efficient, planted: try EffectCampaign.run(plan, fleets: fleets, method: method),
                    without: without)
                rows.append(row)
                if !arguments.has("json") { Console.print(row.text) }
            }
        }
        if arguments.has("json") { Console.print(json: JSONWriter.object { $0.objects("kinds", of: rows) { $1.write(&$0) } }) }
        return rows.allSatisfy { !$0.isJudged || $0.holds } ? .ok : .failed
    }

    private struct Row {
        let name: String
        /// Only the estimators that reports use are judged; the other is there for comparison.
        let isJudged: Bool
        let planted: EffectCampaign.Tally
        let without: EffectCampaign.Tally

        var holds: Bool {
            (0.93...0.97).contains(planted.coverage) && (0.93...0.97).contains(planted.shownCoverage) && without.claims <= 0.06
                && without.shownClaims <= 0.06 && planted.unknownCount == 0 && without.unknownCount == 0
        }

        var text: String {
            """
            \(name): \(isJudged ? holds ? "holds" : "DOES NOT HOLD" : "for comparison")
              planted \(short(planted.meanTruth)): in the interval \(percent(planted.coverage)), claimed \(percent(planted.claims)); after the A/A test, which withheld \
            \(planted.withheldCount): \(percent(planted.shownCoverage)), \(percent(planted.shownClaims))
              none: claimed \(percent(without.claims)); after the A/A test, which withheld \(without.withheldCount): \(percent(without.shownClaims))
              mean of estimates − truth \(short(planted.bias)), deviation \(short(planted.rootMeanSquare)), mean error told \(short(planted.meanError))\
            \(planted.unknownCount + without.unknownCount > 0 ? "; without an estimate \(planted.unknownCount + without.unknownCount)" : "")

            """
        }

        func write(_ writer: inout JSONWriter) {
            writer.key("kind")
            writer.string(name)
            for (key, tally) in [("planted", planted), ("none", without)] {
                writer.object(key) { writer in
                    for (name, value) in [
                        ("fleets", Double(tally.fleetCount)), ("unknown", Double(tally.unknownCount)), ("coverage", tally.coverage),
                        ("claims", tally.claims), ("withheld", Double(tally.withheldCount)), ("shownCoverage", tally.shownCoverage),
                        ("shownClaims", tally.shownClaims), ("truth", tally.meanTruth), ("bias", tally.bias), ("error", tally.meanError),
                        ("deviation", tally.rootMeanSquare),
                    ] {
                        writer.key(name)
                        writer.number(value)
                    }
                }
            }
        }

        private func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
        private func short(_ number: Double) -> String { "\((number * 10_000).rounded() / 10_000)" }
    }
}
