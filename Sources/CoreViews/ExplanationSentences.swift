import Documents
import FaultDetection
import GatewayCore
import Telemetry

/// Conditions and what they saw, in words and as JSON.
struct Sentences {
    let layout: ProfileLayout
    let now: Int64
    private var clauses: [String: FaultConditions.Clause] = [:]

    init(question layout: ProfileLayout, clauses: [FaultConditions.Clause], now: Int64) {
        self.layout = layout
        self.now = now
        for clause in clauses where !clause.slot.isNone { self.clauses[layout[clause.slot].name] = clause }
    }

    /// The whole answer in one sentence.
    func why(_ fault: FaultRule, _ found: FaultConditions.Explanation, _ alarm: Alarm?) -> String {
        guard !found.isActive else {
            let wait = fault.clear.map { "it ends when \(text($0))" } ?? "it ends when that no longer holds"
            if let normal = alarm?.normalSinceMilliseconds {
                return "it is over since \(Self.duration(now &- normal)), and stands until somebody resets it"
            }
            let seen = fault.raise.metrics.map(saw).joined(separator: "; ")
            let unmet = found.clear.flatMap { clear in fault.clear.flatMap { lacking($0, clear) } }
            return "it stands: \(seen); \(wait)" + (unmet.map { ", but \($0)" } ?? "")
        }
        if let normal = alarm?.normalSinceMilliseconds {
            return "its condition does not hold since \(Self.duration(now &- normal)); it stands until somebody resets it"
        }
        return lacking(fault.raise, found.raise).map { "it does not hold: \($0)" } ?? "it holds"
    }

    /// The first clause that fails, or of which nothing is known.
    private func lacking(_ rule: ConditionRule, _ found: FaultConditions.Finding) -> String? {
        guard found.holds != true else { return nil }
        switch rule.kind {
        case .all(let parts):
            let failing = zip(parts, found.parts).first { $1.holds == false } ?? zip(parts, found.parts).first { $1.holds != true }
            if let failing, let words = lacking(failing.0, failing.1) { return words }
        case .any(let parts):
            let words = zip(parts, found.parts).compactMap { lacking($0, $1) }
            if !words.isEmpty { return words.joined(separator: ", and ") }
        case .count(let part, let window, let times):
            let number = Int(found.number ?? 0)
            return "\(text(part)) began \(number) of \(times) times within \(Self.duration(window))"
        case .not(let part): return "\(text(part)), and must not"
        default: break
        }
        if let held = found.heldMilliseconds, let needed = found.neededMilliseconds, held > 0, held < needed {
            return "\(text(rule, withDuration: false)) holds for \(Self.duration(held)) of \(Self.duration(needed))"
        }
        let seen = rule.metrics.map(saw).joined(separator: "; ")
        return found.holds == nil ? "\(seen), so nothing is known of \(text(rule))" : "\(seen), which is not \(test(rule))"
    }

    /// `temp is 66.5 Cel, read 4 s ago`
    private func saw(_ metric: String) -> String {
        guard let clause = clauses[metric], let value = clause.value else {
            return clauses[metric]?.timeMilliseconds ?? 0 == 0 ? "\(metric) was never told" : "\(metric) is not known any more"
        }
        return "\(metric) is \(word(metric, value)), read \(Self.duration(now &- clause.timeMilliseconds)) ago"
    }

    private func slot(_ metric: String) -> MetricSlot? { layout.slot(named: metric).map { layout[$0] } }

    private func word(_ metric: String, _ value: Double) -> String {
        guard let slot = slot(metric) else { return Self.number(value) }
        if slot.kind == .state { return slot.text(of: value) }
        return Self.number(value) + unit(metric)
    }

    private func unit(_ metric: String) -> String { slot(metric).map { $0.unit.isEmpty ? "" : " " + $0.unit } ?? "" }

    /// A condition as a person would say it.
    func text(_ rule: ConditionRule, withDuration: Bool = true) -> String {
        let base: String
        switch rule.kind {
        case .all(let parts): base = parts.map { text($0) }.joined(separator: " and ")
        case .any(let parts): base = "(" + parts.map { text($0) }.joined(separator: " or ") + ")"
        case .not(let part): base = "not (\(text(part)))"
        case .count(let part, let window, let times): base = "\(text(part)) at least \(times) times within \(Self.duration(window))"
        default: base = "\(rule.metric ?? "?") \(test(rule))"
        }
        return rule.forMilliseconds > 0 && withDuration ? "\(base) for \(Self.duration(rule.forMilliseconds))" : base
    }

    private func test(_ rule: ConditionRule) -> String {
        let metric = rule.metric ?? ""
        switch rule.kind {
        case .value(_, let comparison, _): return test(comparison, unit(metric))
        case .rate(_, let comparison, let per, let window):
            let period = per == 1000 ? "second" : per == 60_000 ? "minute" : "hour"
            return "changing \(test(comparison, unit(metric))) a \(period) over \(Self.duration(window))"
        case .enters(_, let states): return "entering \(states.joined(separator: " or "))"
        case .leaves(_, let states): return "leaving \(states.joined(separator: " or "))"
        case .bit(_, let bit, let isSet): return "with bit \(bit) \(isSet ? "set" : "clear")"
        case .unchanged(_, _, let duration, let meanwhile):
            return "unchanged for \(Self.duration(duration))" + (meanwhile.map { " while \(text($0))" } ?? "")
        case .notRising(_, let duration, let meanwhile):
            return "not rising for \(Self.duration(duration))" + (meanwhile.map { " while \(text($0))" } ?? "")
        case .noData(_, let duration): return "missing for \(Self.duration(duration)) while the device speaks"
        case .all, .any, .not, .count: return text(rule)
        }
    }

    private func test(_ comparison: Comparison, _ unit: String) -> String {
        switch comparison {
        case .above(let bound): "above \(text(bound, unit))"
        case .atLeast(let bound): "at least \(text(bound, unit))"
        case .below(let bound): "below \(text(bound, unit))"
        case .atMost(let bound): "at most \(text(bound, unit))"
        case .equals(let state): state
        case .notEquals(let state): "other than \(state)"
        case .within(let states): states.joined(separator: " or ")
        }
    }

    private func text(_ operand: Operand, _ unit: String) -> String {
        switch operand {
        case .number(let number): return Self.number(number) + unit
        case .metric(let name, let times, let plus):
            let factor = times == 1 ? "" : "\(Self.number(times)) × "
            return factor + name + (plus == 0 ? "" : plus < 0 ? " − \(Self.number(-plus))" : " + \(Self.number(plus))")
        }
    }

    // MARK: JSON

    /// `{"text","holds","metric","value","time",…,"parts":[…]}`
    func write(_ rule: ConditionRule, _ found: FaultConditions.Finding, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("text", text(rule))
        writer.key("holds")
        if let holds = found.holds { writer.bool(holds) } else { writer.null() }
        if let needed = found.neededMilliseconds { writer.member("neededMilliseconds", needed) }
        if let held = found.heldMilliseconds { writer.member("heldMilliseconds", held) }
        if let number = found.number { writer.member("count", number) }
        if !rule.parts.isEmpty || rule.metric == nil {
            writer.key("parts")
            writer.beginArray()
            for (part, finding) in zip(rule.parts, found.parts) { write(part, finding, &writer) }
            writer.endArray()
        }
        if let metric = rule.metric { write(metric, "", &writer) }
        if case .value(_, let comparison, _) = rule.kind, case .metric(let other, _, _)? = comparison.operand {
            writer.key("against")
            writer.beginObject()
            write(other, "", &writer)
            writer.endObject()
        }
        writer.endObject()
    }

    private func write(_ metric: String, _ prefix: String, _ writer: inout JSONWriter) {
        writer.member("metric", metric)
        if let unit = slot(metric)?.unit, !unit.isEmpty { writer.member("unit", unit) }
        writer.key("value")
        guard let clause = clauses[metric], let value = clause.value else { return writer.null() }
        if let slot = slot(metric), slot.kind == .state { writer.string(slot.text(of: value)) } else { writer.number(value) }
        writer.member("time", clause.timeMilliseconds)
        writer.member("ageMilliseconds", max(0, now &- clause.timeMilliseconds))
    }

    // MARK: Numbers

    static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value), abs(whole) < 1_000_000_000_000 { return String(whole) }
        let rounded = (value * 1000).rounded() / 1000
        return abs(value) < 1e12 && rounded.isFinite ? "\(rounded)" : "\(value)"
    }

    /// `45 s`, `20 min`, `3 h`, `2 d`: the largest unit of which there are two or more.
    static func duration(_ milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds) / 1000
        for (name, length) in [("d", Int64(86_400)), ("h", 3600), ("min", 60)]
        where seconds >= 2 * length && seconds % length == 0 || seconds >= 10 * length {
            return "\(seconds / length) \(name)"
        }
        return "\(seconds) s"
    }
}
