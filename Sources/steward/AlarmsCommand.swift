import Gateway

enum AlarmsCommand: ListCommand {
    static let name = "alarms"
    static let summary = "list what is wrong now, or was"
    static let list = "alarms"
    static let usage = Usage(options: [.flag("all", "also those that are over")] + listOptions + APIClient.options)
    static let columns: [Table.Column] = [
        .init("SEVERITY", .fixed), .init("STATE"), .init("DEVICE"), .init("CONDITION"), .init("TEXT"), .init("SINCE (UTC)", .spare),
        .init("AGE", .fixed), .init("ALARM", .spare),
    ]

    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)]) {
        let limit = try arguments.integer("limit", in: limitRange) ?? defaultLimit
        let all = arguments.has("all") ? "true" : nil
        return ([list], [("all", all), ("device", arguments.value("device")), ("limit", String(limit))])
    }

    static func row(_ alarm: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        [
            .severity(alarm["severity"].string), .state(alarm["state"].string), .init(alarm["device"].string),
            .init(alarm["condition"].string), .init(alarm["text"].string), .time(alarm["onset"]), .age(alarm["onset"], terminal),
            .init(alarm["alarm"].string, .dim),
        ]
    }

    static func emptyText(_ arguments: Arguments) -> String {
        arguments.has("all")
            ? "There was no alarm\(scope(arguments)) yet." : "No alarm\(scope(arguments)) is active. (--all shows past ones.)"
    }
}
