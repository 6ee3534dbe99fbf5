import Documents
import ServiceValue
import TerminalProgram

/// `steward-tools effects --estimate`: one estimate, with nothing around it, to compare with other programs on the same data.
enum EstimateOfFile {
    static let options: [Usage.Option] = [
        .value("estimate", "FILE.csv", "no simulation: the estimate of a panel, as JSON"),
        .value("design", "KIND", "with --estimate: holdout (default) or stepped"),
        .value(
            "start", "DAY", "with --estimate: the first day of the outcome; of a rollout in steps the first of the panel's days that counts"
        ),
        .value("end", "DAY", "with --estimate: the day after the last (default: after the panel's last)"),
        .value("past-days", "N", "with --estimate: days before the start that adjust a holdout (default 0)"),
        .value("weigh", "WHAT", "with --estimate: device (default) or exposure counts once"),
        .value("unit", "WHAT", "with --estimate: site (default) or device adopts as one, in steps"),
        .value("method", "NAME", "with --estimate: efficient (default) or callaway-santanna, in steps"),
        .value("block-days", "N", "with --estimate: days of a block (default 1), in steps"),
        .value("base-blocks", "N", "with --estimate: blocks before adoption that are compared (default 1), in steps"),
        .value("event", "N", "with --estimate: so many blocks after adoption alone, in steps"),
    ]

    private enum Design: String, CaseIterable { case holdout, stepped }

    static func run(_ file: String, _ arguments: Arguments) throws -> ExitCode {
        let design = try word(arguments, "design", Design.holdout)
        let panel = try PanelFile.read(file, isStepped: design == .stepped)
        let start = try arguments.integer("start", in: -1_000_000...1_000_000) ?? panel.days.lowerBound
        let end = try arguments.integer("end", in: -1_000_000...1_000_001) ?? panel.days.upperBound
        guard start < end else { throw UsageError("--end must be after --start") }
        let weighing = try word(arguments, "weigh", EffectWeighing.device)
        do {
            switch design {
            case .holdout:
                let days = try arguments.integer("past-days", in: 0...4000) ?? 0
                let result = try HoldoutEstimator(weighing: weighing, window: start..<end, past: start - days..<start).estimate(panel)
                print(result.estimate) { writer in
                    writer.member("plainError", result.plainError)
                    writer.member("theta", result.theta)
                    writer.member("varianceReduction", result.varianceReduction)
                    writer.member("treatment", Double(result.treatmentCount))
                    writer.member("control", Double(result.controlCount))
                    writer.strings("excluded", result.excluded.map(\.id))
                }
            case .stepped:
                let estimator = StaggeredEstimator(
                    unit: try word(arguments, "unit", .site), method: try word(arguments, "method", .efficient), weighing: weighing,
                    window: start..<end, blockDays: try arguments.integer("block-days", in: 1...4000) ?? 1,
                    baseBlocks: try arguments.integer("base-blocks", in: 1...4000) ?? 1)
                let event = try arguments.integer("event", in: 0...4000)
                let result = try estimator.estimate(panel, event.map { .event($0) } ?? .simple)
                print(result.estimate) { writer in
                    writer.member("beta", result.beta)
                    writer.strings("excluded", result.excluded.map(\.id))
                }
            }
        } catch let obstacle as EffectObstacle {
            throw CommandFailure("\(file): there is no estimate: \(obstacle)")
        }
        return .ok
    }

    private static func word<Word: RawRepresentable & CaseIterable>(_ arguments: Arguments, _ name: String, _ usual: Word) throws -> Word
    where Word.RawValue == String {
        guard let text = arguments.value(name) else { return usual }
        guard let word = Word(rawValue: text) else {
            throw UsageError("--\(name) must be \(Word.allCases.map(\.rawValue).joined(separator: " or ")), not \(Arguments.shown(text))")
        }
        return word
    }

    private static func print(_ estimate: EffectEstimate, _ more: (inout JSONWriter) -> Void) {
        Console.print(
            json: JSONWriter.object { writer in
                writer.member("value", estimate.value)
                writer.member("error", estimate.error)
                writer.member("freedom", estimate.freedom)
                writer.member("low", estimate.low)
                writer.member("high", estimate.high)
                writer.member("pValue", estimate.pValue)
                writer.member("baseline", estimate.baseline)
                more(&writer)
            })
    }
}

extension JSONWriter {
    /// Null where there is none.
    fileprivate mutating func member(_ name: String, _ value: Double?) {
        key(name)
        number(value ?? .nan)
    }
}
