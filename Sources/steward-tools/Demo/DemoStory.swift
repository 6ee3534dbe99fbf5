import Documents
import Gateway
import SimulatedFleet
import TerminalProgram

/// Tells in words what the gateway decides, and keeps the list of what a demo has to show.
struct DemoStory {
    private let quiet: Bool
    private let terminal = Terminal.current()
    private var told: Set<String> = []
    private var counts: [String: Int] = [:]
    private var nextSummary: Int64 = 5000
    private var faultsMended = 0
    private var commandsAnswered = 0
    private var delivered = 0
    private var installed = 0

    init(quiet: Bool) { self.quiet = quiet }

    /// Everything that a demo has to show has been seen.
    private(set) var isWhole = false

    mutating func tell(_ journal: APIValue, _ status: APIValue, elapsedMilliseconds: Int64) {
        for entry in journal["journal"].items.reversed() {
            guard let key = Self.key(entry), told.insert(key).inserted, let kind = entry["kind"].string else { continue }
            count(kind, entry)
            if !quiet, let line = line(kind, entry) { Console.print(line + "\n") }
        }
        isWhole = checks(status).allSatisfy(\.isSeen)
        guard !quiet, elapsedMilliseconds >= nextSummary else { return }
        nextSummary = elapsedMilliseconds + 5000
        Console.print(terminal.paint(summaryLine(status), .bold) + "\n")
    }

    private static func key(_ entry: APIValue) -> String? {
        guard let node = entry.node else { return nil }
        var writer = JSONWriter()
        node.write(to: &writer)
        return writer.text
    }

    private mutating func count(_ kind: String, _ entry: APIValue) {
        counts[kind, default: 0] += 1
        switch (kind, entry["outcome"].string ?? entry["state"].string) {
        case ("command.outcome", "answered"): commandsAnswered += 1
        case ("command.outcome", "verified"): faultsMended += 1
        case ("order.updated", "delivered"): delivered += 1
        case ("order.updated", "installed"): installed += 1
        default: break
        }
    }

    private func line(_ kind: String, _ entry: APIValue) -> String? {
        func text(_ key: String) -> String { TerminalText.visible(entry[key].string ?? "") }
        let what: (String, String, Terminal.Colour?)?
        switch kind {
        case "alarm.raised": what = ("fault", "\(text("text")) (\(text("severity")))", .red)
        case "command": what = ("command", "\(text("command")) is sent", .cyan)
        case "command.outcome":
            switch entry["outcome"].string {
            case "verified": what = ("mended", "telemetry shows that the command helped", .green)
            case "answered": what = ("answer", "the device has taken the command", nil)
            case "answered-late": what = ("answer", "the device has done it, later than expected", nil)
            case "overtaken": what = ("over", "the fault went away by itself", nil)
            default: what = ("command", "the command is \(text("outcome"))", .yellow)
            }
        case "ticket": what = ("ticket", "\(text("text")): \(text("reason"))", .yellow)
        case "order": what = ("order", "\(text("item")): \(text("reason"))", .cyan)
        case "order.updated": what = ("order", "is \(text("state")) \(text("reference"))", .green)
        case "supply.replaced": what = ("supply", "\(text("supply")) is new", .green)
        case "incident.closed":
            let downtime = HumanText.duration(entry["downtimeMilliseconds"].integer ?? 0)
            what = ("restored", "down for \(downtime)\(entry["remote"].bool == true ? ", mended remotely" : "")", .green)
        case "survey":
            let values = entry["values"].items.compactMap(\.integer).map(String.init).joined(separator: " and ")
            what = ("answer", "a customer answers \(text("question")) with \(values)", .green)
        default: what = nil
        }
        guard let what, let time = entry["time"].integer else { return nil }
        func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - TerminalText.width(text))) }
        return "\(HumanText.time(time).suffix(8))  \(pad(text("device"), 10))  \(terminal.paint(pad(what.0, 9), what.2))  \(what.1)"
    }

    private func summaryLine(_ status: APIValue) -> String {
        "── \(status["devices"]["total"].integer ?? 0) devices, \(status["messages"].integer ?? 0) messages, \(counts["alarm.raised"] ?? 0) faults, "
            + "\(counts["command"] ?? 0) commands, \(faultsMended) mended, \(counts["order"] ?? 0) orders, \(installed) installed, "
            + "\(status["activeAlarms"].integer ?? 0) alarms now ──"
    }

    private func checks(_ status: APIValue) -> [(text: String, isSeen: Bool)] {
        let downtime = status["downtime"]
        let incidents = downtime["incidents"].integer ?? 0
        let ces = status["experience"]["ces"]
        let ves = status["experience"]["ves"]
        let answers = (ces["answers"].integer ?? 0) + (ves["answers"].integer ?? 0)
        let scores = [("ces", "CES", ces), ("ves", "VES", ves)].compactMap { key, name, value in
            HumanText.score(key, value).map { "\(name) \($0)" }
        }
        let (faults, commands, orders) = (counts["alarm.raised"] ?? 0, counts["command"] ?? 0, counts["order"] ?? 0)
        let (milliseconds, remote) = (downtime["milliseconds"].integer ?? 0, downtime["remotelyHandled"].integer ?? 0)
        return [
            ("\(faults) faults found", faults > 0),
            (
                "\(commands) commands sent, \(commandsAnswered) answered, \(faultsMended) faults mended by them",
                commandsAnswered > 0 && faultsMended > 0
            ),
            ("\(orders) orders placed, \(delivered) delivered, \(installed) installed", orders > 0 && delivered > 0),
            ("\(incidents) incidents, \(HumanText.duration(milliseconds)) of downtime recorded, \(remote) handled remotely", incidents > 0),
            ("\(answers) CES and VES answers recorded\(scores.isEmpty ? "" : ": " + scores.joined(separator: ", "))", answers > 0),
        ]
    }

    func summary(_ status: APIValue, _ fleet: FleetStatistics) -> String {
        var text = "\nWhat the demo showed\n"
        for check in checks(status) {
            text += "  \(check.isSeen ? terminal.paint("✓", .green) : terminal.paint("–", .yellow)) \(check.text)\n"
        }
        text +=
            "  The fleet published \(fleet.messagesPublished) messages, began \(fleet.faultsBegun) faults and met \(fleet.errors) errors"
        text += fleet.lastError.map { " (the last: \(TerminalText.visible($0)))" } ?? ""
        return text + ".\n"
    }
}
