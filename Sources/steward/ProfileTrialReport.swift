import Documents
import Gateway
import TerminalProgram

/// The result of `steward profile test`, for people and as JSON.
struct ProfileTrialReport {
    private let trial: ProfileTrial
    private let devices: [APIValue]

    init(_ trial: ProfileTrial) {
        self.trial = trial
        devices = trial.outcome.devices.compactMap { try? APIValue(parsing: $0) }
    }

    private static func isSupply(_ metric: APIValue) -> Bool { metric["kind"].string == "level" }
    private static func isState(_ metric: APIValue) -> Bool { metric["kind"].string == "state" }

    /// A supply's level in percent, or why it has none. What the device says counts, and not what the model keeps from before.
    private static func level(_ supply: APIValue, _ device: APIValue) -> (percent: Double?, reason: String?) {
        let reported = supply["reported"]
        if let percent = reported["percent"].number { return (percent, nil) }
        if let reason = reported["reason"].string { return (nil, reason) }
        let name = "supply." + (supply["supply"].string ?? "")
        let metric = device["metrics"].items.first { $0["metric"].string == name }
        return metric?["value"].number.map { ($0, nil) } ?? (nil, "the message tells no level of it")
    }

    /// A time that is not believed is replaced by that of the arrival; any other was taken from the message.
    private var isTimeCorrected: Bool {
        guard trial.outcome.clockProblems > 0 else { return false }
        return devices.contains { device in device["lastEvent"].integer.map { $0 != trial.arrivalMilliseconds } ?? false }
    }

    // MARK: For people

    func text(_ terminal: Terminal) -> String {
        var text = devices.map { device(_: $0, terminal) }.joined(separator: "\n")
        if devices.isEmpty {
            text +=
                trial.profile.map { "The topic is one of \"\(TerminalText.visible($0))\", but the message tells of no device.\n" }
                ?? "No profile reads this topic.\n"
        }
        if !trial.outcome.problems.isEmpty {
            text += section("Problems", terminal) + trial.outcome.problems.map { "  \(TerminalText.visible($0))\n" }.joined()
        }
        if trial.outcome.clockProblems > 0 {
            let word =
                isTimeCorrected
                ? "The message's own time was corrected: it counts another unit than the profile's \"time\" says, or its local time is not plain."
                : "The message's own time is not believed; the arrival time was taken."
            text += section("Time", terminal) + "  \(word)\n"
        }
        text += section("Not used", terminal)
        guard let unused = trial.unused else {
            return text + "  Not known: the payload is no JSON, has too many members, or has no profile.\n"
        }
        return text + (unused.isEmpty ? "  Nothing: every member is used.\n" : unused.map { "  \(TerminalText.visible($0))\n" }.joined())
    }

    private func section(_ title: String, _ terminal: Terminal) -> String { "\n" + terminal.paint(title, .bold) + "\n" }

    private func device(_ device: APIValue, _ terminal: Terminal) -> String {
        var facts = Facts()
        facts.add("device", .init(device["device"].string, .bold))
        facts.add("profile", .init(device["profile"].string))
        facts.add(
            "time",
            device["lastEvent"].integer == nil
                ? .init(trial.isRetained ? "none (a retained message moves nothing)" : "none (the message tells no reading)")
                : Facts.moment(device["lastEvent"], terminal))
        facts.add("status", .init(device["status"].string))
        facts.add("state", .state(device["equipmentState"].string.map(HumanText.equipmentState)))
        var text = facts.render(terminal)
        let metrics = device["metrics"].items
        let readings = metrics.filter { !Self.isSupply($0) && !Self.isState($0) }
        text += section("Readings", terminal) + table(readings, "METRIC", terminal)
        text += section("States", terminal) + table(metrics.filter(Self.isState), "STATE", terminal)
        text += section("Supplies", terminal) + supplies(device, terminal)
        return text + section("Alarms", terminal) + alarms(device, terminal)
    }

    private func table(_ metrics: [APIValue], _ title: String, _ terminal: Terminal) -> String {
        guard !metrics.isEmpty else { return "  None.\n" }
        var table = Table([.init(title), .init("VALUE", .number), .init("UNIT"), .init("KIND", .spare)])
        for metric in metrics {
            table.add([
                .init(metric["metric"].string), DeviceCommand.value(metric["value"]), .init(metric["unit"].string.map(HumanText.unit)),
                .init(metric["kind"].string, .dim),
            ])
        }
        return table.render(terminal)
    }

    private func supplies(_ device: APIValue, _ terminal: Terminal) -> String {
        let supplies = device["supplies"].items
        guard !supplies.isEmpty else { return "  None.\n" }
        var table = Table([.init("SUPPLY"), .init("LEVEL", .fixed), .init("RESOLUTION", .number), .init("WHAT", .text)])
        for supply in supplies {
            table.add([
                .init(supply["supply"].string), .level(Self.level(supply, device).percent),
                .init(supply["reported"]["resolutionPercent"].number.map { HumanText.number($0, decimals: 3) + " %" }),
                .init(HumanText.supply(supply)),
            ])
        }
        // Below the table, where a narrow terminal cuts nothing off.
        let reasons = supplies.compactMap { supply in
            Self.level(supply, device).reason.map { "  \(TerminalText.visible("\(supply["supply"].string ?? ""): \($0)"))\n" }
        }
        return table.render(terminal) + reasons.joined()
    }

    private func alarms(_ device: APIValue, _ terminal: Terminal) -> String {
        let alarms = device["activeAlarms"].items
        guard !alarms.isEmpty else { return "  None.\n" }
        var table = Table([.init("SEVERITY", .fixed), .init("CODE"), .init("TEXT")])
        for alarm in alarms {
            table.add([.severity(alarm["severity"].string), .init(alarm["condition"].string), .init(alarm["text"].string)])
        }
        return table.render(terminal)
    }

    // MARK: As JSON

    var json: [UInt8] {
        JSONWriter.object { writer in
            writer.member("profile", trial.profile)
            writer.objects("devices", of: devices) { Self.write($1, &$0) }
            writer.strings("problems", trial.outcome.problems)
            writer.member("timeNotBelieved", trial.outcome.clockProblems > 0 && !isTimeCorrected)
            writer.member("timeCorrected", isTimeCorrected)
            if let unused = trial.unused { return writer.strings("unused", unused) }
            writer.key("unused")
            writer.null()
        }
    }

    private static func write(_ device: APIValue, _ writer: inout JSONWriter) {
        for name in ["device", "profile", "status", "equipmentState"] { writer.member(name, device[name].string) }
        writer.member("time", device["lastEvent"].integer)
        let metrics = device["metrics"].items
        write(metrics.filter { !isSupply($0) && !isState($0) }, "readings", &writer)
        write(metrics.filter(isState), "states", &writer)
        writer.objects("supplies", of: device["supplies"].items) { writer, supply in
            let (percent, reason) = level(supply, device)
            writer.member("supply", supply["supply"].string)
            writer.key("levelPercent")
            if let percent { writer.number(percent) } else { writer.null() }
            for name in ["resolutionPercent", "lowPercent", "highPercent"] { writer.member(name, supply["reported"][name].number) }
            if supply["reported"]["noLimit"].bool == true { writer.member("noLimit", true) }
            writer.member("unknown", supply["reported"]["unknown"].string)
            writer.member("reason", reason)
            for name in ["label", "type", "partNumber", "serialNumber"] { writer.member(name, supply[name].string) }
        }
        writer.objects("alarms", of: device["activeAlarms"].items) { writer, alarm in
            for name in ["condition", "severity", "text"] { writer.member(name, alarm[name].string) }
        }
    }

    /// The metrics as the API has them, without their times.
    private static func write(_ metrics: [APIValue], _ list: String, _ writer: inout JSONWriter) {
        writer.objects(list, of: metrics) { writer, metric in
            for (name, value) in metric.members where name != "time" {
                writer.key(name)
                value.node?.write(to: &writer)
            }
        }
    }
}
