import Gateway
import TerminalProgram

enum StatusCommand: QueryCommand {
    static let name = "status"
    static let summary = "show how the gateway and its devices are doing"
    static let usage = Usage(options: APIClient.options)

    static func question(_ arguments: Arguments) -> (path: [String], query: [(String, String?)]) { (["status"], []) }

    static func render(_ status: APIValue, _ arguments: Arguments, _ terminal: Terminal) -> String {
        var facts = Facts()
        facts.add("gateway", .init(status["gateway"].string, .bold))
        facts.add("version", .init(status["version"].string))
        facts.add("up for", .init(status["uptimeSeconds"].number.flatMap { Int64(exactly: ($0 * 1000).rounded()) }.map(HumanText.duration)))
        facts.add("broker", broker(status["broker"]))
        if (status["unseenStoreDamage"].number ?? 0) > 0 {
            facts.add("store damage", .init("\(HumanText.number(status["unseenStoreDamage"].number ?? 0)) unseen: steward damage", .red))
        }
        let subscriptions = status["broker"]["subscriptions"]
        if let wanted = subscriptions["wanted"].integer, let granted = subscriptions["granted"].integer, granted < wanted {
            facts.add("subscriptions", .init("\(granted) of \(wanted) topic filters granted", .red))
        }
        for refusal in subscriptions["refused"].items {
            facts.add("refused", .init("\(refusal["filter"].string ?? "?"): \(refusal["reason"].string ?? "?")", .red))
        }
        if let clock = clock(status["clock"]) { facts.add("clock", clock) }
        facts.add("devices", devices(status["devices"]))
        facts.add("memory", memory(status["memory"]))
        facts.add("active alarms", count(status["activeAlarms"], alert: .red))
        facts.add("open commands", count(status["openCommands"], alert: nil))
        facts.add("open orders", count(status["openOrders"], alert: nil))
        facts.add("open tickets", count(status["openTickets"], alert: .yellow))
        facts.add("downtime", downtime(status["downtime"]))
        facts.add("messages", count(status["messages"], alert: nil))
        facts.add("dead letters", count(status["deadLetters"], alert: .yellow))
        var text = facts.render(terminal)
        text += "\n\(terminal.paint("What customers say", .bold))\n" + experience(status["experience"], terminal)
        let store = store(status["store"])
        return store.isEmpty ? text : text + "\n\(terminal.paint("Store", .bold))\n" + store.render(terminal)
    }

    private static func count(_ value: APIValue, alert: Terminal.Colour?) -> Table.Cell {
        .init(value.number.map { HumanText.number($0) }, (value.number ?? 0) > 0 ? alert : nil)
    }

    private static func broker(_ broker: APIValue) -> Table.Cell {
        let host = broker["host"].string.map { " (\($0))" } ?? ""
        let since = broker["since"].integer.map { " since \(HumanText.time($0)) UTC" } ?? ""
        switch broker["connected"].bool {
        case true: return .init("connected\(host)\(since)", .green)
        case false: return .init("not connected\(host)\(since)", .red)
        default: return .init("unknown", .dim)
        }
    }

    private static func memory(_ memory: APIValue) -> Table.Cell {
        guard let bytes = memory["stateBytes"].integer, let each = memory["bytesPerDevice"].integer else { return .init(nil) }
        return .init("\(HumanText.bytes(bytes)) of state, \(HumanText.bytes(each)) a device")
    }

    /// Nothing while all is well.
    private static func clock(_ clock: APIValue) -> Table.Cell? {
        guard let difference = clock["differenceMilliseconds"].integer, difference != 0 else { return nil }
        let direction = difference > 0 ? "ahead" : "behind"
        let size = HumanText.duration(difference == .min ? .max : abs(difference))
        return .init("the system's clock is \(size) \(direction) and not followed: no time server confirms it", .red)
    }

    private static func devices(_ devices: APIValue) -> Table.Cell {
        guard let total = devices["total"].integer else { return .init(nil) }
        let (down, silent) = (devices["down"].integer ?? 0, devices["silent"].integer ?? 0)
        let clocks = (devices["wrongClocks"].integer).flatMap { $0 > 0 ? ", \($0) with a wrong clock" : nil } ?? ""
        return .init("\(total), \(down) down, \(silent) silent\(clocks)", down > 0 ? .red : silent > 0 ? .yellow : .green)
    }

    private static func downtime(_ downtime: APIValue) -> Table.Cell {
        guard let incidents = downtime["incidents"].integer, let milliseconds = downtime["milliseconds"].integer else { return .init(nil) }
        guard incidents > 0 else { return .init("none so far", .green) }
        let word = incidents == 1 ? "incident" : "incidents"
        return .init(
            "\(HumanText.duration(milliseconds)) in \(incidents) \(word), \(downtime["remotelyHandled"].integer ?? 0) mended remotely")
    }

    private static func experience(_ experience: APIValue, _ terminal: Terminal) -> String {
        var facts = Facts()
        for question in HumanText.questions {
            let score = experience[question.key]
            guard let text = HumanText.score(question.key, score), let answers = score["answers"].integer else { continue }
            facts.add("\(question.name) \(question.meaning)", .init("\(text), \(answers) \(answers == 1 ? "answer" : "answers")"))
        }
        return facts.isEmpty ? "No customer has answered yet.\n" : facts.render(terminal)
    }

    /// Whatever the store tells of itself.
    private static func store(_ store: APIValue) -> Facts {
        var facts = Facts()
        for (name, value) in store.members {
            if name.hasSuffix("Bytes"), let bytes = value.integer {
                facts.add(HumanText.words(String(name.dropLast("Bytes".count))), .init(HumanText.bytes(bytes)))
            } else {
                facts.add(HumanText.words(name), DeviceCommand.value(value))
            }
        }
        return facts
    }
}
