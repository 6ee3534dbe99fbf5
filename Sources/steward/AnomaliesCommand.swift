import Documents
import Gateway
import TerminalProgram

enum AnomaliesCommand: QueryCommand {
    static let name = "anomalies"
    static let summary = "list what was found unusual without a rule; say that it is normal"
    static let usage = Usage(
        options: [
            .flag("all", "also those that are over"), .value("normal", "ALARM", "what this warning tells is normal, now and from now on"),
            .value("unusual", "ALARM", "take that back: its detector warns of it again"),
            .value("reason", "TEXT", "why; belongs to --normal and --unusual"), Person.option,
            .value("device", "ID", "only those of this device"),
            .value("limit", "N", "at most this many, the newest first; 200 unless given"),
        ] + ChangeCommand.options,
        notes: """
            A detector warns of what is further from the usual than it was before. Called normal, as much in the same direction is not
            warned of again, on this metric of this device. `steward explain DEVICE` shows every score and what would be unusual now.
            """)
    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)]) {
        let limit = try arguments.integer("limit", in: 1...10_000) ?? 200
        let all = arguments.has("all") ? "true" : nil
        return (["alarms"], [("source", "anomaly"), ("all", all), ("device", arguments.value("device")), ("limit", String(limit))])
    }

    static func run(_ arguments: Arguments) throws -> ExitCode {
        switch (arguments.value("normal"), arguments.value("unusual")) {
        case (nil, nil):
            if arguments.has("reason") { throw UsageError("--reason belongs to --normal and --unusual") }
            return try ask(arguments)
        case (let id?, nil): return try call(id, "normality", "is called normal", arguments)
        case (nil, let id?): return try call(id, "unusualness", "is unusual again", arguments)
        default: throw UsageError("--normal and --unusual exclude each other")
        }
    }

    private static func call(_ id: String, _ path: String, _ done: String, _ arguments: Arguments) throws -> ExitCode {
        let body = JSONWriter.object { writer in
            writer.member("by", Person.name(arguments))
            writer.member("reason", arguments.value("reason"))
        }
        return try ChangeCommand.send(arguments, ["alarms", id, path], body) { _ in "What \(TerminalText.visible(id)) tells \(done)." }
    }

    static func render(_ answer: APIValue, _ arguments: Arguments, _ terminal: Terminal) -> String {
        let alarms = answer["alarms"].items
        guard !alarms.isEmpty else { return emptyText(arguments) + "\n" }
        let blocks = alarms.map { block($0, terminal) }.joined(separator: "\n")
        return blocks + (answer["next"].isNull ? "" : "\nThere are more; --limit shows them.\n")
    }

    /// The reason is a sentence, too long for a table's cell.
    private static func block(_ alarm: APIValue, _ terminal: Terminal) -> String {
        let device = terminal.paint(TerminalText.visible(alarm["device"].string ?? "?"), .bold)
        let isActive = alarm["active"].bool == true
        let state =
            alarm["calledNormalBy"].string.map { terminal.paint("normal, says \(TerminalText.visible($0))", .green) }
            ?? terminal.paint(alarm["state"].string?.replacing("-", with: " ") ?? "?", isActive ? .yellow : .dim)
        let since = alarm["onset"].integer.map { HumanText.age($0, nowMilliseconds: terminal.nowMilliseconds) } ?? ""
        return "\(device)  \(state)  \(since)  \(terminal.paint(alarm["alarm"].string ?? "", .dim))\n"
            + "  \(TerminalText.visible(alarm["text"].string ?? ""))\n"
    }

    private static func emptyText(_ arguments: Arguments) -> String {
        let scope = arguments.value("device").map { " of \(TerminalText.visible($0))" } ?? ""
        return arguments.has("all") ? "Nothing\(scope) was found unusual yet." : "Nothing\(scope) is unusual. (--all shows what was.)"
    }
}
