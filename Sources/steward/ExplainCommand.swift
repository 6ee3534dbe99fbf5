import Gateway

/// `steward explain`: why an alarm stands, and why another does not.
enum ExplainCommand: QueryCommand {
    static let name = "explain"
    static let summary = "say why an alarm of a device stands, or why it does not"
    static let usage = Usage(
        positionals: [
            .required("DEVICE", "the device's id"), .optional("CONDITION", "a fault of its profile, a code, or silent; all unless given"),
        ],
        options: APIClient.options,
        notes: "A condition shows its clauses: + holds, - does not hold, ? nothing is known. What keeps a standing alarm from setting\n"
            + "anything off is said below it.")

    static func question(_ arguments: Arguments) -> (path: [String], query: [(String, String?)]) {
        (["devices", arguments.positionals[0], "explain"], [("condition", arguments.positionals.dropFirst().first)])
    }

    static func render(_ answer: APIValue, _ arguments: Arguments, _ terminal: Terminal) -> String {
        var text = ""
        if let window = answer["maintenance"].string { text += "The maintenance window \(TerminalText.visible(window)) is open.\n\n" }
        let conditions = answer["conditions"].items
        // What stands comes first: that is mostly the question.
        for condition in conditions.filter({ $0["active"].bool == true }) + conditions.filter({ $0["active"].bool != true }) {
            text += self.condition(condition, terminal) + "\n"
        }
        return conditions.isEmpty ? "The profile has no condition, and the device reports no code.\n" : String(text.dropLast())
    }

    private static func condition(_ condition: APIValue, _ terminal: Terminal) -> String {
        let isActive = condition["active"].bool == true
        let name = TerminalText.visible(condition["condition"].string ?? "?")
        let state = isActive ? condition["state"].string ?? "active" : "not active"
        var text =
            "\(terminal.paint(name, .bold)) (\(condition["severity"].string ?? "?")): \(TerminalText.visible(condition["text"].string ?? ""))\n"
        text += "  \(terminal.paint(state, isActive ? .red : .green)): \(TerminalText.visible(condition["why"].string ?? ""))\n"
        for (key, title) in [("raise", "raise"), ("clear", "clear")] where !condition[key].isNull {
            text += "  \(title)\n" + clause(condition[key], indent: 4)
        }
        for inhibition in condition["inhibitions"].items {
            let until = inhibition["until"].integer.map { " (until \(HumanText.time($0)))" } ?? ""
            text += "  nothing is set off: \(TerminalText.visible(inhibition["text"].string ?? ""))\(until)\n"
        }
        return text
    }

    private static func clause(_ clause: APIValue, indent: Int) -> String {
        let mark = clause["holds"].bool.map { $0 ? "+" : "-" } ?? "?"
        var line = String(repeating: " ", count: indent) + "\(mark) \(TerminalText.visible(clause["text"].string ?? ""))"
        if clause["metric"].string != nil { line += ": " + value(clause) }
        if clause["against"].members.count > 0 { line += ", against " + value(clause["against"]) }
        if let held = clause["heldMilliseconds"].integer, let needed = clause["neededMilliseconds"].integer {
            line += ", held for \(held / 1000) of \(needed / 1000) s"
        }
        return line + "\n" + clause["parts"].items.map { self.clause($0, indent: indent + 2) }.joined()
    }

    private static func value(_ clause: APIValue) -> String {
        guard let age = clause["ageMilliseconds"].integer else { return "never told, or not known any more" }
        let unit = clause["unit"].string.map { " " + HumanText.unit($0) } ?? ""
        let value = clause["value"].number.map { HumanText.number($0, decimals: 3) + unit } ?? clause["value"].string ?? "?"
        return "\(TerminalText.visible(value)), \(HumanText.duration(age)) old"
    }
}
