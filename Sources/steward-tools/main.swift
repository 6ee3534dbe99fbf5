import Gateway
import Glibc
import TerminalProgram

let program = Program(
    name: "steward-tools", version: StewardVersion.current, purpose: "Tools for those who develop Steward or try it out.",
    subcommands: [SimulateCommand.self, DemoCommand.self, BenchCommand.self, EffectsCommand.self])
exit(program.run(Array(CommandLine.arguments.dropFirst())).rawValue)
