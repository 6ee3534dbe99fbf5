import Documents
import Gateway
import Telemetry
import TerminalProgram

/// `steward profile list`: what is loaded, and how much each profile says.
enum ProfileListCommand: Subcommand {
    static let name = "profile list"
    static let summary = "list the device profiles"
    static let usage = Usage(options: ProfilePlaces.options + [.flag("json", "print the list as JSON")])
    private static let columns: [Table.Column] = [
        .init("NAME"), .init("TITLE", .spare), .init("TOPICS"), .init("METRICS", .number), .init("SUPPLIES", .number),
        .init("FAULTS", .number),
        .init("COMMANDS", .number), .init("FILE", .spare),
    ]

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let profiles = try ProfileLoader.load(try ProfilePlaces.paths(arguments))
        guard !arguments.has("json") else {
            Console.print(json: json(profiles))
            return .ok
        }
        var table = Table(columns)
        for profile in profiles {
            let counts = [profile.metrics.count, profile.supplies.count, profile.faults.count, profile.commands.count]
            table.add(
                [.init(profile.name), .init(profile.title), .init(profile.messages.map(\.topic.text).joined(separator: " "))]
                    + counts.map { .init(String($0)) } + [.init(profile.source, .dim)])
        }
        Console.print(table.render(.current()))
        return .ok
    }

    private static func json(_ profiles: [DeviceProfile]) -> [UInt8] {
        JSONWriter.object { writer in
            writer.objects("profiles", of: profiles) { writer, profile in
                writer.member("profile", profile.name)
                writer.member("title", profile.title)
                writer.strings("topics", profile.messages.map(\.topic.text))
                writer.member("metrics", profile.metrics.count)
                writer.member("supplies", profile.supplies.count)
                writer.member("faults", profile.faults.count)
                writer.member("commands", profile.commands.count)
                writer.member("file", profile.source)
            }
        }
    }
}

/// Where a subcommand that needs profiles looks for them.
enum ProfilePlaces {
    static let options: [Usage.Option] = [
        .value("profiles", "DIR", "device profiles; may be given again (default: those of the configuration)"),
        .value("config", "FILE", "a configuration, for its profiles"),
    ]

    static func paths(_ arguments: Arguments) throws -> [String] {
        let named = arguments.values("profiles")
        guard named.isEmpty else { return named }
        return try arguments.value("config").map { try ConfigurationReader.read(path: $0).profiles } ?? GatewayConfiguration().profiles
    }
}
