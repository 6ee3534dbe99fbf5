import Gateway
import TerminalProgram

enum TicketsCommand: ListCommand {
    static let name = "tickets"
    static let summary = "list the work that is left for people"
    static let list = "tickets"
    static let usage = Usage(options: listOptions + APIClient.options)
    static let columns: [Table.Column] = [
        .init("SEVERITY", .fixed), .init("STATE", .fixed), .init("DEVICE"), .init("TEXT"), .init("REASON"), .init("SINCE (UTC)", .spare),
        .init("AGE", .fixed), .init("TICKET", .spare),
    ]

    static func row(_ ticket: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        [
            .severity(ticket["severity"].string), .state(ticket["state"].string), .init(ticket["device"].string),
            .init(ticket["text"].string), .init(ticket["reason"].string), .time(ticket["onset"]), .age(ticket["onset"], terminal),
            .init(ticket["ticket"].string, .dim),
        ]
    }

    static func emptyText(_ arguments: Arguments) -> String { "There is no ticket\(scope(arguments))." }
}
