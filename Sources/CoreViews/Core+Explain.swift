import Documents
import FaultDetection
import GatewayCore
import Telemetry

/// Why an alarm stands, and why another does not: every condition of the profile with what it saw.
extension StewardCore {
    /// What an answer is about, and when it was asked.
    private struct Question {
        var device: DeviceIndex
        var now: Int64
        var layout: ProfileLayout
    }

    /// `{"device","conditions":[…]}` for all conditions or one; false when there is no such device, or no such condition of it.
    /// `now` is arrival time: ages are counted from it.
    public func writeExplanation(_ id: String, condition: String?, atMilliseconds now: Int64, _ writer: inout JSONWriter) -> Bool {
        guard let device = fleet.device(named: id) else { return false }
        let profile = fleet.devices[device].profile
        let question = Question(device: device, now: now, layout: fleet.profiles[profile].layout)
        let faults = fleet.profiles[profile].layout.profile.faults
        let rules = faults.indices.filter { condition == nil || faults[$0].id == condition }
        let others = alarms.standingAlarms(of: device).filter {
            $0.source != .condition && (condition == nil || $0.condition == condition)
        }
        guard condition == nil || !rules.isEmpty || !others.isEmpty || isSilence(condition) || isCode(profile, condition) else {
            return false
        }
        writer.beginObject()
        writer.member("device", id)
        writer.member("profile", fleet.profiles[profile].layout.profile.name)
        writer.member("time", now)
        writer.member("lastArrival", fleet.devices[device].arrivalMilliseconds == .min ? nil : fleet.devices[device].arrivalMilliseconds)
        writer.member("silent", fleet.devices[device].isSilent)
        writeClock(of: device, &writer)
        writer.member("maintenance", maintenance.openWindow(over: device, fleet))
        writer.member("parent", fleet.records[device].parent)
        writer.key("conditions")
        writer.beginArray()
        for rule in rules { write(rule, question, &writer) }
        if condition == nil || isSilence(condition) { writeSilence(question, &writer) }
        for alarm in others where alarm.source == .deviceAlert || alarm.source == .anomaly { writeCode(alarm, question, &writer) }
        if others.isEmpty, let condition, rules.isEmpty, !isSilence(condition) { writeAbsent(condition, profile, &writer) }
        writer.endArray()
        if condition == nil { writeWatches(of: device, &writer) }
        writer.endObject()
        return true
    }

    /// What the detectors that need no rule make of the device's metrics now.
    private func writeWatches(of device: DeviceIndex, _ writer: inout JSONWriter) {
        writer.key("watches")
        writer.beginArray()
        for metric in watchedMetrics(of: device) {
            writer.beginObject()
            writer.member("metric", metric.slot.name)
            writer.member("unit", metric.slot.unit.isEmpty ? nil : metric.slot.unit + (metric.isRate ? "/h" : ""))
            writer.member("rate", metric.isRate)
            writer.member("score", Double(metric.outlook.score))
            writer.member("anomalous", metric.outlook.isAnomalous)
            writer.member("learning", metric.outlook.isLearning)
            if let normal = metric.outlook.normal { write(normal, &writer) }
            writer.member("unusualBelow", metric.outlook.lowest)
            writer.member("unusualAbove", metric.outlook.highest)
            writer.endObject()
        }
        writer.endArray()
    }

    private func isCode(_ profile: ProfileIndex, _ code: String?) -> Bool {
        fleet.profiles[profile].layout.profile.alerts.contains { $0.codes.contains { $0.code == code } }
    }

    // MARK: Conditions of the profile

    private func write(_ number: Int, _ question: Question, _ writer: inout JSONWriter) {
        let fault = question.layout.profile.faults[number]
        let newest = fleet.devices[question.device].newestMilliseconds
        let at = EvaluationTime(
            timeMilliseconds: newest == .min ? question.now : newest, gapMilliseconds: question.layout.profile.gapMilliseconds,
            arrivalMilliseconds: fleet.devices[question.device].arrivalMilliseconds == .min
                ? 0 : fleet.devices[question.device].arrivalMilliseconds,
            listeningSinceMilliseconds: presence.listeningSince)
        guard let (explanation, clauses) = fleet.explain(rule: number, of: question.device, at: at) else { return }
        let standing = alarms.standing(question.device, fault.id, .condition).flatMap { alarms[$0] }
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
        writeRemainingLife(of: number, question.device, &writer)
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

    // MARK: Silence and codes

    private func isSilence(_ condition: String?) -> Bool { condition == "silent" || condition == "never-heard" }

    private func writeSilence(_ question: Question, _ writer: inout JSONWriter) {
        let standing = ["silent", "never-heard"].lazy.compactMap { alarms.standing(question.device, $0, .silence) }.first.flatMap {
            alarms[$0]
        }
        let expectedSince = fleet.records[question.device].expectedSinceMilliseconds
        let limit = presence.limit(of: question.device, fleet)
        let arrival = fleet.devices[question.device].arrivalMilliseconds
        let expected = expectedSince.map { ", though it is expected for \(Sentences.duration(question.now &- $0))" } ?? ""
        let heard =
            arrival == .min ? "it was never heard live\(expected)" : "it was heard \(Sentences.duration(question.now &- arrival)) ago"
        writer.beginObject()
        writer.member("condition", standing?.condition ?? "silent")
        writer.member("source", Alarm.Source.silence.rawValue)
        writer.member("text", standing?.text ?? "Nothing was heard for \(Sentences.duration(limit))")
        writer.member("severity", (standing?.severity ?? .minor).rawValue)
        writer.member("active", standing != nil)
        writeAlarm(standing, question, &writer)
        writer.member("why", "\(heard); it counts as silent after \(Sentences.duration(limit)) of arrival time\(reason(question.device))")
        writeExpectation(of: question.device, &writer)
        writer.endObject()
    }

    /// Where the limit comes from, behind it.
    private func reason(_ device: DeviceIndex) -> String {
        let habit = presence.habit(of: device)
        let shortest = Sentences.duration(ReportingHabit.shortestGapMilliseconds)
        switch expectation(of: device) {
        case .profile: return ""
        case .young: return ", because it was not heard often enough yet to tell how often it reports"
        case .learned where habit.learnedGaps == 0: return ", because its messages have never been \(shortest) apart"
        case .learned: return ", learned from \(habit.learnedGaps) gaps of more than \(shortest) between its messages"
        }
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

    /// How far a metric may be from what is usual because a person said so.
    private func write(_ normal: AnomalyExtent, _ writer: inout JSONWriter) {
        writer.object("calledNormal") { writer in
            writer.member("below", normal.below)
            writer.member("above", normal.above)
            writer.member("step", normal.step)
        }
    }

    private func writeAbsent(_ code: String, _ profile: ProfileIndex, _ writer: inout JSONWriter) {
        let rule = fleet.profiles[profile].layout.profile.alerts.lazy.flatMap(\.codes).first { $0.code == code }
        writer.beginObject()
        writer.member("condition", code)
        writer.member("source", Alarm.Source.deviceAlert.rawValue)
        writer.member("text", rule?.text ?? code)
        writer.member("active", false)
        writer.member("why", "the device does not report this code now")
        writer.endObject()
    }
}
