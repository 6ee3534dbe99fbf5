import Gateway
import TerminalProgram

/// `steward run`: the gateway itself.
enum RunCommand: Subcommand {
    static let name = "run"
    static let summary = "Run the gateway until SIGTERM or Ctrl-C"
    static let usage = Usage(
        options: [
            .value("config", "FILE", "the configuration (default /etc/steward/steward.json)"),
            .flag("check", "read the configuration and the profiles, say what is wrong, and exit"),
        ],
        notes: "SIGHUP reloads the device profiles. Logs go to standard error.")

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let configuration = try ConfigurationReader.read(path: arguments.value("config") ?? "/etc/steward/steward.json")
        if arguments.has("check") {
            let profiles = try GatewayRuntime.check(configuration)
            Console.print("the configuration and \(profiles.count) profiles are in order\n")
            return .ok
        }
        try GatewayRuntime(configuration: configuration).run()
        return .ok
    }
}
