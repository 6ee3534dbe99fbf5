import Glibc

/// Every subcommand, in the order of `steward --help`.
enum Subcommands {
    static let all: [any Subcommand.Type] = [
        RunCommand.self,
        ReplayCommand.self,
        BenchCommand.self,
    ]
}

exit(Program.run(Array(CommandLine.arguments.dropFirst()), Subcommands.all).rawValue)
