import Gateway
import TerminalProgram

enum DeviceCommand: QueryCommand {
    static let name = "device"
    static let summary = "show all about one device"
    static let usage = Usage(positionals: [.required("ID", "the device's id, as steward devices lists it")], options: APIClient.options)

    static func question(_ arguments: Arguments) -> (path: [String], query: [(String, String?)]) {
        (["devices", arguments.positionals[0]], [])
    }

    static func render(_ device: APIValue, _ arguments: Arguments, _ terminal: Terminal) -> String {
        let sections: [(title: String, text: String)] = [
            ("Active alarms", alarms(device, terminal)), ("Supplies", supplies(device, terminal)), ("Metrics", metrics(device, terminal)),
            ("Time", time(device, terminal)), ("Incidents", incidents(device, terminal)),
        ]
        return facts(device, terminal) + sections.map { "\n\(terminal.paint($0.title, .bold))\n\($0.text)" }.joined()
    }

    private static func facts(_ device: APIValue, _ terminal: Terminal) -> String {
        var facts = Facts()
        facts.add("device", .init(device["device"].string, .bold))
        facts.add("profile", .init(device["profile"].string))
        facts.add("status", DevicesCommand.status(device))
        facts.add("state", .state(device["equipmentState"].string.map(HumanText.equipmentState)))
        facts.add("last event", Facts.moment(device["lastEvent"], terminal))
        facts.add("last arrival", Facts.moment(device["lastArrival"], terminal))
        facts.add("expected", .init(expectation(device["expected"])))
        if let clock = device["clock"]["text"].string { facts.add("clock", .init(clock, .yellow)) }
        facts.add("messages", .init(device["messages"].number.map { HumanText.number($0) }))
        facts.add("availability", .init(device["availability"].number.map { HumanText.number($0 * 100, decimals: 2) + " %" }))
        return facts.render(terminal)
    }

    /// "every 2 h at least, learned from 130 gaps".
    private static func expectation(_ expected: APIValue) -> String? {
        guard let seconds = expected["withinSeconds"].number else { return nil }
        let gaps = HumanText.number(expected["gaps"].number ?? 0)
        let source: String =
            switch expected["from"].string {
            case "learned": "learned from \(gaps) gaps between its messages"
            case "young": "until it was heard more often"
            default: "as its profile says"
            }
        return "every \(HumanText.duration(Int64(seconds * 1000))) at least, \(source)"
    }

    private static func alarms(_ device: APIValue, _ terminal: Terminal) -> String {
        let alarms = device["activeAlarms"].items
        guard !alarms.isEmpty else { return "No alarm is active.\n" }
        var table = Table(AlarmsCommand.columns.filter { $0.title != "DEVICE" })
        let omitted = AlarmsCommand.columns.firstIndex { $0.title == "DEVICE" }
        for alarm in alarms {
            var row = AlarmsCommand.row(alarm, terminal)
            if let omitted { row.remove(at: omitted) }
            table.add(row)
        }
        return table.render(terminal)
    }

    private static func supplies(_ device: APIValue, _ terminal: Terminal) -> String {
        let supplies = device["supplies"].items
        guard !supplies.isEmpty else { return "The profile names no supply.\n" }
        var table = Table([
            .init("SUPPLY"), .init("LEVEL", .fixed), .init("DAYS LEFT", .fixed), .init("PAGES/DAY", .number), .init("CARTRIDGE", .number),
            .init("ORDER"), .init("WHAT"),
        ])
        for supply in supplies {
            table.add([
                .init(supply["supply"].string), .level(supply["levelPercent"].number), .daysLeft(supply),
                .init(supply["pagesPerDay"].number.map { HumanText.number($0) }),
                .init(supply["generation"].number.map { "#" + HumanText.number($0) }), .init(supply["order"].string),
                .init(HumanText.supply(supply)),
            ])
        }
        return table.render(terminal) + HumanText.supplyReasons(supplies).map { "\(TerminalText.visible($0))\n" }.joined()
    }

    private static func metrics(_ device: APIValue, _ terminal: Terminal) -> String {
        let metrics = device["metrics"].items
        guard !metrics.isEmpty else { return "No metric was reported yet.\n" }
        var table = Table([
            .init("METRIC"), .init("VALUE", .number), .init("UNIT"), .init("KIND", .spare), .init("TIME (UTC)", .spare),
            .init("AGE", .fixed),
        ])
        for metric in metrics {
            let age: Table.Cell = metric["retained"].bool == true ? .init("retained", .dim) : .age(metric["time"], terminal)
            table.add([
                .init(metric["metric"].string), value(metric["value"]), .init(metric["unit"].string.map(HumanText.unit)),
                .init(metric["kind"].string, .dim), .time(metric["time"]), age,
            ])
        }
        return table.render(terminal)
    }

    /// A number, a word, or that nobody knows.
    static func value(_ value: APIValue) -> Table.Cell {
        if let number = value.number { return .init(HumanText.number(number, decimals: 3)) }
        if let flag = value.bool { return .init(flag ? "true" : "false") }
        return value.string.map { .init($0) } ?? .init("unknown", .dim)
    }

    private static func time(_ device: APIValue, _ terminal: Terminal) -> String {
        var facts = Facts()
        for (name, value) in device["time"].members {
            guard let milliseconds = value.integer, name.hasSuffix("Milliseconds") else { continue }
            facts.add(HumanText.words(String(name.dropLast("Milliseconds".count))), .init(HumanText.duration(milliseconds)))
        }
        return facts.isEmpty ? "Nothing is known yet.\n" : facts.render(terminal)
    }

    private static func incidents(_ device: APIValue, _ terminal: Terminal) -> String {
        let incidents = device["incidents"].items
        guard !incidents.isEmpty else { return "It was never out of work since the gateway knows it.\n" }
        var table = Table([
            .init("FROM (UTC)", .fixed), .init("TO (UTC)", .spare), .init("DOWN", .number), .init("CONDITIONS"), .init("MENDED", .fixed),
        ])
        for incident in incidents.reversed() {
            let isOpen = incident["restored"].isNull
            let mended: Table.Cell =
                isOpen ? .init("not yet", .red) : incident["remote"].bool == true ? .init("remotely", .green) : .init("on site")
            let downtime = incident["downtimeMilliseconds"].integer.map(HumanText.duration)
            let conditions = incident["conditions"].items.compactMap(\.string).joined(separator: ", ")
            table.add([.time(incident["onset"]), .time(incident["restored"]), .init(downtime), .init(conditions), mended])
        }
        return table.render(terminal)
    }
}
