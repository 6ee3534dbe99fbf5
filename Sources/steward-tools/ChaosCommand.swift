import CivilCalendar
import FoundationEssentials
import Gateway
import SimulatedFleet
import TerminalProgram

/// `steward-tools simulate --chaos`: a simulated year in which the world goes wrong, and a checker that knows the truth.
enum ChaosCommand {
    static let options: [Usage.Option] = [
        .flag("chaos", "no broker: a simulated year in which all goes wrong, checked against the truth; the exit code tells"),
        .value("days", "N", "with --chaos: how long (default 365)"),
        .value("scenario", "FILE", "with --chaos: { seed, days, devices, rates: { KIND: RATE, … } }"),
        .value("rate", "KIND=RATE", "with --chaos: how often something goes wrong; may be repeated, see --list-rates"),
        .flag("calm", "with --chaos: nothing goes wrong but what --rate names"),
        .flag("sparse", "with --chaos: devices tell by day as seldom as by night, which takes half the time"),
        .flag("list-rates", "with --chaos: the kinds with their rates, and end"),
        .value("only", "DEVICE", "with --chaos: one device alone, such as p-0007, with its whole story"),
        .value(
            "follow", "DEVICE", "with --chaos: the whole story of one device among all others, and what the core believes of its supplies"),
        .value("story", "N", "with --chaos: so many messages and decisions with each violation (default 12)"),
        .value("profiles", "DIR", "with --chaos: device profiles (default DeviceProfiles)"),
        .flag("json", "with --chaos: the report as JSON"),
    ]

    private static let zoneName = "Europe/Berlin"

    static func run(_ arguments: Arguments) throws -> ExitCode {
        if arguments.has("list-rates") {
            let rows = ChaosKind.allCases.map { kind in
                ("\(kind.rawValue)=\(kind.defaultRate)", "\(kind.measure == .share ? "of" : "per year:") \(kind.help)")
            }
            Console.print(Usage.list(rows))
            return .ok
        }
        let scenario = try scenario(arguments)
        let directories = arguments.values("profiles")
        let profiles = try ProfileLoader.load(directories.isEmpty ? ["DeviceProfiles"] : directories)
        Console.error("seed \(scenario.seed), \(scenario.only ?? "\(scenario.devices) devices"), \(scenario.days) days")
        let isJSON = arguments.has("json")
        guard let report = ChaosYear.run(scenario, profiles: profiles, tell: isJSON ? nil : { Console.print($0 + "\n") }) else {
            throw CommandFailure("there is not enough memory to begin")
        }
        if isJSON { Console.print(json: report.json) } else { Console.print(report.text) }
        return report.holds ? .ok : .failed
    }

    private static func scenario(_ arguments: Arguments) throws -> ChaosScenario {
        var scenario = ChaosScenario()
        if let zone = ProfileLoader.zoneBytes(zoneName) {
            scenario.zoneBytes = Array(zone)
            scenario.zone = try ZoneRules(tzif: scenario.zoneBytes)
        } else {
            Console.error("the system does not know \(zoneName); people live by UTC, and nothing is tried of summer time")
        }
        if let file = arguments.value("scenario") {
            guard let bytes = FileManager.default.contents(atPath: file) else { throw CommandFailure("\(file) cannot be read") }
            try scenario.read(Array(bytes), file: file)
        }
        scenario.seed = try arguments.integer("seed", in: 0...UInt64.max) ?? scenario.seed
        scenario.days = try arguments.integer("days", in: 1...ChaosScenario.maximumDays) ?? scenario.days
        scenario.devices = try arguments.integer("devices", in: 1...ChaosScenario.maximumDevices) ?? scenario.devices
        scenario.storyLength = try arguments.integer("story", in: 1...1000) ?? scenario.storyLength
        scenario.isSparse = arguments.has("sparse")
        if arguments.has("calm") { scenario.rates = scenario.rates.clean }
        do { for rate in arguments.values("rate") { try scenario.set(rate) } } catch { throw UsageError("\(error)") }
        if let only = arguments.value("only") {
            guard scenario.contains(device: only) else {
                throw UsageError("--only is one of p-0001 to the last, not \(Arguments.shown(only))")
            }
            scenario.only = only
        }
        if let followed = arguments.value("follow") {
            guard scenario.contains(device: followed), scenario.only ?? followed == followed else {
                throw UsageError("--follow is one of p-0001 to the last, and no other than --only, not \(Arguments.shown(followed))")
            }
            scenario.followed = followed
        }
        return scenario
    }
}
