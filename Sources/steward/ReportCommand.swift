import Gateway
import TerminalProgram

enum ReportCommand: QueryCommand {
    static let name = "report"
    static let summary = "tell where the time of the devices went, and what kept them from their work"
    static let usage = Usage(
        options: [
            .value("from", "DATE", "the first day, such as 2026-11-01; 30 days before the last unless given"),
            .value("to", "DATE", "the last day; today unless given"), .value("device", "ID", "only this device"),
            .value("by", "device|day", "also a table of them"),
        ] + APIClient.options,
        notes: """
            Days are those of the site's zone. Time of which nobody knows how a device was, because it was silent or nobody listened, is unknown:
            neither up nor down. Times to detect, act and restore count incidents that stand as "at least so long" (Kaplan-Meier).
            """)

    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)]) {
        if let by = arguments.value("by"), by != "device", by != "day" {
            throw UsageError("--by cannot be \(Arguments.shown(by)); it is device or day")
        }
        return (["downtime"], ["from", "to", "device", "by"].map { ($0, arguments.value($0)) })
    }

    static func render(_ report: APIValue, _ arguments: Arguments, _ terminal: Terminal) -> String {
        var facts = Facts()
        facts.add("period", .init("\(report["from"].string ?? "?") to \(report["to"].string ?? "?")", .bold))
        facts.add("devices", .init(report["devices"].number.map { HumanText.number($0) }))
        facts.add("availability", .init(percent(report["availability"]) ?? "nothing is known", .bold))
        for (name, key) in states { facts.add(name, .init(report["milliseconds"][key].integer.map(HumanText.duration))) }
        facts.add("known", .init(percent(report["knownShare"]).map { "\($0) of the time" }))
        let incidents = report["incidents"]
        let (count, open, remote) = (incidents["count"].integer ?? 0, incidents["open"].integer ?? 0, incidents["remote"].integer ?? 0)
        facts.add("incidents", .init("\(count), \(open) open, \(remote) mended remotely", open > 0 ? .yellow : nil))
        facts.add(
            "between failures",
            .init(report["meanTimeBetweenFailuresMilliseconds"].number.flatMap { Int64(exactly: $0.rounded()) }.map(HumanText.duration)))
        for (name, key, open) in [
            ("to detect", "timeToDetect", ""), ("to act", "timeToAct", "without a command or ticket"),
            ("to restore", "timeToRestore", "open"),
        ] { facts.add("time \(name)", .init(times(report[key], open: open))) }
        return facts.render(terminal) + causes(report["causes"].items, terminal) + groups(report["groups"].items, terminal)
    }

    private static let states = [
        ("productive", "productive"), ("standby", "standby"), ("unscheduled downtime", "unscheduledDowntime"),
        ("scheduled downtime", "scheduledDowntime"), ("unknown", "unknown"),
    ]

    private static func percent(_ value: APIValue) -> String? { value.number.map { HumanText.number($0 * 100, decimals: 2) + " %" } }

    /// Median and 90 % with the interval of the median, such as "median 12 min (8 min to 20 min), 90 % within 2 h, of 31".
    /// - Parameter open: what those are called that are not over.
    private static func times(_ times: APIValue, open: String) -> String? {
        guard let n = times["n"].integer, n > 0 else { return nil }
        let median = times["median"]
        var text = median["milliseconds"].integer.map { "median \(HumanText.duration($0))" } ?? "median not reached"
        if let low = median["low"].integer.map(HumanText.duration) {
            text += " (\(low) " + (median["high"].integer.map { "to \(HumanText.duration($0))" } ?? "or longer") + ")"
        }
        text += times["p90"]["milliseconds"].integer.map { ", 90 % within \(HumanText.duration($0))" } ?? ", 90 % not reached"
        return text + ", of \(n)" + (times["open"].integer.flatMap { $0 > 0 ? ", \($0) \(open)" : nil } ?? "")
    }

    private static func causes(_ causes: [APIValue], _ terminal: Terminal) -> String {
        guard !causes.isEmpty else { return "" }
        let all = causes.reduce(0.0) { $0 + ($1["milliseconds"].number ?? 0) }
        var table = Table([.init("CAUSE OF DOWNTIME"), .init("TIME", .fixed), .init("SHARE", .fixed), .init("INCIDENTS", .fixed)])
        for cause in causes.prefix(20) {
            let milliseconds = cause["milliseconds"].number ?? 0
            table.add([
                .init(cause["cause"].string ?? "none told"), .init(cause["milliseconds"].integer.map(HumanText.duration)),
                .init(all > 0 ? HumanText.number(milliseconds / all * 100, decimals: 0) + " %" : nil),
                .init(cause["incidents"].integer.map(String.init)),
            ])
        }
        let rest = causes.count > 20 ? "\(causes.count - 20) more; --json has all.\n" : ""
        return "\n" + table.render(terminal) + rest
    }

    private static func groups(_ groups: [APIValue], _ terminal: Terminal) -> String {
        guard let first = groups.first else { return "" }
        let key = first["day"].isNull ? "device" : "day"
        var table = Table(
            [.init(key.uppercased()), .init("AVAILABLE", .fixed)]
                + ["PRODUCTIVE", "STANDBY", "DOWN", "PLANNED", "UNKNOWN"].map { Table.Column($0, .fixed) })
        for group in groups {
            let times = states.map { Table.Cell(group["milliseconds"][$0.1].integer.map(HumanText.duration)) }
            table.add([.init(group[key].string), .init(percent(group["availability"]))] + times)
        }
        return "\n" + table.render(terminal)
    }
}
