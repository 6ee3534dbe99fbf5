import Gateway
import Outbound
import SimulatedFleet
import TerminalProgram
import Threading

/// `steward-tools simulate`: a fleet of simulated devices on a broker.
enum SimulateCommand: Subcommand {
    static let name = "simulate"
    static let summary = "Run a fleet of simulated devices, with a supplier and customers"
    static let usage = Usage(
        options: fleetOptions + [
            .value("broker", "HOST:PORT", "the broker (default 127.0.0.1:1883)"),
            .value("api", "URL", "the gateway's API, for deliveries and survey answers"),
            .value("token-file", "FILE", "a file with that gateway's operator's token"),
            .value("supplier-listen", "HOST:PORT", "where orders are taken (default 127.0.0.1:0, a free port)"),
            .value("for", "DURATION", "end after so long, such as 60s or 5m"),
        ] + ChaosCommand.options,
        notes: "The gateway's configuration sends orders to it with orders: { url: \"http://HOST:PORT/orders\" }.")

    static let fleetOptions: [Usage.Option] = [
        .value("devices", "N", "how many devices (default 40)"),
        .value("seed", "N", "the same seed gives the same fleet (default 1)"),
        .value("history-days", "N", "days of past reports told at the start (default 14)"),
        .value("report-seconds", "N", "seconds between two reports of a device (default 2)"),
        .value("faults-per-hour", "N", "faults of one device in an hour (default 30)"),
    ]

    static func run(_ arguments: Arguments) throws -> ExitCode {
        if arguments.has("chaos") || arguments.has("list-rates") { return try ChaosCommand.run(arguments) }
        let signals = StopSignals()
        var configuration = try fleet(arguments)
        if let broker = arguments.value("broker") {
            let parts = broker.split(separator: ":")
            guard let host = parts.first, parts.count <= 2, let port = parts.count == 2 ? Int(parts[1]) : 1883 else {
                throw UsageError("--broker is HOST:PORT")
            }
            configuration.brokerHost = String(host)
            configuration.brokerPort = port
        }
        configuration.apiURL = arguments.value("api")
        configuration.apiToken = try arguments.value("token-file").map(TokenFile.read)
        configuration.supplierListen = arguments.value("supplier-listen") ?? configuration.supplierListen
        let end = try duration(arguments).map { Int64($0 * 1000) + Clock.monotonicMilliseconds() }
        let runner = try FleetRunner(configuration: configuration)
        try runner.start()
        Console.error(
            "\(configuration.devices) devices on \(configuration.brokerHost):\(configuration.brokerPort); orders at http://\(runner.supplierAddress ?? "-")/orders"
        )
        var nextLine: Int64 = 0
        while !signals.wait(milliseconds: 200) {
            let now = Clock.monotonicMilliseconds()
            if let end, now >= end { break }
            guard now >= nextLine else { continue }
            nextLine = now + 5000
            Console.error(line(runner.statistics, problem: runner.brokerProblem))
        }
        runner.stop()
        Console.error(line(runner.statistics, problem: nil))
        return .ok
    }

    static func fleet(_ arguments: Arguments) throws -> FleetConfiguration {
        var configuration = FleetConfiguration()
        configuration.devices = try arguments.integer("devices", in: 1...20_000) ?? configuration.devices
        configuration.seed = try arguments.integer("seed", in: 0...UInt64.max) ?? configuration.seed
        configuration.historyDays = try arguments.integer("history-days", in: 0...366) ?? configuration.historyDays
        configuration.reportSeconds = try arguments.number("report-seconds", in: 0.1...3600) ?? configuration.reportSeconds
        configuration.faultsPerDevicePerHour = try arguments.number("faults-per-hour", in: 0...3600) ?? configuration.faultsPerDevicePerHour
        return configuration
    }

    /// Seconds of `--for`: a number with s, m or h behind it.
    static func duration(_ arguments: Arguments) throws -> Double? {
        guard let text = arguments.value("for") else { return nil }
        let factors: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
        let factor = text.last.flatMap { factors[$0] }
        guard let number = Double(factor == nil ? text : String(text.dropLast())), number > 0, number.isFinite else {
            throw UsageError("--for is a time such as 60s, 5m or 1h")
        }
        return number * (factor ?? 1)
    }

    private static func line(_ s: FleetStatistics, problem: String?) -> String {
        var line =
            "\(s.messagesPublished) messages, \(s.faultsBegun) faults, \(s.commandsReceived) commands (\(s.commandsAnswered) answered), "
            + "\(s.faultsMendedByCommand) mended by command, \(s.ordersReceived) orders, \(s.installations) installed, \(s.surveysPosted) answers"
        if let problem { line += "; no broker: \(problem)" }
        if let error = s.lastError { line += "; last error: \(error)" }
        return line
    }
}
