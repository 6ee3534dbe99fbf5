import FoundationEssentials
import Gateway
import TerminalProgram

/// Prints a proposed profile, or writes each of several into a file of its own.
enum ProposalOutput {
    static let options: [Usage.Option] = [
        .value("profile", "NAME", "of several profiles print this one"),
        .value("output", "DIR", "write each profile into a file NAME.json there; one that is there already stays"),
    ]

    static func write(_ profiles: [ProposedProfile], notes: [String], _ arguments: Arguments, nothing: String) throws -> ExitCode {
        for note in notes { Console.error(TerminalText.visible("steward: \(note)")) }
        guard !profiles.isEmpty else { throw CommandFailure(nothing, exitCode: .notFound) }
        if let directory = arguments.value("output") { return try write(profiles, into: directory) }
        if let name = arguments.value("profile") {
            guard let profile = profiles.first(where: { $0.name == name }) else {
                throw CommandFailure("there is no profile \(Arguments.shown(name)); there are \(names(profiles))", exitCode: .notFound)
            }
            Console.print(profile.text)
            return .ok
        }
        guard let profile = profiles.first, profiles.count == 1 else {
            throw CommandFailure(
                "there are \(profiles.count) profiles: --profile NAME prints one of them, --output DIR writes all: \(names(profiles))")
        }
        Console.print(profile.text)
        return .ok
    }

    private static func names(_ profiles: [ProposedProfile]) -> String {
        profiles.prefix(50).map { "\($0.name) (\($0.devices.count))" }.joined(separator: ", ") + (profiles.count > 50 ? ", …" : "")
    }

    private static func write(_ profiles: [ProposedProfile], into directory: String) throws -> ExitCode {
        for profile in profiles {
            // The name has letters, digits and - only, so it is no path.
            let path = directory + (directory.hasSuffix("/") ? "" : "/") + profile.name + ".json"
            do { try Data(profile.text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting) } catch {
                throw CommandFailure(
                    "\(path) cannot be written: \(FileManager.default.fileExists(atPath: path) ? "it is there already" : "\(error)")")
            }
            Console.print("\(path)\n")
        }
        return .ok
    }
}
