import Documents
import Gateway

/// One word after `steward`, or two, such as `profile check`. A type each, in a file of its own, and a line in the list of main.swift.
protocol Subcommand: SendableMetatype {
    static var name: String { get }
    /// One line, beginning with a verb, without a full stop.
    static var summary: String { get }
    static var usage: Usage { get }
    /// Throws `UsageError` for a bad value, `CommandFailure` for what has gone wrong; any other error is exit code 1.
    static func run(_ arguments: Arguments) throws -> ExitCode
}

/// Finds the subcommand, parses its command line, runs it, and turns errors into text and exit codes.
enum Program {
    static func run(_ words: [String], _ subcommands: [any Subcommand.Type]) -> ExitCode {
        let code = dispatch(words, subcommands)
        guard let reason = Console.outputFailure else { return code }
        // A script that reads a cut answer must not take it for the whole.
        Console.error("steward: standard output cannot be written: \(reason)")
        return .failed
    }

    private static func dispatch(_ words: [String], _ subcommands: [any Subcommand.Type]) -> ExitCode {
        guard let first = words.first, first != "--help", first != "-h" else {
            Console.print(overview(subcommands))
            return .ok
        }
        if first == "--version" {
            Console.print("steward \(StewardVersion.current)\n")
            return .ok
        }
        let group = subcommands.filter { $0.name.hasPrefix(first + " ") }
        if !group.isEmpty { return dispatch(Array(words.dropFirst()), group, of: first) }
        guard let subcommand = subcommands.first(where: { $0.name == first }) else {
            let isOption = first.hasPrefix("-")
            let hint = Spelling.hint(first, among: isOption ? ["--help", "--version"] : subcommands.map { $0.name })
            let message = "there is no \(isOption ? "option" : "subcommand") \(Arguments.shown(first))\(hint)"
            Console.error("steward: \(pointing(message, to: "steward --help"))")
            return .usage
        }
        return run(subcommand, Array(words.dropFirst()))
    }

    /// The second word of those that have two.
    private static func dispatch(_ words: [String], _ group: [any Subcommand.Type], of name: String) -> ExitCode {
        let second = words.first ?? ""
        if let subcommand = group.first(where: { $0.name == "\(name) \(second)" }) { return run(subcommand, Array(words.dropFirst())) }
        if second == "--help" || second == "-h" {
            Console.print(
                "Usage: steward \(name) WHAT [OPTION…]\n\n" + Usage.list(group.map { ($0.name, $0.summary) })
                    + "\nsteward \(name) WHAT --help tells more of each.\n")
            return .ok
        }
        let names = group.map { String($0.name.dropFirst(name.count + 1)) }
        let message =
            second.isEmpty
            ? "what is missing: one of \(names.joined(separator: ", "))"
            : "there is no \(Arguments.shown("\(name) \(second)"))\(Spelling.hint(second, among: names))"
        Console.error("steward \(name): \(pointing(message, to: "steward \(name) --help"))")
        return .usage
    }

    private static func run(_ subcommand: any Subcommand.Type, _ words: [String]) -> ExitCode {
        do {
            switch try Arguments.parse(words, subcommand.usage) {
            case .help:
                Console.print(subcommand.usage.help(name: subcommand.name, summary: subcommand.summary))
                return .ok
            case .arguments(let arguments): return try subcommand.run(arguments)
            }
        } catch let error as UsageError {
            Console.error("steward \(subcommand.name): \(pointing(error.message, to: "steward \(subcommand.name) --help"))")
            return .usage
        } catch let error as CommandFailure {
            Console.error("steward \(subcommand.name): \(error)")
            return error.exitCode
        } catch {
            Console.error("steward \(subcommand.name): \(error)")
            return .failed
        }
    }

    private static func pointing(_ message: String, to help: String) -> String {
        message.hasSuffix("?") ? "\(message) See \(help)" : "\(message); see \(help)"
    }

    private static func overview(_ subcommands: [any Subcommand.Type]) -> String {
        "Steward looks after connected printers and equipment.\n\nUsage: steward SUBCOMMAND [OPTION…]\n\n"
            + Usage.list(subcommands.map { ($0.name, $0.summary) })
            + "\nsteward SUBCOMMAND --help tells more of each; steward --version tells the version.\n"
    }
}
