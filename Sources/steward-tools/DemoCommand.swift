import Glibc
import Outbound
import SimulatedFleet
import TerminalProgram
import Threading

/// `steward-tools demo`: a private broker, the gateway and a simulated fleet, all on loopback, and what they do in words.
enum DemoCommand: Subcommand {
    static let name = "demo"
    static let summary = "Show the whole way on this machine: broker, gateway and a simulated fleet"
    static let usage = Usage(
        options: SimulateCommand.fleetOptions + [
            .value("for", "DURATION", "end after so long, such as 60s; otherwise at Ctrl-C"),
            .value("profiles", "DIR", "device profiles (default DeviceProfiles)"),
            .value("keep", "DIR", "leave the store and the logs in this directory"),
            .flag("quiet", "only the summary at the end"),
        ],
        notes: "It needs mosquitto (apt-get install mosquitto). Everything listens on 127.0.0.1 only.")

    static func run(_ arguments: Arguments) throws -> ExitCode {
        // Before any thread is started, so that all of them leave these signals to the loop below.
        let signals = StopSignals()
        let end = try SimulateCommand.duration(arguments).map { Int64($0 * 1000) }
        let site = try DemoSite(arguments)
        defer { site.stop() }
        try site.start()
        Console.print("Status page: \(site.url)/   (Ctrl-C ends the demo)\n\n")
        let begin = Clock.monotonicMilliseconds()
        var story = DemoStory(quiet: arguments.has("quiet"))
        while !signals.wait(milliseconds: 500) {
            let elapsed = Clock.monotonicMilliseconds() - begin
            if let problem = site.problem { throw CommandFailure(problem) }
            story.tell(try site.journal(), try site.status(), elapsedMilliseconds: elapsed)
            if let end, elapsed >= end { break }
        }
        story.tell(try site.journal(), try site.status(), elapsedMilliseconds: Clock.monotonicMilliseconds() - begin)
        Console.print(story.summary(try site.status(), site.fleetStatistics))
        return end != nil && !story.isWhole ? .failed : .ok
    }
}
