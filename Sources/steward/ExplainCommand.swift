import Documents
import Gateway
import TerminalProgram

/// `steward explain`: why an alarm stands and another does not; why a supply was ordered, or is not yet.
enum ExplainCommand: QueryCommand {
    static let name = "explain"
    static let summary = "say why an alarm stands or a supply is ordered, or why not"
    static let usage = Usage(
        positionals: [
            .required("DEVICE", "the device's id"),
            .optional(
                "WHAT", "a supply of the device, or a condition: a fault of its\nprofile, a code, or silent; all conditions unless given"),
        ],
        options: [
            .value("supply", "NAME", "a supply, whatever else has this name"),
            .value("condition", "NAME", "a condition, whatever else has this name"),
        ] + APIClient.options,
        notes: "A condition shows its clauses: + holds, - does not hold, ? nothing is known. What keeps a standing alarm from setting\n"
            + "anything off is said below it. A supply shows what its forecast rests on, the probability that it ends before an order\n"
            + "placed now would arrive, the day on which the rule will order, and the order that there is.")

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let given = [arguments.positionals.dropFirst().first, arguments.value("supply"), arguments.value("condition")].compactMap { $0 }
        guard given.count <= 1 else { throw UsageError("one of WHAT, --supply NAME and --condition NAME is enough") }
        guard let word = given.first, arguments.value("condition") == nil else { return try ask(arguments) }
        let client = try APIClient(arguments)
        let device = arguments.positionals[0]
        let supplies = try APIValue.answer(client.get(["devices", device]))["supplies"].items.compactMap { $0["supply"].string }
        if supplies.contains(word) { return try explain(supply: word, of: device, arguments, client) }
        guard arguments.value("supply") == nil else { throw unknown("supply", word, device, supplies) }
        do { return try ask(arguments) } catch let failure as CommandFailure where failure.exitCode == .notFound {
            let answer = try APIValue.answer(client.get(["devices", device, "explain"]))
            let conditions = answer["conditions"].items.compactMap { $0["condition"].string }
            throw unknown("supply or condition", word, device, supplies + conditions)
        }
    }

    private static func unknown(_ what: String, _ word: String, _ device: String, _ names: [String]) -> CommandFailure {
        let known = names.map { TerminalText.visible($0) }
        let list = known.isEmpty ? "it has none" : "there are " + known.prefix(20).joined(separator: ", ")
        let hint = Spelling.hint(word, among: known)
        return CommandFailure(
            "the device \(Arguments.shown(device)) has no \(what) \(Arguments.shown(word))\(hint.isEmpty ? ";" : hint) \(list)",
            exitCode: .notFound)
    }

    private static func explain(supply: String, of device: String, _ arguments: Arguments, _ client: APIClient) throws -> ExitCode {
        try show(try client.get(ExplainSupply.path(device, supply)), arguments) { answer in
            var order: APIValue?
            if let id = answer["order"].string {
                let orders = try APIValue.answer(client.get(["orders"], [("device", device), ("limit", "1000")]))
                order = orders["orders"].items.first { $0["order"].string == id }
            }
            Console.print(ExplainSupply.render(answer, order: order, .current()))
            return .ok
        }
    }

    static func question(_ arguments: Arguments) -> (path: [String], query: [(String, String?)]) {
        let condition = arguments.value("condition") ?? arguments.positionals.dropFirst().first
        return (["devices", arguments.positionals[0], "explain"], [("condition", condition)])
    }

    static func render(_ answer: APIValue, _ arguments: Arguments, _ terminal: Terminal) -> String {
        var text = ""
        if let window = answer["maintenance"].string { text += "The maintenance window \(TerminalText.visible(window)) is open.\n\n" }
        if let clock = answer["clock"]["text"].string {
            text += "Its clock \(TerminalText.visible(clock)).\n\n"
        }
        let conditions = answer["conditions"].items
        // What stands comes first: that is mostly the question.
        for condition in conditions.filter({ $0["active"].bool == true }) + conditions.filter({ $0["active"].bool != true }) {
            text += self.condition(condition, terminal) + "\n"
        }
        let told = conditions.isEmpty ? "The profile has no condition, and the device reports no code.\n" : String(text.dropLast())
        return told + watches(answer["watches"].items, terminal)
    }

    /// What the detectors that need no rule make of each metric now.
    private static func watches(_ watches: [APIValue], _ terminal: Terminal) -> String {
        guard !watches.isEmpty else { return "" }
        var text = "\n\(terminal.paint("watched without a rule", .bold)) (a score of 1 is the limit)\n"
        for watch in watches {
            let name = (watch["rate"].bool == true ? "the rate of " : "") + TerminalText.visible(watch["metric"].string ?? "?")
            let unit = watch["unit"].string.map { " " + HumanText.unit($0) } ?? ""
            let bounds = [("below", watch["unusualBelow"].number), ("above", watch["unusualAbove"].number)].compactMap { word, number in
                number.map { "\(word) \(HumanText.number($0, decimals: 3))\(unit)" }
            }
            let score = HumanText.number(watch["score"].number ?? 0, decimals: 2)
            let outlook =
                watch["learning"].bool == true
                ? "it still learns" : bounds.isEmpty ? "" : "unusual now would be " + bounds.joined(separator: " and ")
            let normal = [("below", watch["calledNormal"]["below"].number), ("above", watch["calledNormal"]["above"].number)]
                .compactMap { word, number in
                    number.flatMap { $0 > 0 ? "\(HumanText.number($0, decimals: 3))\(unit) \(word) the usual" : nil }
                }
            let said = normal.isEmpty ? "" : "; called normal: up to " + normal.joined(separator: " and ")
            text += "  \(name): \(score)\(outlook.isEmpty ? "" : "; " + outlook)\(said)\n"
        }
        return text
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
        if let why = condition["remainingLife"]["why"].string { text += "  remaining life: \(TerminalText.visible(why))\n" }
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
