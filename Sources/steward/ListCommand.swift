import Gateway
import TerminalProgram

/// A subcommand that shows a list of the API as a table.
protocol ListCommand: QueryCommand {
    /// The path of the question.
    static var list: String { get }
    /// The member of the answer that holds the list.
    static var member: String { get }
    static var columns: [Table.Column] { get }
    static func row(_ item: APIValue, _ terminal: Terminal) -> [Table.Cell]
    /// What an empty list means, as a sentence.
    static func emptyText(_ arguments: Arguments) -> String
    /// What to say below a list that may go on; nil for a whole one.
    static func cutText(_ answer: APIValue, count: Int, _ arguments: Arguments) -> String?
}

extension ListCommand {
    static var member: String { list }
    static var limitRange: ClosedRange<Int> { 1...10_000 }
    static var defaultLimit: Int { 200 }

    static var listOptions: [Usage.Option] {
        [
            .value("device", "ID", "only those of this device"),
            .value("limit", "N", "at most this many, the newest first; \(defaultLimit) unless given"),
        ]
    }

    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)]) {
        let limit = try arguments.integer("limit", in: limitRange) ?? defaultLimit
        return ([list], [("device", arguments.value("device")), ("limit", String(limit))])
    }

    static func render(_ answer: APIValue, _ arguments: Arguments, _ terminal: Terminal) -> String {
        let items = answer[member].items
        guard !items.isEmpty else { return emptyText(arguments) + "\n" }
        var table = Table(columns)
        for item in items { table.add(row(item, terminal)) }
        return table.render(terminal) + (cutText(answer, count: items.count, arguments).map { $0 + "\n" } ?? "")
    }

    static func cutText(_ answer: APIValue, count: Int, _ arguments: Arguments) -> String? {
        let limit = arguments.value("limit").flatMap { Int($0) } ?? defaultLimit
        return count >= limit ? "The list is cut at \(limit); --limit shows more." : nil
    }

    /// "of DEVICE" for the sentences about empty lists.
    static func scope(_ arguments: Arguments) -> String {
        arguments.value("device").map { " of \(TerminalText.visible($0))" } ?? ""
    }
}
