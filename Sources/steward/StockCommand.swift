import Documents
import Gateway
import TerminalProgram

/// `steward stock list`: what lies in the cupboard of the site.
enum StockListCommand: ListCommand {
    static let name = "stock list"
    static let summary = "list the stock on site, and what of it is meant for a device already"
    static let list = "stock"
    static let usage = Usage(options: APIClient.options)
    static let columns: [Table.Column] = [
        .init("ITEM"), .init("UNITS", .number), .init("RESERVED", .number), .init("AVAILABLE", .number), .init("ON ORDER", .number),
        .init("ORDERED AT", .number), .init("UP TO", .number),
    ]

    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)]) { ([list], []) }

    static func row(_ item: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        [.init(item["item"].string)]
            + ["units", "reserved", "available", "onOrder", "reorderPoint", "orderUpTo"].map {
                .init(item[$0].integer.map { String($0) })
            }
    }

    static func emptyText(_ arguments: Arguments) -> String { "No stock was counted yet: steward stock set ITEM N --by NAME" }
}

/// `steward stock set ITEM N`: what was counted.
enum StockSetCommand: Subcommand {
    static let name = "stock set"
    static let summary = "say how many units of an item were counted"
    static let usage = StockChange.usage("how many there are")

    static func run(_ arguments: Arguments) throws -> ExitCode { try StockChange.send(arguments, "units", in: 0...1_000_000) }
}

/// `steward stock add ITEM N`: what came.
enum StockAddCommand: Subcommand {
    static let name = "stock add"
    static let summary = "add units of an item that came; a number below zero takes away"
    static let usage = StockChange.usage("how many came")

    static func run(_ arguments: Arguments) throws -> ExitCode { try StockChange.send(arguments, "add", in: -1_000_000...1_000_000) }
}

/// What the two have in common.
enum StockChange {
    static func usage(_ what: String) -> Usage {
        Usage(
            positionals: [.required("ITEM", "the item, as orders name it"), .required("N", what)],
            options: [.value("by", "NAME", "who counted")] + ChangeCommand.options,
            notes: "A number below zero stands behind --, as in: steward stock add --by Ann -- TN-247 -1")
    }

    static func send(_ arguments: Arguments, _ member: String, in range: ClosedRange<Int>) throws -> ExitCode {
        let text = arguments.positionals[1]
        guard let units = Int(text), range.contains(units) else {
            throw UsageError("N must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(Arguments.shown(text))")
        }
        guard let by = arguments.value("by"), !by.isEmpty else { throw UsageError("--by NAME is missing: who counted") }
        let body = JSONWriter.object { body in
            body.member("item", arguments.positionals[0])
            body.member(member, units)
            body.member("by", by)
        }
        return try ChangeCommand.send(arguments, ["stock"], body)
    }
}
