/// What a subcommand takes, for the parser and for `--help`.
package struct Usage: Sendable {
    package struct Option: Sendable {
        /// Without the dashes.
        package let name: String
        /// What stands for the value in `--help`, such as `FILE`; nil for a flag.
        package let value: String?
        package let help: String

        package static func flag(_ name: String, _ help: String) -> Option { Option(name: name, value: nil, help: help) }
        package static func value(_ name: String, _ value: String, _ help: String) -> Option {
            Option(name: name, value: value, help: help)
        }
    }

    package struct Positional: Sendable {
        /// As `--help` shows it, such as `DEVICE`.
        package let name: String
        package let help: String
        package var isRequired = true
        /// Takes all that remain; only the last may.
        package var repeats = false

        package static func required(_ name: String, _ help: String) -> Positional { Positional(name: name, help: help) }
        package static func optional(_ name: String, _ help: String) -> Positional { Positional(name: name, help: help, isRequired: false) }
        package static func oneOrMore(_ name: String, _ help: String) -> Positional { Positional(name: name, help: help, repeats: true) }
        package static func any(_ name: String, _ help: String) -> Positional {
            Positional(name: name, help: help, isRequired: false, repeats: true)
        }

        fileprivate var synopsis: String {
            let name = repeats ? "\(name)…" : name
            return isRequired ? name : "[\(name)]"
        }
    }

    package var positionals: [Positional] = []
    package var options: [Option] = []
    /// Sentences after the options: examples, formats, limits.
    package var notes = ""

    package init(positionals: [Positional] = [], options: [Option] = [], notes: String = "") {
        self.positionals = positionals
        self.options = options
        self.notes = notes
    }

    /// `steward history [OPTION…] DEVICE METRIC`
    package func synopsis(_ name: String) -> String {
        ([name] + (options.isEmpty ? [] : ["[OPTION…]"]) + positionals.map(\.synopsis)).joined(separator: " ")
    }

    /// The whole text of `--help` of a program and its subcommand, with a line feed at its end.
    package func help(name: String, summary: String) -> String {
        var text = "\(summary.prefix(1).uppercased())\(summary.dropFirst())\n\nUsage: \(synopsis(name))\n"
        if !positionals.isEmpty { text += "\n" + Self.list(positionals.map { ($0.name, $0.help) }) }
        let rows = options.map { ("--\($0.name)" + ($0.value.map { " \($0)" } ?? ""), $0.help) } + [("-h, --help", "show this and exit")]
        text += "\nOptions:\n" + Self.list(rows)
        if !notes.isEmpty { text += "\n\(notes)\n" }
        return text
    }

    /// Two columns; a left side that is too long has its right side on the next line.
    package static func list(_ rows: [(String, String)]) -> String {
        let limit = 28
        let width = min(limit, rows.map(\.0.count).max() ?? 0)
        return rows.map { left, right in
            let gap = String(repeating: " ", count: max(0, width - left.count))
            let start = left.count > limit ? "  \(left)\n  " + String(repeating: " ", count: width) : "  \(left)\(gap)"
            let lines = right.split(separator: "\n", omittingEmptySubsequences: false)
            return start + "  " + lines.joined(separator: "\n" + String(repeating: " ", count: width + 4)) + "\n"
        }.joined()
    }
}
