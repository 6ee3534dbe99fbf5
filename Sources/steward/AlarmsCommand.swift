import Documents
import Gateway
import TerminalProgram

enum AlarmsCommand: ListCommand {
    static let name = "alarms"
    static let summary = "list what is wrong now, or was; acknowledge, shelve and reset"
    static let list = "alarms"
    static let usage = Usage(
        options: [
            .flag("all", "also those that are over"), .value("ack", "ALARM", "acknowledge it"),
            .value("shelve", "ALARM", "put it aside; needs --for and --reason"), .value("unshelve", "ALARM", "take it from the shelf"),
            .value("reset", "ALARM", "end one that is latched"), .value("for", "TIME", "how long it is shelved: 90s, 30min, 2h, 3d"),
            .value("reason", "TEXT", "why it is shelved"), Person.option,
        ] + listOptions + ChangeCommand.options,
        notes: "A shelved alarm is detected and kept, and sets nothing off until the shelf ends. ALARM is the id in the last column.")
    static let columns: [Table.Column] = [
        .init("SEVERITY", .fixed), .init("STATE"), .init("DEVICE"), .init("CONDITION"), .init("TEXT"), .init("SINCE (UTC)", .spare),
        .init("AGE", .fixed), .init("ALARM", .spare),
    ]

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let actions = ["ack", "shelve", "unshelve", "reset"].filter { arguments.has($0) }
        guard let action = actions.first else {
            for option in ["for", "reason"] where arguments.has(option) { throw UsageError("--\(option) belongs to --shelve") }
            return try ask(arguments)
        }
        guard actions.count == 1 else { throw UsageError("--\(actions[0]) and --\(actions[1]) exclude each other") }
        let paths = ["ack": "acknowledgement", "shelve": "shelving", "unshelve": "unshelving", "reset": "reset"]
        let done = ["ack": "acknowledged", "shelve": "shelved", "unshelve": "taken from the shelf", "reset": "reset"]
        let id = arguments.value(action) ?? ""
        let body = try body(action, arguments)
        return try ChangeCommand.send(arguments, [list, id, paths[action] ?? ""], body) { _ in
            "\(TerminalText.visible(id)) is \(done[action] ?? "done")."
        }
    }

    private static func body(_ action: String, _ arguments: Arguments) throws -> [UInt8] {
        try JSONWriter.object { writer in
            writer.member("by", Person.name(arguments))
            guard action == "shelve" else { return }
            guard let text = arguments.value("for"), let reason = arguments.value("reason") else {
                throw UsageError("--shelve needs --for TIME and --reason TEXT")
            }
            guard let seconds = DurationArgument.seconds(text), seconds <= 2_592_000 else {
                throw UsageError("--for cannot be \(Arguments.shown(text)); it is \(DurationArgument.forms), at most 30d")
            }
            writer.member("forSeconds", seconds)
            writer.member("reason", reason)
        }
    }

    static func row(_ alarm: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        let marks = ["flapping", "latched", "late"].filter { alarm[$0].bool == true }
        let state = alarm["state"].string.map { ([$0] + marks).joined(separator: ", ") }
        return [
            .severity(alarm["severity"].string), marks.isEmpty ? .state(state) : .init(state, .yellow), .init(alarm["device"].string),
            .init(alarm["condition"].string), .init(alarm["text"].string), .time(alarm["onset"]), .age(alarm["onset"], terminal),
            .init(alarm["alarm"].string, .dim),
        ]
    }

    static func emptyText(_ arguments: Arguments) -> String {
        arguments.has("all")
            ? "There was no alarm\(scope(arguments)) yet." : "No alarm\(scope(arguments)) is active. (--all shows past ones.)"
    }
}

/// Who makes a change.
enum Person {
    static let option = Usage.Option.value("by", "NAME", "who you are; your login name unless given")

    static func name(_ arguments: Arguments) -> String {
        arguments.value("by") ?? Terminal.environment("SUDO_USER") ?? Terminal.environment("USER") ?? "somebody"
    }

    /// The body of a change that says nothing else.
    static func body(_ arguments: Arguments) -> [UInt8] { JSONWriter.object { $0.member("by", name(arguments)) } }

    /// The name for a change that no login name may stand for.
    /// - Parameter option: the option that needs it.
    static func required(_ arguments: Arguments, by option: String) throws(UsageError) -> String {
        guard let by = arguments.value("by"), !by.isEmpty else { throw UsageError("--\(option) needs --by NAME: who says so") }
        return by
    }
}
