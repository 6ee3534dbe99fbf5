import Gateway
import TerminalProgram

enum ActionsCommand: ListCommand {
    static let name = "actions"
    static let summary = "list the commands sent to devices, and what became of them"
    static let list = "actions"
    static let usage = Usage(options: listOptions + APIClient.options)
    static let columns: [Table.Column] = [
        .init("OUTCOME", .fixed), .init("DEVICE"), .init("COMMAND"), .init("CONDITION"), .init("DETAIL"), .init("ONSET (UTC)", .spare),
        .init("AGE", .fixed), .init("REQUEST", .spare),
    ]

    static func row(_ action: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        [
            .state(action["outcome"].string), .init(action["device"].string), .init(action["command"].string),
            .init(action["condition"].string), .init(action["detail"].string), .time(action["onset"]), .age(action["onset"], terminal),
            .init(action["request"].string, .dim),
        ]
    }

    static func emptyText(_ arguments: Arguments) -> String {
        arguments.value("device").map { "No command was sent to \(TerminalText.visible($0)) yet." } ?? "No command was sent yet."
    }
}
