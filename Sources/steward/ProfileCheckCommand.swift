import Documents
import FoundationEssentials
import Gateway
import Telemetry
import TerminalProgram

/// `steward profile check`: every mistake of every profile in one run.
enum ProfileCheckCommand: Subcommand {
    static let name = "profile check"
    static let summary = "tell every mistake of device profiles, with its place"
    static let usage = Usage(
        positionals: [.oneOrMore("FILE", "a profile, or a directory of profiles; they are loaded together")],
        options: [
            .value(
                "profiles", "DIR", "profiles to extend and to compare topics with; may be given again (default: those that are installed)"),
            .flag("strict", "exit with 1 for warnings, too"),
            .flag("json", "print the result as JSON"),
        ],
        notes:
            "Each mistake is a line FILE:LINE:COLUMN: MESSAGE. A warning, after which the profile is loaded all the same, begins with \"warning: \". The exit code is 0 without mistakes, 1 with any."
    )

    static func run(_ arguments: Arguments) throws -> ExitCode {
        // The others come first: where two claim one topic, the one being written is told.
        let named = arguments.values("profiles")
        let others = named.isEmpty ? GatewayConfiguration().profiles.filter { FileManager.default.fileExists(atPath: $0) } : named
        let (files, set) = ProfileLoader.examine(arguments.positionals, beside: others)
        if arguments.has("json") {
            Console.print(json: json(files, set))
        } else {
            Console.print(set.diagnostics.map { TerminalText.visible($0.description) + "\n" }.joined())
            Console.print(set.warnings.map { TerminalText.visible($0.warning) + "\n" }.joined())
            if set.diagnostics.isEmpty {
                let count = "\(set.profiles.count) \(set.profiles.count == 1 ? "profile is" : "profiles are")"
                Console.print("\(count) in order\(set.warnings.isEmpty ? "" : ", with warnings")\n")
            }
        }
        return set.diagnostics.isEmpty && !(arguments.has("strict") && !set.warnings.isEmpty) ? .ok : .failed
    }

    private static func json(_ files: [String], _ set: ProfileSet) -> [UInt8] {
        JSONWriter.object { writer in
            writer.member("files", files.count)
            writer.strings("profiles", set.profiles.map(\.name))
            writer.member("problems", set.diagnostics)
            writer.member("warnings", set.warnings)
        }
    }
}
