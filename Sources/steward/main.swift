import Glibc

/// Every subcommand, in the order of `steward --help`.
enum Subcommands {
    static let all: [any Subcommand.Type] = [
        RunCommand.self,
        StatusCommand.self,
        DevicesCommand.self,
        DeviceCommand.self,
        AlarmsCommand.self,
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
        ReplayCommand.self,
        DetectCommand.self,
        SimulateCommand.self,
        DemoCommand.self,
        BenchCommand.self,
    ]
}

exit(Program.run(Array(CommandLine.arguments.dropFirst()), Subcommands.all).rawValue)
