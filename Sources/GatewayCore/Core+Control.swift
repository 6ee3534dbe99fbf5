import Documents
import FaultDetection
import RemoteSupport
import Replenishment
import ServiceValue
import Telemetry

/// A customer's answer as it was sent in; the core counts it when it is valid.
public struct SurveySubmission: Equatable, Sendable, Codable {
    public var id: String
    public var device: String?
    public var question: SurveyQuestion
    public var values: [Double]
    public var context: SurveyContext

    public init(id: String, device: String?, question: SurveyQuestion, values: [Double], context: SurveyContext) {
        self.id = id
        self.device = device
        self.question = question
        self.values = values
        self.context = context
    }
}

/// Events that are not messages, and the passing of time.
extension StewardCore {
    /// Arrival time never runs backwards here but by a step that was told (`Core+Clock`).
    mutating func advance(to arrival: Int64, _ effects: inout [Effect]) {
        // While it listens, a tick comes at least with every scan. A longer pause is one of the gateway itself, which was down or asleep.
        if isConnected, arrival &- now > Self.silenceScanMilliseconds * 4 { listeningSince = max(listeningSince, arrival) }
        now = max(now, arrival)
        tickSparkplug(&effects)
        expireRuns(&effects)
        followQuiet(&effects)
        followInhibitions(&effects)
        expireOrders(&effects)
    }

    mutating func scanForSilenceIfDue(_ effects: inout [Effect]) {
        guard isConnected, nextSilenceScan != .min, now >= nextSilenceScan else { return }
        nextSilenceScan = now &+ Self.silenceScanMilliseconds
        scanForSilence(&effects)
    }

    private mutating func expireRuns(_ effects: inout [Effect]) {
        guard now >= nextRunDeadline else { return }
        for id in openRuns {
            guard let run = runs[id], let deadline = run.deadlineMilliseconds, now >= deadline, let device = fleet.device(named: run.device)
            else {
                continue
            }
            let profile = fleet.profiles[fleet.devices[device].profile].layout.profile
            let now = now
            let action = runs.update(id) { $0.advance(profile, toMilliseconds: now) } ?? nil
            effects.decide(.commandOutcome, at: now, device: run.device) { writer in
                writer.member("request", run.attempts.last?.requestID)
                writer.member("outcome", runs[id]?.attempts.first { $0.requestID == run.attempts.last?.requestID }?.outcome.rawValue)
            }
            follow(device, id, action, &effects)
        }
        findNextRunDeadline()
    }

    mutating func findNextRunDeadline() {
        nextRunDeadline = openRuns.reduce(.max) { min($0, runs[$1]?.deadlineMilliseconds ?? .max) }
    }

    mutating func control(_ frame: Segment.Frame, _ effects: inout [Effect]) {
        guard let event = ControlEvent(decoding: frame.payload) else {
            counters.refusedControls &+= 1
            return
        }
        switch event {
        // `step` has taken a step of the clock already.
        case .tick, .clockStepped: break
        case .connected(let sessionPresent):
            isConnected = true
            listeningSince = now
            nextSilenceScan = now &+ Self.silenceScanMilliseconds
            repeats.connected(sessionPresent: sessionPresent)
        case .disconnected:
            isConnected = false
        case .settled(let key, let channel, let outcome, let detail):
            settled(key, channel, outcome, detail, &effects)
        case .orderUpdate(let order, let state, let reference, let detail):
            if !moved(order, to: state, reference: reference, detail: detail, at: now, &effects) { counters.refusedControls &+= 1 }
        case .order(let event): take(event, &effects)
        case .survey(let submission):
            survey(submission, &effects)
        case .acknowledge(let alarm, let person):
            acknowledge(alarm, person, &effects)
        case .shelve(let alarm, let person, let until, let reason):
            shelve(alarm, person, until: until, reason: reason, &effects)
        case .unshelve(let alarm, let person):
            unshelve(alarm, person, &effects)
        case .reset(let alarm, let person):
            reset(alarm, person, &effects)
        case .addMaintenance(let window):
            addWindow(window, &effects)
        case .endMaintenance(let window, let person):
            endWindow(window, person, &effects)
        case .closeTicket(let ticket, let person):
            closeTicket(ticket, person, &effects)
        case .removeDevice(let device, let person):
            if !remove(device, by: person, &effects) { counters.refusedControls &+= 1 }
        case .oversized(let topic, let byteCount):
            counters.deadLetters &+= 1
            effects.append(
                .deadLetter(
                    DeadLetter(
                        event: lastEvent, arrivalMilliseconds: now, topic: Array(topic.utf8), payload: [],
                        reason:
                            "the payload has \(byteCount) bytes; at most \(configuration.maximumPayloadBytes) are read (limits.payloadBytes)",
                        profile: nil)))
        case .replayed(let topic, let payload, let isRetained, let arrival):
            replay(Array(topic), Array(payload), isRetained: isRetained, arrivalMilliseconds: arrival, &effects)
        case .storeDamaged(let damage): damaged(damage, &effects)
        case .storeDamageSeen(let damage, let person): sawDamage(damage, person, &effects)
        }
    }

    /// A dead letter once more. Its first arrival stands in for a time of its own, it is no sign of life, and what it says of long ago
    /// sends nothing: the rule of freshness sees to that, because `now` is the real one.
    private mutating func replay(
        _ topic: [UInt8], _ payload: [UInt8], isRetained: Bool, arrivalMilliseconds: Int64, _ effects: inout [Effect]
    ) {
        var segment = Segment(capacityBytes: topic.count + payload.count + Segment.headerBytes)
        topic.withUnsafeBytes { topic in
            payload.withUnsafeBytes { segment.append(isRetained: isRetained, topic: topic, payload: $0) }
        }
        guard let frame = segment.frame(at: 0) else { return }
        replayedArrivalMilliseconds = min(arrivalMilliseconds, now)
        counters.messages &+= 1
        read(frame, lastEvent, &effects)
        replayedArrivalMilliseconds = nil
    }

    private mutating func settled(
        _ key: String, _ channel: OutboxChannel, _ outcome: DeliveryOutcome, _ detail: String?, _ effects: inout [Effect]
    ) {
        switch (channel, outcome) {
        case (.order, _): orderSettled(key, outcome, detail, &effects)
        case (.command, .abandoned):
            guard let id = openRuns.first(where: { runs[$0]?.attempts.last?.requestID == key }), let run = runs[id],
                let device = fleet.device(named: run.device)
            else { return }
            let profile = fleet.profiles[fleet.devices[device].profile].layout.profile
            let now = now
            let action =
                runs.update(id) {
                    $0.undeliverable(requestID: key, reason: detail ?? "no reason was given", profile, atMilliseconds: now)
                } ?? nil
            follow(device, id, action, &effects)
        case (.command, .delivered):
            guard let id = openRuns.first(where: { runs[$0]?.attempts.last?.requestID == key }) else { return }
            let now = now
            _ = runs.update(id) { $0.acknowledgedByBroker(requestID: key, atMilliseconds: now) }
        case (.ticket, .abandoned):
            _ = tickets.update(key) { $0.undelivered = detail ?? "no reason was given" }
        case (.ticket, .delivered): break
        }
    }

    private mutating func survey(_ submission: SurveySubmission, _ effects: inout [Effect]) {
        guard
            let answer = try? SurveyAnswer(
                id: submission.id, question: submission.question, values: submission.values, context: submission.context)
        else {
            counters.refusedControls &+= 1
            return
        }
        guard scores.count(answer) else { return }
        effects.decide(.survey, at: now, device: submission.device ?? "") { writer in
            writer.member("survey", submission.id)
            writer.member("question", submission.question.rawValue)
            writer.key("values")
            writer.beginArray()
            for value in submission.values { writer.number(value) }
            writer.endArray()
            writer.member("context", submission.context.rawValue)
        }
    }

    private mutating func closeTicket(_ id: String, _ person: String, _ effects: inout [Effect]) {
        guard let ticket = tickets[id], ticket.state != .closed else {
            counters.refusedControls &+= 1
            return
        }
        _ = tickets.update(id) { $0.state = .closed }
        effects.decide(.ticketClosed, at: now, device: ticket.device) { writer in
            writer.member("ticket", id)
            writer.member("by", person)
        }
    }
}
