import FaultDetection
import Telemetry

/// Why an alarm stands, and why another does not: every condition of the profile with what it saw.
extension StewardCore {
    /// What an answer is about, and when it was asked.
    private struct Question {
        var device: Int
        var now: Int64
        var layout: ProfileLayout
        var conditions: FaultConditions
    }

    /// `{"device","conditions":[…]}` for all conditions or one; false when there is no such device, or no such condition of it.
    /// `now` is arrival time: ages are counted from it.
    public func writeExplanation(_ id: String, condition: String?, atMilliseconds now: Int64, _ writer: inout JSONWriter) -> Bool {
        guard let index = deviceIndex[id] else { return false }
        let device = Int(index)
        let profile = Int(hot[device].profile)
        let question = Question(device: device, now: now, layout: layouts[profile], conditions: derived[profile].faults)
        let faults = layouts[profile].profile.faults
        let rules = faults.indices.filter { condition == nil || faults[$0].id == condition }
        let others = records[device].activeAlarms.compactMap { alarms[$0] }.filter {
            $0.source != .condition && (condition == nil || $0.condition == condition)
        }
        guard condition == nil || !rules.isEmpty || !others.isEmpty || condition == "silent" || isCode(profile, condition) else {
            return false
        }
        writer.beginObject()
        writer.member("device", id)
        writer.member("profile", layouts[profile].profile.name)
        writer.member("time", now)
        writer.member("lastArrival", hot[device].arrivalMilliseconds == .min ? nil : hot[device].arrivalMilliseconds)
        writer.member("silent", hot[device].isSilent)
        writer.member("maintenance", openWindow(over: device))
        writer.member("parent", records[device].parent)
        writer.key("conditions")
        writer.beginArray()
        for rule in rules { write(rule, question, &writer) }
        if condition == nil || condition == "silent" { writeSilence(question, &writer) }
        for alarm in others where alarm.source == .deviceAlert || alarm.source == .anomaly { writeCode(alarm, question, &writer) }
        if others.isEmpty, let condition, rules.isEmpty, condition != "silent" { writeAbsent(condition, profile, &writer) }
        writer.endArray()
        writer.endObject()
        return true
    }

    private func isCode(_ profile: Int, _ code: String?) -> Bool {
        layouts[profile].profile.alerts.contains { $0.codes.contains { $0.code == code } }
    }

    // MARK: Conditions of the profile

    private func write(_ number: Int, _ question: Question, _ writer: inout JSONWriter) {
        let fault = question.layout.profile.faults[number]
        let first = Int(hot[question.device].firstFault)
        let newest = hot[question.device].newestMilliseconds
        let at = EvaluationTime(
            timeMilliseconds: newest == .min ? question.now : newest, gapMilliseconds: question.layout.profile.gapMilliseconds,
            arrivalMilliseconds: hot[question.device].arrivalMilliseconds == .min ? 0 : hot[question.device].arrivalMilliseconds,
            listeningSinceMilliseconds: listeningSince)
        let answer = faultCells.withUnsafeMutableBufferPointerIfAny { cells in
            (
                question.conditions.explain(rule: number, fault, at: at, cells + first),
                question.conditions.clauses(ofRule: number, cells + first)
            )
        }
        guard let (explanation, clauses) = answer else { return }
        let standing = standing(question.device, fault.id, .condition).flatMap { alarms[$0] }
        let sentences = Sentences(question: question.layout, clauses: clauses, now: question.now)
        writer.beginObject()
        writer.member("condition", fault.id)
        writer.member("source", Alarm.Source.condition.rawValue)
        writer.member("text", fault.text)
        writer.member("severity", (standing?.severity ?? fault.severity).rawValue)
        writer.member("active", explanation.isActive || standing != nil)
        writeAlarm(standing, question, &writer)
        writer.member("why", sentences.why(fault, explanation, standing))
        writer.key("raise")
        sentences.write(fault.raise, explanation.raise, &writer)
        if let clear = fault.clear, let found = explanation.clear {
            writer.key("clear")
            sentences.write(clear, found, &writer)
        }
        writer.endObject()
    }

    private func writeAlarm(_ alarm: Alarm?, _ question: Question, _ writer: inout JSONWriter) {
        writer.member("alarm", alarm?.id)
        writer.member("state", alarm.map(shownState))
        writer.member("onset", alarm?.onsetMilliseconds)
        writer.key("inhibitions")
        writer.beginArray()
        for inhibition in alarm.map({ inhibitions(question.device, $0) }) ?? [] {
            writer.beginObject()
            writer.member("kind", inhibition.name)
            writer.member("text", inhibition.words)
            if case .shelved(let shelf) = inhibition { writer.member("until", shelf.untilMilliseconds) }
            writer.endObject()
        }
        writer.endArray()
    }

    /// All that keeps an alarm from setting anything off, not only the first.
    private func inhibitions(_ device: Int, _ alarm: Alarm) -> [Inhibition] {
        var found: [Inhibition] = []
        if alarm.isLate, hot[device].awaitsDispatch { found.append(.late) }
        if let shelf = shelf(device, alarm) { found.append(.shelved(shelf)) }
        if let cause = alarm.suppressedBy { found.append(.suppressed(by: cause)) }
        if let window = openWindow(over: device) { found.append(.maintenance(window)) }
        if alarm.isFlapping { found.append(.flapping) }
        if let reason = reasonToAskAboutDamage, playbook(of: alarm, device) != nil { found.append(.storeDamage(reason)) }
        return found
    }

    // MARK: Silence and codes

    private func writeSilence(_ question: Question, _ writer: inout JSONWriter) {
        let standing = standing(question.device, "silent", .silence).flatMap { alarms[$0] }
        let limit = question.layout.profile.silentAfterMilliseconds
        let arrival = hot[question.device].arrivalMilliseconds
        let heard = arrival == .min ? "it was never heard live" : "it was heard \(Sentences.duration(question.now &- arrival)) ago"
        writer.beginObject()
        writer.member("condition", "silent")
        writer.member("source", Alarm.Source.silence.rawValue)
        writer.member("text", standing?.text ?? "Nothing was heard for \(Sentences.duration(limit))")
        writer.member("severity", (standing?.severity ?? .minor).rawValue)
        writer.member("active", standing != nil)
        writeAlarm(standing, question, &writer)
        writer.member("why", "\(heard); it counts as silent after \(Sentences.duration(limit)) of arrival time")
        writer.endObject()
    }

    private func writeCode(_ alarm: Alarm, _ question: Question, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("condition", alarm.condition)
        writer.member("source", alarm.source.rawValue)
        writer.member("text", alarm.text)
        writer.member("severity", alarm.severity.rawValue)
        writer.member("active", true)
        writeAlarm(alarm, question, &writer)
        let age = Sentences.duration(question.now &- alarm.onsetMilliseconds)
        let isAnomaly = alarm.source == .anomaly
        writer.member(
            "why",
            isAnomaly
                ? "a detector found it unusual \(age) ago; no rule of the profile says so"
                : "the device itself reports this code, and has done so for \(age)")
        writer.endObject()
    }

    private func writeAbsent(_ code: String, _ profile: Int, _ writer: inout JSONWriter) {
        let rule = layouts[profile].profile.alerts.lazy.flatMap(\.codes).first { $0.code == code }
        writer.beginObject()
        writer.member("condition", code)
        writer.member("source", Alarm.Source.deviceAlert.rawValue)
        writer.member("text", rule?.text ?? code)
        writer.member("active", false)
        writer.member("why", "the device does not report this code now")
        writer.endObject()
    }
}
