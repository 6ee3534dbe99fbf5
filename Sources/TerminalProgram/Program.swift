import Documents

/// Finds the subcommand, parses its command line, runs it, and turns errors into text and exit codes.
package struct Program: Sendable {
    let name: String
    let version: String
    /// A sentence for `--help`.
    let purpose: String
    /// In the order of `--help`.
    let subcommands: [any Subcommand.Type]

    package init(name: String, version: String, purpose: String, subcommands: [any Subcommand.Type]) {
        self.name = name
        self.version = version
        self.purpose = purpose
        self.subcommands = subcommands
    }

    package func run(_ words: [String]) -> ExitCode {
        let code = dispatch(words)
        guard let reason = Console.outputFailure else { return code }
        // A script that reads a cut answer must not take it for the whole.
        Console.error("\(name): standard output cannot be written: \(reason)")
        return .failed
    }

    private func dispatch(_ words: [String]) -> ExitCode {
        guard let first = words.first, first != "--help", first != "-h" else {
            Console.print(overview)
            return .ok
        }
        if first == "--version" {
            Console.print("\(name) \(version)\n")
            return .ok
        }
        let group = subcommands.filter { $0.name.hasPrefix(first + " ") }
        if !group.isEmpty { return dispatch(Array(words.dropFirst()), group, of: first) }
        guard let subcommand = subcommands.first(where: { $0.name == first }) else {
            let isOption = first.hasPrefix("-")
            let hint = Spelling.hint(first, among: isOption ? ["--help", "--version"] : subcommands.map { $0.name })
            let message = "there is no \(isOption ? "option" : "subcommand") \(Arguments.shown(first))\(hint)"
            Console.error("\(name): \(Self.pointing(message, to: "\(name) --help"))")
            return .usage
        }
        return run(subcommand, Array(words.dropFirst()))
    }

    /// The second word of those that have two.
    private func dispatch(_ words: [String], _ group: [any Subcommand.Type], of first: String) -> ExitCode {
        let second = words.first ?? ""
        if let subcommand = group.first(where: { $0.name == "\(first) \(second)" }) { return run(subcommand, Array(words.dropFirst())) }
        if second == "--help" || second == "-h" {
            Console.print(
                "Usage: \(name) \(first) WHAT [OPTION…]\n\n" + Usage.list(group.map { ($0.name, $0.summary) })
                    + "\n\(name) \(first) WHAT --help tells more of each.\n")
            return .ok
        }
        let names = group.map { String($0.name.dropFirst(first.count + 1)) }
        let message =
            second.isEmpty
            ? "what is missing: one of \(names.joined(separator: ", "))"
            : "there is no \(Arguments.shown("\(first) \(second)"))\(Spelling.hint(second, among: names))"
        Console.error("\(name) \(first): \(Self.pointing(message, to: "\(name) \(first) --help"))")
        return .usage
    }

    private func run(_ subcommand: any Subcommand.Type, _ words: [String]) -> ExitCode {
        do {
            switch try Arguments.parse(words, subcommand.usage) {
            case .help:
                Console.print(subcommand.usage.help(name: "\(name) \(subcommand.name)", summary: subcommand.summary))
                return .ok
            case .arguments(let arguments): return try subcommand.run(arguments)
            }
        } catch let error as UsageError {
            Console.error("\(name) \(subcommand.name): \(Self.pointing(error.message, to: "\(name) \(subcommand.name) --help"))")
            return .usage
        } catch let error as CommandFailure {
            Console.error("\(name) \(subcommand.name): \(error)")
            return error.exitCode
        } catch {
            Console.error("\(name) \(subcommand.name): \(error)")
            return .failed
        }
    }

    private static func pointing(_ message: String, to help: String) -> String {
        message.hasSuffix("?") ? "\(message) See \(help)" : "\(message); see \(help)"
    }

    private var overview: String {
        "\(purpose)\n\nUsage: \(name) SUBCOMMAND [OPTION…]\n\n"
            + Usage.list(subcommands.map { ($0.name, $0.summary) })
            + "\n\(name) SUBCOMMAND --help tells more of each; \(name) --version tells the version.\n"
    }
}
