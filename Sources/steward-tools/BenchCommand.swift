import Benchmarks
import Gateway
import TerminalProgram

/// `steward-tools bench`: the figures that a regression shows in.
enum BenchCommand: Subcommand {
    static let name = "bench"
    static let summary = "Measure the core on this machine, without network and disk"
    static let usage = Usage(
        options: [
            .value("profiles", "DIR", "device profiles (default DeviceProfiles)"),
            .value("devices", "N", "simulated devices (default 1000)"),
            .value("messages", "N", "messages (default 500000)"),
        ])

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let directories = arguments.values("profiles")
        let profiles = try ProfileLoader.load(directories.isEmpty ? ["DeviceProfiles"] : directories)
        let devices = try arguments.integer("devices", in: 1...20_000) ?? 1000
        let messages = try arguments.integer("messages", in: 1000...10_000_000) ?? 500_000
        guard let result = CoreBenchmark.run(profiles: profiles, devices: devices, messages: messages) else {
            throw CommandFailure("there is not enough memory to begin")
        }
        func rounded(_ number: Double) -> String { String((number * 100).rounded() / 100) }
        Console.print(
            """
            core: \(Int(result.messagesPerSecond)) messages/s, \(Int(result.nanosecondsPerMessage)) ns a message (\(result.messages) messages, \(result.readings) readings, \(devices) devices)
            state: \(result.stateBytesPerDevice) bytes a device
            history: \(rounded(result.historyBytesPerSample)) bytes a sample

            """)
        for row in DecodingBenchmark.run(profiles: profiles) {
            Console.print(
                "decode \(row.name): \(Int(row.messages)) messages/s, \(Int(row.readings)) readings/s, \(rounded(row.bytes / 1e6)) MB/s\n")
        }
        if let sparkplug = SparkplugBenchmark.run(profiles: profiles) {
            Console.print(
                """
                sparkplug: \(Int(sparkplug.decodedPerSecond)) metrics/s decoded, \(Int(sparkplug.processedPerSecond)) metrics/s through the core (\(sparkplug.metrics) metrics by alias)

                """)
        }
        let anomaly = AnomalyBenchmark.run(metrics: 10_000)
        Console.print(
            """
            anomaly detectors: \(Int(anomaly.nanosecondsPerReading)) ns a reading every minute, \(Int(anomaly.nanosecondsPerTick)) ns a reading every 5 minutes (\(anomaly.metrics) metrics)
            anomaly state: \(anomaly.bytesPerYoungMetric) bytes a metric after 8 hours, \(anomaly.bytesPerMetric) after three weeks, \(anomaly.snapshotBytesPerMetric) bytes in a snapshot
            machine detector: \(Int(anomaly.nanosecondsPerMachineRow)) ns a row of 8 gauges, \(anomaly.bytesPerMachine) bytes

            """)
        let forecast = ForecastBenchmark.run(supplies: 500)
        Console.print(
            """
            forecast: \(Int(forecast.nanosecondsPerHourlyReading)) ns a reading every hour (\(Int(forecast.weighedShare * 100)) % weighed against the lead time), \(Int(forecast.nanosecondsPerMinutelyReading)) ns a reading every minute (\(forecast.supplies) supplies)
            forecast state: \(forecast.bytesPerSupply) bytes a supply

            """)
        return .ok
    }
}
