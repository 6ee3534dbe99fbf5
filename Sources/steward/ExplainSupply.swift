import CivilCalendar
import Gateway
import TerminalProgram

/// The part of `steward explain` that speaks of a supply: what the forecast rests on, and why there is an order or none.
enum ExplainSupply {
    static func path(_ device: String, _ supply: String) -> [String] { ["devices", device, "supplies", supply, "explain"] }

    /// The answer of `GET /api/v1/devices/ID/supplies/SUPPLY/explain` for people. `order` is the supply's order, where there is one.
    static func render(_ answer: APIValue, order: APIValue?, _ terminal: Terminal) -> String {
        var facts = Facts()
        facts.add("device", .init(answer["device"].string, .bold))
        let generation = answer["generation"].number.map { " (#\(HumanText.number($0)))" } ?? ""
        facts.add("supply", .init((answer["supply"].string ?? "?") + generation, .bold))
        facts.add("last reading", Facts.moment(answer["time"], terminal))
        facts.add("level", .init(level(answer["level"])))
        facts.add("counter", .init(counter(answer["use"])))
        facts.add("yield", .init(yield(answer["use"])))
        facts.add("use", .init(use(answer["use"])))
        facts.add("use by weekday", .init(weekdays(answer["use"])))
        if let habit = habit(answer) { facts.add("changed early", .init(habit)) }
        facts.add("days left", .init(daysLeft(answer)))
        facts.add("lead time", .init(leadTime(answer["leadTime"])))
        facts.add("item", .init(item(answer)))
        facts.add("probability", .init(probability(answer["decision"])))
        facts.add("will cross", .init(crossing(answer)))
        facts.add("order", .init(self.order(answer, order)))
        // Reasons are sentences: a terminal may wrap them, but their ends must not be lost.
        var whole = terminal
        whole.columns = nil
        return facts.render(whole)
    }

    private static func percent(_ share: Double) -> String { HumanText.number(share * 100) + " %" }

    private static func days(_ number: Double) -> String {
        let text = HumanText.number(number)
        return text == "1" ? "1 day" : text + " days"
    }

    private static func level(_ level: APIValue) -> String {
        var words: [String] = []
        if let reported = level["reportedPercent"].number {
            words.append("\(HumanText.number(reported)) % reported")
        } else if let low = level["saidLowPercent"].number {
            words.append("low, which is about \(HumanText.number(low)) %")
        } else {
            words.append(level["isSomeRemaining"].bool == true ? "some remaining" : "not known")
        }
        if level["reportedPercent"].number != nil, let step = level["stepPercent"].number {
            words.append("in steps of \(HumanText.number(step)) %")
        }
        if let jitter = level["jitterPercent"].number { words.append("trembles by \(HumanText.number(jitter)) %") }
        if let estimate = level["estimatedPercent"].number {
            let error = level["estimatedPercentError"].number.map { " ± \(HumanText.number($0))" } ?? ""
            words.append("believed \(HumanText.number(estimate))\(error) %")
        }
        return words.joined(separator: ", ")
    }

    private static func counter(_ use: APIValue) -> String {
        let reading = use["counterReading"].number.map { HumanText.number($0) }
        if let idle = use["idleCounter"].string { return "\(idle) stands still at \(reading ?? "?"): days are counted instead" }
        guard let counter = use["counter"].string else { return "none: days are counted" }
        return reading.map { "\($0) \(counter)" } ?? "\(counter), not known now"
    }

    /// What the yield and the use are counted in.
    private static func unit(_ use: APIValue) -> String { use["counter"].string ?? "days" }

    private static func yield(_ use: APIValue) -> String {
        guard let percent = use["percentPerUnit"].number, percent > 0 else { return "not known yet" }
        let error = use["percentPerUnitRelativeError"].number.map { " ± \(self.percent($0))" } ?? ""
        return "\(HumanText.number(100 / percent, decimals: 0)) \(unit(use)) a full one\(error)"
    }

    private static func use(_ use: APIValue) -> String {
        guard let counter = use["counter"].string else { return "by days" }
        guard let perDay = use["unitsPerDay"].number else { return "of \(counter): not known yet" }
        let error = use["unitsPerDayRelativeError"].number.map { " ± \(percent($0))" } ?? ""
        let spread = use["dayRelativeDeviation"].number.map { ", a single day differs by \(percent($0))" } ?? ""
        let completed = use["completedDays"].number.map { "; \(days($0)) seen" } ?? ""
        return "\(HumanText.number(perDay)) \(counter) a day\(error)\(spread)\(completed)"
    }

    private static func weekdays(_ use: APIValue) -> String? {
        guard use["counter"].string != nil else { return "all alike, because no counter tells them apart" }
        let weights = use["weekdayWeights"].items
        guard weights.count == Weekday.fromMonday.count else { return nil }
        return zip(Weekday.fromMonday, weights).map { day, weight in
            "\(day.shortName) \(weight.number.map { HumanText.number($0, decimals: 2) } ?? "?")"
        }.joined(separator: "  ")
    }

    private static func daysLeft(_ answer: APIValue) -> String {
        let quantiles = answer["daysLeft"].items.compactMap(\.number)
        if quantiles.count == 3 {
            let texts = quantiles.map { HumanText.number($0) }
            return "\(texts[1]) expected, \(texts[0]) to \(texts[2]) in nine cases of ten"
        }
        return "not enough evidence" + (answer["missingEvidence"].string.map { ": " + HumanText.missingEvidence($0) } ?? "")
    }

    private static func habit(_ answer: APIValue) -> String? {
        let habit = answer["habit"]
        guard let percent = habit["percent"].number, let error = habit["percentError"].number else { return nil }
        let early = habit["earlyChanges"].number.map { HumanText.number($0) } ?? "?"
        let changes = habit["changes"].number.map { HumanText.number($0) } ?? "?"
        let whose = habit["isOwn"].bool == true ? "of this supply" : "of such devices, of which this supply has too few yet"
        let verb = answer["isRefillable"].bool == true ? "refill" : "change"
        return "people here \(verb) it at about \(HumanText.number(percent)) ± \(HumanText.number(error)) %: "
            + "\(early) of the last \(changes) changes \(whose)"
    }

    private static func leadTime(_ lead: APIValue) -> String? {
        guard let quoted = lead["days"].number else { return nil }
        let spread = lead["spread"].number.map { ", spread \(percent($0))" } ?? ""
        return days(quoted) + spread
    }

    private static func item(_ answer: APIValue) -> String {
        let units = answer["unitsAvailable"].number.map { ", \(HumanText.number($0)) on site" } ?? ""
        return (answer["item"].string ?? "?") + units
    }

    private static func probability(_ decision: APIValue) -> String {
        guard let risk = decision["risk"].number else { return "not known without a forecast" }
        let later = decision["riskAtNextReport"].number.map { ", \(percent($0)) at the next report" } ?? ""
        let gap = decision["nextReportDays"].number.map { " in \(days($0))" } ?? ""
        let level = decision["serviceLevel"].number.map { "; service level \(percent($0))" } ?? ""
        return "\(percent(risk)) that it ends before an order placed now arrives\(later)\(gap)\(level)"
    }

    private static func crossing(_ answer: APIValue) -> String {
        let decision = answer["decision"]
        guard decision["risk"].number != nil else {
            let floor = decision["floorPercent"].number.map { HumanText.number($0) } ?? "?"
            return "at a level of \(floor) %, while there is no forecast"
        }
        guard let ahead = decision["crossesInDays"].integer, let time = answer["time"].integer else { return "not within 400 days" }
        if ahead == 0 { return "today: the rule orders now" }
        // The day alone: the hour would say more than is known.
        let day = HumanText.time(time &+ ahead &* 86_400_000).prefix(10)
        return "on \(day), in \(days(Double(ahead)))"
    }

    private static func order(_ answer: APIValue, _ order: APIValue?) -> String {
        if let id = answer["order"].string {
            let state = order?["state"].string.map { " is \($0)" } ?? ""
            let reason = order?["reason"].string.map { ": \($0)" } ?? ""
            let detail = order?["detail"].string.map { " (\($0))" } ?? ""
            return id + state + reason + detail
        }
        if answer["isOrdered"].bool == false { return "none: the profile orders nothing for this supply" }
        let decision = answer["decision"]
        if decision["ordersNow"].bool == true {
            return (answer["unitsAvailable"].number ?? 0) > 0
                ? "none: the stock on site covers it" : "none yet: the rule asks for one at the next report with a known level"
        }
        if decision["risk"].number == nil { return "none: there is too little evidence, and the level is not at the floor" }
        return "none: waiting for the next report is worth more than the risk that it adds"
    }
}
