import Gateway
import Glibc
import TerminalProgram

/// Every subcommand, in the order of `steward --help`.
enum Subcommands {
    static let all: [any Subcommand.Type] = [
        RunCommand.self,
        StatusCommand.self,
        DevicesCommand.self,
        DeviceCommand.self,
        AlarmsCommand.self,
        AnomaliesCommand.self,
        ExplainCommand.self,
        MaintenanceListCommand.self,
        MaintenanceAddCommand.self,
        MaintenanceEndCommand.self,
        OrdersCommand.self,
        StockListCommand.self,
        StockSetCommand.self,
        StockAddCommand.self,
        ActionsCommand.self,
        TicketsCommand.self,
        DamageCommand.self,
        HistoryCommand.self,
        DeadLettersCommand.self,
        ProfileCheckCommand.self,
        ProfileListCommand.self,
        ProfileTestCommand.self,
        ProfileDiscoveryCommand.self,
        ProfileDraftCommand.self,
        ReplayCommand.self,
        DetectCommand.self,
    ]
}

let words = Array(CommandLine.arguments.dropFirst())
if let word = words.first, DeveloperTools.names.contains(word) { exit(DeveloperTools.run(words).rawValue) }
let program = Program(
    name: "steward", version: StewardVersion.current, purpose: "Steward looks after connected printers and equipment.",
    subcommands: Subcommands.all)
exit(program.run(words).rawValue)
