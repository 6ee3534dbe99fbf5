import Documents
import Gateway
import TerminalProgram

/// `steward orders`: what was ordered and how it stands, and the word of a person on it.
enum OrdersCommand: ListCommand {
    static let name = "orders"
    static let summary = "list the orders of supplies, approve them, or call them off"
    static let list = "orders"
    static let usage = Usage(
        options: [
            .value("state", "STATE", "only those in this state, such as awaiting-approval"),
            .value("approve", "ORDER", "agree to an order that waits for it; needs --by"),
            .value("reject", "ORDER", "refuse an order that waits for approval; needs --by"),
            .value("cancel", "ORDER", "call an order off, and tell the supplier; needs --by"),
            .value("place", "DEVICE", "ask for an order by hand, also after one failed or was called off; needs --supply and --by"),
            .value("supply", "NAME", "the supply that --place orders"), .value("by", "NAME", "who says so"),
            .value("reason", "TEXT", "why, with --reject and --cancel"),
            .value("despite", "ORDER", "with --place: order again although this order, which failed, may have been taken"),
        ] + listOptions + ChangeCommand.options,
        notes: "Who asked for an order cannot approve it.")
    static let columns: [Table.Column] = [
        .init("STATE"), .init("DEVICE"), .init("SUPPLY"), .init("ITEM"), .init("FROM", .spare), .init("AMOUNT", .spare),
        .init("LEVEL", .number),
        .init("DAYS LEFT", .spare), .init("REASON"), .init("AGE", .fixed), .init("DUE (UTC)", .spare), .init("DECIDED (UTC)", .spare),
        .init("ORDER", .spare), .init("NEWS", .spare),
    ]

    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)]) {
        let limit = try arguments.integer("limit", in: limitRange) ?? defaultLimit
        return ([list], [("device", arguments.value("device")), ("state", arguments.value("state")), ("limit", String(limit))])
    }

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let words = ["approve", "reject", "cancel", "place"].filter { arguments.has($0) }
        guard let word = words.first, let subject = arguments.value(word) else {
            for option in ["by", "reason", "supply", "despite"] where arguments.has(option) {
                throw UsageError("--\(option) belongs to --approve, --reject, --cancel or --place")
            }
            return try ask(arguments)
        }
        guard words.count == 1 else { throw UsageError("one of --\(words.joined(separator: ", --")) at a time") }
        let by = try Person.required(arguments, by: word)
        var path = [list]
        let body = try JSONWriter.object { body in
            body.member("by", by)
            if word == "place" {
                guard let supply = arguments.value("supply") else { throw UsageError("--place needs --supply NAME") }
                body.member("device", subject)
                body.member("supply", supply)
                body.member("despite", arguments.value("despite"))
            } else {
                path += [subject, ["approve": "approval", "reject": "rejection", "cancel": "cancellation"][word] ?? word]
                if word != "approve" { body.member("reason", arguments.value("reason")) }
            }
        }
        return try ChangeCommand.send(arguments, path, body)
    }

    static func row(_ order: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        let level = order["levelPercent"].number.map { HumanText.number($0, decimals: 0) + " %" }
        let amount = order["amount"].number.map { HumanText.money($0) + " " + (order["currency"].string ?? "") }
        let notes = [
            order["attempt"].number.map { "attempt " + HumanText.number($0, decimals: 0) }, order["dryRun"].bool == true ? "dry run" : nil,
            order["spare"].bool == true ? "spare" : nil, order["onShelf"].bool == true ? "on the shelf" : nil,
            order["approvalReason"].string, order["detail"].string,
        ]
        return [
            order["overdue"].bool == true ? .init("\(order["state"].string ?? "") (overdue)", .red) : .state(order["state"].string),
            .init(order["device"].string), .init(order["supply"].string), .init(order["item"].string), .init(order["supplier"].string),
            .init(amount), .init(level), .daysLeft(order), .init(order["reason"].string),
            .age(order["decided"], terminal), .time(order["deadline"]), .time(order["decided"]), .init(order["order"].string, .dim),
            .init(notes.compactMap { $0 }.joined(separator: "; ")),
        ]
    }

    static func emptyText(_ arguments: Arguments) -> String {
        arguments.value("state").map { "No order\(scope(arguments)) is \(TerminalText.visible($0))." }
            ?? "Nothing\(scope(arguments)) was ordered yet."
    }
}
