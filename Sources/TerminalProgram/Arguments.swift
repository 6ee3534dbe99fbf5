import Documents

/// The command line of one subcommand, parsed in GNU's way: `--name value`, `--name=value`, flags, `--` ends the options, and options may
/// stand behind positionals. An option given twice counts with its last value, or with all of them in their order.
package struct Arguments: Equatable, Sendable {
    /// What a command line turned out to be.
    package enum Parsed: Equatable, Sendable {
        case arguments(Arguments)
        case help
    }

    private struct Given: Equatable, Sendable {
        let name: String
        /// Nil for a flag.
        let value: String?
    }

    private var given: [Given] = []
    package private(set) var positionals: [String] = []

    /// Throws `UsageError` for all that `usage` does not allow. `--help` wins over every mistake.
    package static func parse(_ words: [String], _ usage: Usage) throws(UsageError) -> Parsed {
        if words.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) { return .help }
        var arguments = Arguments()
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                for word in rest { try arguments.addPositional(word, usage) }
                break
            } else if word.hasPrefix("--") {
                try arguments.addOption(word.dropFirst(2), &rest, usage)
            } else if word.hasPrefix("-"), word != "-", Double(word) == nil {
                throw UsageError(
                    "there is no option \(shown(word))\(Spelling.hint("-" + word, among: usage.options.map { "--" + $0.name }))")
            } else {
                try arguments.addPositional(word, usage)
            }
        }
        let required = usage.positionals.filter(\.isRequired)
        if arguments.positionals.count < required.count {
            throw UsageError("\(required[arguments.positionals.count].name) is missing: \(required[arguments.positionals.count].help)")
        }
        return .arguments(arguments)
    }

    private mutating func addOption(_ word: Substring, _ rest: inout ArraySlice<String>, _ usage: Usage) throws(UsageError) {
        let name = String(word.prefix { $0 != "=" })
        let attached = word.count > name.count ? String(word.dropFirst(name.count + 1)) : nil
        guard let option = usage.options.first(where: { $0.name == name }) else {
            let names = usage.options.map { "--" + $0.name } + ["--help"]
            throw UsageError("there is no option \(Self.shown("--" + name))\(Spelling.hint("--" + name, among: names))")
        }
        guard let placeholder = option.value else {
            if attached != nil { throw UsageError("--\(name) takes no value") }
            given.append(Given(name: name, value: nil))
            return
        }
        // `--url --json` is a forgotten value far more often than a value that begins with dashes.
        if let value = attached ?? rest.first.flatMap({ $0.hasPrefix("--") ? nil : $0 }) {
            if attached == nil { rest.removeFirst() }
            given.append(Given(name: name, value: value))
        } else {
            throw UsageError("--\(name) needs a value: --\(name) \(placeholder)")
        }
    }

    private mutating func addPositional(_ word: String, _ usage: Usage) throws(UsageError) {
        guard positionals.count < usage.positionals.count || usage.positionals.last?.repeats == true else {
            let allowed =
                usage.positionals.isEmpty
                ? "this takes options only" : "one \(usage.positionals.map(\.name).joined(separator: " ")) is enough"
            throw UsageError("\(Self.shown(word)) is too many: \(allowed)")
        }
        positionals.append(word)
    }

    /// Whether a flag, or an option with a value, was given.
    package func has(_ name: String) -> Bool { given.contains { $0.name == name } }

    /// The last value given.
    package func value(_ name: String) -> String? { given.last { $0.name == name }?.value }

    /// All values given, in their order.
    package func values(_ name: String) -> [String] { given.filter { $0.name == name }.compactMap(\.value) }

    /// A whole number within `range`; nil when the option was not given.
    package func integer<Number: FixedWidthInteger>(_ name: String, in range: ClosedRange<Number>) throws(UsageError) -> Number? {
        guard let text = value(name) else { return nil }
        guard let number = Number(text), range.contains(number) else {
            throw UsageError("--\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(Self.shown(text))")
        }
        return number
    }

    /// A finite number within `range`; nil when the option was not given.
    package func number(_ name: String, in range: ClosedRange<Double>) throws(UsageError) -> Double? {
        guard let text = value(name) else { return nil }
        guard let number = Double(text), number.isFinite, range.contains(number) else {
            throw UsageError("--\(name) must be a number from \(range.lowerBound) to \(range.upperBound), not \(Self.shown(text))")
        }
        return number
    }

    /// A word of the command line in an error message: in quotes, as it may be empty or hold blanks.
    package static func shown(_ word: String) -> String { "\"\(TerminalText.visible(word))\"" }
}
