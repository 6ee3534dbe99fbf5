import Gateway
import TerminalProgram

enum HistoryCommand: QueryCommand {
    static let name = "history"
    static let summary = "show what a metric of a device was over time"
    static let usage = Usage(
        positionals: [.required("DEVICE", "the device's id"), .required("METRIC", "a metric, as steward device ID lists them")],
        options: [.value("from", "TIME", "the beginning"), .value("to", "TIME", "the end; now unless given")] + APIClient.options,
        notes: "TIME is \(TimeArgument.forms). Times are in UTC.")

    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)]) {
        let now = Terminal.current().nowMilliseconds
        func time(_ name: String) throws(UsageError) -> Int64? {
            guard let text = arguments.value(name) else { return nil }
            guard let time = TimeArgument.milliseconds(text, nowMilliseconds: now) else {
                throw UsageError("--\(name) cannot be \(Arguments.shown(text)); it is \(TimeArgument.forms)")
            }
            return time
        }
        let (from, to) = (try time("from"), try time("to"))
        if let from, let to, from > to { throw UsageError("--from is later than --to") }
        let query = [("from", from.map { String($0) }), ("to", to.map { String($0) })]
        return (["devices", arguments.positionals[0], "history", arguments.positionals[1]], query)
    }

    static func render(_ answer: APIValue, _ arguments: Arguments, _ terminal: Terminal) -> String {
        let samples = answer["samples"].items.map(\.items).filter { $0.count == 2 }
        let name = TerminalText.visible("\(answer["metric"].string ?? "?") of \(answer["device"].string ?? "?")")
        guard !samples.isEmpty else { return "There is no sample of \(name) in that time.\n" }
        let unit = answer["unit"].string.map(HumanText.unit) ?? ""
        var table = Table([.init("TIME (UTC)", .fixed), .init("VALUE", .number), .init("UNIT"), .init("AGE", .spare)])
        for sample in samples {
            table.add([.time(sample[0]), DeviceCommand.value(sample[1]), .init(unit), .age(sample[0], terminal)])
        }
        let numbers = samples.compactMap(\.[1].number)
        var head = terminal.paint(name, .bold) + ": \(samples.count) \(samples.count == 1 ? "sample" : "samples")"
        if let low = numbers.min(), let high = numbers.max() {
            let range = "\(HumanText.number(low, decimals: 3)) to \(HumanText.number(high, decimals: 3)) \(TerminalText.visible(unit))"
            head += ", \(range)\n" + sparkline(numbers, low, high, columns: min(60, terminal.columns ?? 60))
        }
        return head + "\n\n" + table.render(terminal)
    }

    /// The means of equally many samples each, as bars.
    static func sparkline(_ numbers: [Double], _ low: Double, _ high: Double, columns: Int) -> String {
        let bars = Array("▁▂▃▄▅▆▇█")
        let count = min(max(1, columns), numbers.count)
        return String(
            (0..<count).map { column in
                let part = numbers[column * numbers.count / count..<(column + 1) * numbers.count / count]
                // Halves, so that the span of the largest numbers does not overflow.
                let mean = part.reduce(0) { $0 + $1 / Double(part.count) }
                let span = high / 2 - low / 2
                let share = span > 0 ? (mean / 2 - low / 2) / span : 0
                return bars[min(7, max(0, Int(share * 8)))]
            })
    }
}
