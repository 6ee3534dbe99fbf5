import Documents
import Gateway
import TerminalProgram

/// `steward deadletters`: the messages that could not be used, and how to take them once more.
enum DeadLettersCommand: ListCommand {
    static let name = "deadletters"
    static let summary = "list the messages that could not be read, or take them once more"
    static let list = "deadletters"
    static let member = "deadLetters"
    static let limitRange = 1...1000
    static let defaultLimit = 100
    static let usage = Usage(
        positionals: [.any("ID", "dead letters to replay; all of them unless given")],
        options: [
            .flag("replay", "take them once more, as of the time when they first came"),
            .value("limit", "N", "list at most this many, the newest first; \(defaultLimit) unless given"),
        ] + APIClient.options,
        notes: "Mend the profile and reload it first. What fails again is a dead letter again, with a new id and its first arrival time.\n"
            + "Nothing is sent to a device because of what is long over.")
    static let columns: [Table.Column] = [
        .init("ID", .number), .init("AGE", .fixed), .init("TOPIC"), .init("PROFILE", .spare), .init("BYTES", .spare), .init("REASON"),
    ]

    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)]) {
        let limit = try arguments.integer("limit", in: limitRange) ?? defaultLimit
        return ([list], [("limit", String(limit))])
    }

    static func run(_ arguments: Arguments) throws -> ExitCode {
        guard arguments.has("replay") else {
            if let id = arguments.positionals.first { throw UsageError("\(Arguments.shown(id)) is one to replay: give --replay") }
            return try ask(arguments)
        }
        let ids = try arguments.positionals.map { text throws(UsageError) in
            guard let id = Int64(text), id > 0 else {
                throw UsageError("\(Arguments.shown(text)) is no id of a dead letter; steward deadletters lists them")
            }
            return id
        }
        let body = JSONWriter.object { writer in
            if ids.isEmpty { writer.member("all", true) } else { writer.array("ids", of: ids) { $0.integer($1) } }
        }
        return try show(try APIClient(arguments).postRepeatable([list, "replay"], body), arguments, tell)
    }

    private static func tell(_ answer: APIValue) throws -> ExitCode {
        let replayed = answer["replayed"].integer ?? 0
        Console.print("\(replayed) \(replayed == 1 ? "message was" : "messages were") taken once more.\n")
        let empty = answer["empty"].items.count
        if empty > 0 { Console.print("\(empty) stay: they have no payload to read.\n") }
        let missing = answer["missing"].items.compactMap(\.integer)
        guard missing.isEmpty else {
            let names = missing.prefix(10).map { String($0) }.joined(separator: ", ")
            throw CommandFailure("there is no dead letter \(names)\(missing.count > 10 ? " …" : "")", exitCode: .notFound)
        }
        return .ok
    }

    static func row(_ letter: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        [
            .init(letter["id"].integer.map { String($0) }), .age(letter["arrival"], terminal), .init(letter["topic"].string),
            .init(letter["profile"].string), .init(letter["bytes"].integer.map { String($0) }), .init(letter["reason"].string),
        ]
    }

    static func emptyText(_ arguments: Arguments) -> String { "There is no dead letter: every message could be read." }
}
