import Gateway
import TerminalProgram

enum DamageCommand: ListCommand {
    static let name = "damage"
    static let summary = "list what the store has lost; say that you have seen it"
    static let list = "damage"
    static let usage = Usage(
        options: [
            .value("seen", "DAMAGE", "you have seen it: orders and commands need no word of their own any more"),
            Person.option,
        ] + ChangeCommand.options,
        notes:
            "Until somebody has seen it, new orders await approval and playbooks wait. Before that, compare with what suppliers and devices "
            + "say was done in that time.")
    static let columns: [Table.Column] = [
        .init("STATE", .fixed), .init("FOUND (UTC)"), .init("TEXT"), .init("SEEN BY", .spare), .init("DAMAGE", .spare),
    ]

    static func run(_ arguments: Arguments) throws -> ExitCode {
        guard let id = arguments.value("seen") else { return try ask(arguments) }
        return try ChangeCommand.send(arguments, [list, id, "acknowledgement"], Person.body(arguments)) { _ in
            "\(TerminalText.visible(id)) is seen."
        }
    }

    static func row(_ damage: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        [
            damage["seen"].bool == true ? .init("seen", .dim) : .init("unseen", .red), .time(damage["found"]), .init(damage["text"].string),
            .init(damage["seenBy"].string), .init(damage["damage"].string, .dim),
        ]
    }

    static func emptyText(_ arguments: Arguments) -> String { "The store has lost nothing." }
}
