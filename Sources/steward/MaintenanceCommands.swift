import Documents
import Gateway
import TerminalProgram

enum MaintenanceListCommand: ListCommand {
    static let name = "maintenance list"
    static let summary = "list the maintenance windows, and which are open"
    static let list = "maintenance"
    static let usage = Usage(options: APIClient.options)
    static let columns: [Table.Column] = [
        .init("STATE", .fixed), .init("FOR"), .init("FROM (UTC)", .fixed), .init("UNTIL (UTC)", .fixed), .init("RECURS"), .init("REASON"),
        .init("BY", .spare), .init("WINDOW"),
    ]

    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)]) { ([list], []) }

    static func row(_ window: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        let isOpen = window["open"].bool == true
        let scope = window["device"].string ?? window["profile"].string.map { "profile \($0)" } ?? "all devices"
        let weekly = window["weekly"]
        let days = weekly["days"].items.compactMap(\.string).map { String($0.prefix(3)) }.joined(separator: " ")
        let times = weekly["from"].string.map { "\(days) \($0)–\(weekly["until"].string ?? "?") \(window["zone"].string ?? "")" }
        return [
            .init(isOpen ? "open" : window["until"].isNull ? "over" : "planned", isOpen ? .yellow : .dim), .init(scope),
            .time(window["from"]),
            .time(window["until"]), .init(times ?? "once"), .init(window["reason"].string), .init(window["by"].string),
            .init(window["window"].string, .dim),
        ]
    }

    static func emptyText(_ arguments: Arguments) -> String { "There is no maintenance window." }
}

enum MaintenanceAddCommand: Subcommand {
    static let name = "maintenance add"
    static let summary = "open a maintenance window, now, later or every week"
    static let usage = Usage(
        options: [
            .value("device", "ID", "for this device"), .value("profile", "NAME", "for all devices of this profile"),
            .flag("all", "for all devices"), .value("from", "TIME", "the beginning; now unless given. With --days a time such as 22:00"),
            .value("until", "TIME", "the end"), .value("for", "TIME", "how long instead: 90s, 30min, 2h, 3d"),
            .value("days", "DAYS", "every week on these days, such as monday,friday"),
            .value("zone", "ZONE", "whose clock --from and --until mean, such as Europe/Berlin; UTC unless given"),
            .value("reason", "TEXT", "what is done"), Person.option,
        ] + ChangeCommand.options,
        notes: "Faults are detected meanwhile. Commands and tickets wait for the end, and downtime counts as scheduled.\n"
            + "TIME is 2026-11-21T22:00 in the zone, or with an offset of its own such as 2026-11-21T22:00+01:00.")

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let scopes = ["device", "profile", "all"].filter { arguments.has($0) }
        guard scopes.count == 1 else { throw UsageError("a window is for one of --device ID, --profile NAME and --all") }
        let body = try JSONWriter.object { writer in
            writer.member("device", arguments.value("device"))
            writer.member("profile", arguments.value("profile"))
            if arguments.has("all") { writer.member("all", true) }
            try times(arguments, &writer)
            writer.member("zone", arguments.value("zone"))
            writer.member("reason", arguments.value("reason"))
            writer.member("by", Person.name(arguments))
        }
        return try ChangeCommand.send(arguments, ["maintenance"], body) { answer in
            let id = TerminalText.visible(answer["window"].string ?? "?")
            return "The maintenance window \(id) is set. steward maintenance end \(id) takes it away."
        }
    }

    private static func times(_ arguments: Arguments, _ writer: inout JSONWriter) throws {
        if let days = arguments.value("days") {
            guard let from = arguments.value("from"), let until = arguments.value("until"), !arguments.has("for") else {
                throw UsageError("--days needs --from and --until, times such as 22:00")
            }
            return writer.object("weekly") { writer in
                writer.strings("days", days.split(separator: ",").map(String.init))
                writer.member("from", from)
                writer.member("until", until)
            }
        }
        let now = Terminal.current().nowMilliseconds
        if let from = arguments.value("from") { writer.member("from", from) } else { writer.member("from", now) }
        switch (arguments.value("until"), arguments.value("for")) {
        case (let until?, nil): writer.member("until", until)
        case (nil, let text?):
            guard let seconds = DurationArgument.seconds(text) else {
                throw UsageError("--for cannot be \(Arguments.shown(text)); it is \(DurationArgument.forms)")
            }
            guard !arguments.has("from") else { throw UsageError("--for counts from now; with --from give --until") }
            writer.member("until", now + seconds * 1000)
        case (nil, nil): throw UsageError("--until or --for is missing: when it ends")
        case (_?, _?): throw UsageError("--until and --for exclude each other")
        }
    }
}

enum MaintenanceEndCommand: Subcommand {
    static let name = "maintenance end"
    static let summary = "end a maintenance window, or take it away"
    static let usage = Usage(
        positionals: [.required("WINDOW", "its id, as steward maintenance list shows it")],
        options: [Person.option] + ChangeCommand.options,
        notes: "What still stands is set off at once. A window of the configuration file is ended for this time only.")

    static func run(_ arguments: Arguments) throws -> ExitCode {
        try ChangeCommand.send(arguments, ["maintenance", arguments.positionals[0], "end"], Person.body(arguments)) { _ in "It is ended." }
    }
}
