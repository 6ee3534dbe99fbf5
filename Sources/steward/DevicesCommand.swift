import Documents
import Gateway
import TerminalProgram

enum DevicesCommand: ListCommand {
    static let name = "devices"
    static let summary = "list the devices with their state and their lowest supply, take one out, or let one follow another"
    static let list = "devices"
    static let defaultLimit = 1000
    static let usage = Usage(
        options: [
            .value("offset", "N", "leave out the first N, in the order of the ids"),
            .value("limit", "N", "at most this many; \(defaultLimit) unless given"),
            .value("remove", "DEVICE", "take this device out: its alarms, commands, orders and tickets end; needs --by and --yes"),
            .value("rename", "DEVICE", "this device is called --to now: its cartridges and orders go along, and the old name is taken out"),
            .value("replace", "DEVICE", "the device --to stands in for this one: its orders go along, and it is taken out"),
            .value("to", "DEVICE", "the device that follows, with --rename and --replace; it has to have spoken once"),
            .value("by", "NAME", "who says so, with --remove, --rename and --replace"),
            .flag("yes", "really, with --remove, --rename and --replace"),
        ] + ChangeCommand.options,
        notes: "A device that was taken out and speaks again is a new one. Its history stays until it is too old.")
    static let columns: [Table.Column] = [
        .init("DEVICE"), .init("STATUS", .fixed), .init("STATE", .spare), .init("ALARMS"), .init("SUPPLY"), .init("LEVEL", .fixed),
        .init("DAYS LEFT", .fixed), .init("UP", .spare), .init("LAST SEEN", .spare), .init("PROFILE", .spare),
    ]

    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)]) {
        let limit = try arguments.integer("limit", in: limitRange) ?? defaultLimit
        let offset = try arguments.integer("offset", in: 0...1_000_000_000)
        return ([list], [("offset", offset.map { String($0) }), ("limit", String(limit))])
    }

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let words = ["remove", "rename", "replace"].filter { arguments.has($0) }
        guard let word = words.first, let device = arguments.value(word) else {
            for option in ["by", "yes", "to"] where arguments.has(option) {
                throw UsageError("--\(option) belongs to --remove, --rename or --replace")
            }
            return try ask(arguments)
        }
        guard words.count == 1 else { throw UsageError("one of --\(words.joined(separator: ", --")) at a time") }
        let by = try Person.required(arguments, by: word)
        if word != "remove" { return try succeed(device, word, by, arguments) }
        if arguments.has("to") { throw UsageError("--to belongs to --rename or --replace") }
        guard arguments.has("yes") else {
            throw UsageError(
                "--remove ends everything that is open of \(TerminalText.visible(device)), its orders too; say --yes when that is meant")
        }
        return try ChangeCommand.send(arguments, [list, device, "removal"], JSONWriter.object { $0.member("by", by) })
    }

    private static func succeed(_ device: String, _ word: String, _ by: String, _ arguments: Arguments) throws -> ExitCode {
        guard let successor = arguments.value("to") else { throw UsageError("--\(word) needs --to DEVICE") }
        guard arguments.has("yes") else {
            throw UsageError(
                "--\(word) takes \(TerminalText.visible(device)) out and hands its orders to \(TerminalText.visible(successor)); say --yes when that is meant"
            )
        }
        let body = JSONWriter.object { body in
            body.member("by", by)
            body.member("successor", successor)
            body.member("kind", word == "rename" ? "renamed" : "replaced")
        }
        return try ChangeCommand.send(arguments, [list, device, "succession"], body)
    }

    static func cutText(_ answer: APIValue, count: Int, _ arguments: Arguments) -> String? {
        let total = answer["total"].integer ?? Int64(count)
        let isCut = (arguments.value("offset").flatMap { Int64($0) } ?? 0) > 0 || Int64(count) < total
        return isCut ? "\(count) of \(total) devices; --offset and --limit show others." : nil
    }

    static func row(_ device: APIValue, _ terminal: Terminal) -> [Table.Cell] {
        let alarms = device["alarms"].items.compactMap(\.string).joined(separator: ", ")
        let supply = lowestSupply(device["supplies"].items)
        let availability = device["availability"].number.map { HumanText.number($0 * 100) + " %" }
        return [
            .init(device["device"].string), status(device), .state(device["equipmentState"].string.map(HumanText.equipmentState)),
            .init(alarms, .red), .init(supply?["supply"].string), supply.map { .level($0["levelPercent"].number) } ?? .init(nil),
            supply.map { .daysLeft($0) } ?? .init(nil), .init(availability), .age(device["lastArrival"], terminal),
            .init(device["profile"].string),
        ]
    }

    /// What the device last said of itself means little once it is silent.
    static func status(_ device: APIValue) -> Table.Cell {
        device["silent"].bool == true ? .state("silent") : .state(device["status"].string ?? "unknown")
    }

    /// The one that ends first; without a forecast the one with the lowest level.
    static func lowestSupply(_ supplies: [APIValue]) -> APIValue? {
        func rank(_ supply: APIValue) -> (Double, Double) {
            let days = supply["daysLeft"].items.compactMap(\.number)
            return (days.count == 3 ? days[1] : .infinity, supply["levelPercent"].number ?? .infinity)
        }
        return supplies.min { rank($0) < rank($1) }
    }

    static func emptyText(_ arguments: Arguments) -> String {
        arguments.has("offset")
            ? "There is no device after that offset."
            : "No device has said anything yet. Is the broker connected (steward status), and does a profile match its topics?"
    }
}
