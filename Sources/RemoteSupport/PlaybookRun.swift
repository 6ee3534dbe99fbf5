import CivilCalendar
import Hashing
import Telemetry

/// One attempt to mend one alarm remotely: command after command, each verified in telemetry, and a ticket when none helped.
///
/// A state machine without I/O. Time is arrival time: a deadline is about when an answer reaches the gateway.
public struct PlaybookRun: Equatable, Sendable, Codable {
    public enum State: Equatable, Sendable, Codable {
        case awaitingReply(deadlineMilliseconds: Int64)
        case verifying(deadlineMilliseconds: Int64)
        case mended
        case ticketed
        /// The alarm went away before a command was answered.
        case recovered
    }

    /// What the caller is to do.
    public enum Action: Equatable, Sendable {
        case send(command: String, requestID: String, deadlineMilliseconds: Int64)
        case openTicket(reason: String)
        case finished(mended: Bool)
    }

    public let id: String
    public let alarm: String
    public let device: String
    public let playbook: String
    public private(set) var step = 0
    public private(set) var state = State.recovered
    public private(set) var attempts: [Attempt] = []
    /// The place in `attempts` of the command whose effect is awaited, where that is not the last one: its answer came late. Otherwise nil.
    private var lateAttempt: Int?
    /// A person has been asked, so no further command is sent by itself. Nil is no, as in what earlier programs kept.
    private var hasAskedPerson: Bool?

    /// One command of the run.
    public struct Attempt: Equatable, Sendable, Codable {
        public var command: String
        public var requestID: String
        public var outcome: Outcome
        /// The device's own words, if it gave any.
        public var detail: String?
        /// When the gateway learned that the broker has the command, in arrival time; nil as long as it may never have left.
        public var brokerAcknowledgedMilliseconds: Int64?
        /// Which step of the playbook it is; nil in what earlier programs kept, where it is the attempt's place in the run.
        var step: Int?
        /// When an answer came after the gateway had ceased to wait for one, in arrival time.
        public internal(set) var lateReplyMilliseconds: Int64?
        /// It was decided over a recording, in which nobody is there to be sent to.
        var isReplayed: Bool?

        init(command: String, requestID: String, step: Int) {
            self.command = command
            self.requestID = requestID
            self.outcome = .sent
            self.step = step
        }

        /// No answer to it was taken yet.
        var isUnanswered: Bool {
            switch outcome {
            case .sent, .unanswered, .undeliverable, .notSent, .overtaken: lateReplyMilliseconds == nil
            case .answered, .refused, .answeredLate, .refusedLate, .verified, .unverified: false
            }
        }

        /// Neither the broker nor the device has shown that the command left the gateway.
        var mayNotHaveLeft: Bool { outcome == .sent && brokerAcknowledgedMilliseconds == nil }
    }

    public enum Outcome: String, Sendable, Codable {
        case sent
        case answered
        case refused
        case unanswered
        /// It was done after all, after the gateway had ceased to wait for the answer.
        case answeredLate = "answered-late"
        case refusedLate = "refused-late"
        case undeliverable
        /// A replay sends nothing, and its recording holds no answer either.
        case notSent = "not-sent"
        case verified
        case unverified
        case overtaken
    }

    /// `round` counts how often the alarm has come again: each time is a try of its own.
    public init(alarm: String, device: String, playbook: String, round: Int = 0) {
        self.id = "run-" + (round == 0 ? StableID.make(alarm, playbook) : StableID.make(alarm, playbook, String(round)))
        self.alarm = alarm
        self.device = device
        self.playbook = playbook
    }

    /// The id of the same run in earlier versions.
    public static func formerID(alarm: String, playbook: String, round: Int) -> String {
        "run-" + (round == 0 ? StableID.short(alarm, playbook) : StableID.short(alarm, playbook, String(round)))
    }

    public var isOpen: Bool { deadlineMilliseconds != nil }

    /// That command was sent and neither answered nor given up.
    public func isAwaitingReply(to requestID: String) -> Bool {
        guard case .awaitingReply = state else { return false }
        return attempts.last?.requestID == requestID
    }

    /// When to call `advance`, if nothing else happens; nil for a closed run.
    public var deadlineMilliseconds: Int64? {
        switch state {
        case .awaitingReply(let deadline), .verifying(let deadline): deadline
        case .mended, .ticketed, .recovered: nil
        }
    }

    /// The first command.
    public mutating func begin(_ profile: DeviceProfile, atMilliseconds now: Int64) -> Action {
        step = 0
        return sendStep(profile, now, failure: "the playbook has no step")
    }

    private mutating func sendStep(_ profile: DeviceProfile, _ now: Int64, failure: String) -> Action {
        guard hasAskedPerson != true, let book = profile.playbooks.first(where: { $0.name == playbook }), step < book.steps.count,
            let command = profile.commands.first(where: { $0.name == book.steps[step].command })
        else {
            return askPerson(failure)
        }
        // A step that was called off before it left, and is due again, is a request of its own.
        let requestID =
            "c-"
            + (attempts.count == step ? StableID.make(id, String(step)) : StableID.make(id, String(step), String(attempts.count)))
        attempts.append(Attempt(command: command.name, requestID: requestID, step: step))
        lateAttempt = nil
        let deadline = now &+ command.deadlineMilliseconds
        state =
            command.expectsReply
            ? .awaitingReply(deadlineMilliseconds: deadline) : .verifying(deadlineMilliseconds: now &+ book.steps[step].verifyMilliseconds)
        return .send(command: command.name, requestID: requestID, deadlineMilliseconds: deadline)
    }

    private mutating func askPerson(_ reason: String) -> Action {
        state = .ticketed
        hasAskedPerson = true
        lateAttempt = nil
        return .openTicket(reason: reason)
    }

    private mutating func settle(_ outcome: Outcome, _ detail: String? = nil) {
        guard !attempts.isEmpty else { return assertionFailure("a run that waits for something has sent a command") }
        attempts[attempts.count - 1].outcome = outcome
        if let detail { attempts[attempts.count - 1].detail = detail }
    }

    /// The device answered the command that waits for it. Everything else changes nothing; `repliedLate` takes it.
    public mutating func replied(_ reply: CommandReply, _ profile: DeviceProfile, atMilliseconds now: Int64) -> Action? {
        guard isAwaitingReply(to: reply.requestID), let attempt = attempts.last else { return nil }
        guard reply.succeeded else {
            settle(.refused, reply.reason ?? reply.outcome)
            step += 1
            return sendStep(profile, now, failure: "the device answered \(attempt.command) with \(reply.outcome)")
        }
        settle(.answered, reply.reason)
        state = .verifying(deadlineMilliseconds: verifyDeadline(step, profile, now))
        return nil
    }

    private func verifyDeadline(_ step: Int, _ profile: DeviceProfile, _ now: Int64) -> Int64 {
        let book = profile.playbooks.first { $0.name == playbook }
        return now &+ (book.flatMap { step < $0.steps.count ? $0.steps[step].verifyMilliseconds : nil } ?? 60_000)
    }

    /// The command that mended, or the last one where none did.
    public var decisiveRequest: String? { (attempts.last { $0.outcome == .verified } ?? attempts.last)?.requestID }

    /// The run knows that request, whatever became of it.
    public func knows(_ requestID: String) -> Bool { attempts.contains { $0.requestID == requestID } }

    /// What an answer that came late changed.
    public struct LateReply: Equatable, Sendable {
        public var outcome: Outcome
        /// A command that was decided meanwhile, may not have left, and is not wanted any more.
        public var calledOff: String?
    }

    /// The device answered a command whose deadline was over, or one that another has followed. What was done is awaited in telemetry, before any
    /// further command; a refusal is noted. Repeats change nothing.
    /// - Parameter mayReopen: a closed run may wait for telemetry once more.
    /// - Returns: nil when nothing changed.
    public mutating func repliedLate(_ reply: CommandReply, _ profile: DeviceProfile, atMilliseconds now: Int64, mayReopen: Bool)
        -> LateReply?
    {
        guard let place = attempts.firstIndex(where: { $0.requestID == reply.requestID }), attempts[place].isUnanswered,
            !isAwaitingReply(to: reply.requestID)
        else { return nil }
        // A command that is answered while an earlier one is awaited in telemetry is not late for that.
        let isLate = attempts[place].outcome != .sent || lateAttempt == nil
        let outcome: Outcome = isLate ? (reply.succeeded ? .answeredLate : .refusedLate) : reply.succeeded ? .answered : .refused
        if isLate { attempts[place].lateReplyMilliseconds = now }
        if let detail = reply.reason ?? (reply.succeeded ? nil : reply.outcome) { attempts[place].detail = detail }
        if attempts[place].outcome != .overtaken { attempts[place].outcome = outcome }
        guard reply.succeeded, isOpen || (state == .ticketed && mayReopen) else { return LateReply(outcome: outcome) }
        if state == .ticketed { hasAskedPerson = true }
        let deadline = verifyDeadline(attempts[place].step ?? place, profile, now)
        if case .verifying(let former) = state {
            state = .verifying(deadlineMilliseconds: max(former, deadline))
        } else {
            state = .verifying(deadlineMilliseconds: deadline)
        }
        lateAttempt = lateAttempt ?? place
        return LateReply(outcome: outcome, calledOff: callOffLast(after: place))
    }

    /// The step that followed `place`, if nothing has shown that it left: it is due again should telemetry show that the earlier one did not help.
    private mutating func callOffLast(after place: Int) -> String? {
        guard let last = attempts.indices.last, last > place, attempts[last].mayNotHaveLeft else { return nil }
        attempts[last].outcome = .overtaken
        step -= 1
        return attempts[last].requestID
    }

    /// The device is known to be away, so that the command that was just decided is not to be sent: it would be delivered when the device returns,
    /// and its reason may be over by then.
    public mutating func deviceIsAway(reason: String) -> Action? {
        guard isOpen, let attempt = attempts.last, attempt.outcome == .sent else { return nil }
        settle(.undeliverable, reason)
        return askPerson("\(attempt.command) was not sent: \(reason)")
    }

    /// The broker has the command. Repeats, and news of earlier commands, change nothing.
    public mutating func acknowledgedByBroker(requestID: String, atMilliseconds now: Int64) {
        guard isOpen, let last = attempts.indices.last, attempts[last].requestID == requestID else { return }
        if attempts[last].brokerAcknowledgedMilliseconds == nil { attempts[last].brokerAcknowledgedMilliseconds = now }
    }

    /// A replay decided on the command, and sends nothing. The recording may hold an answer all the same, and tells what the device did, so time
    /// passes as if it had been sent; but no device is blamed for its silence, and none is said to have been helped.
    public mutating func replayed(requestID: String, atMilliseconds now: Int64) {
        acknowledgedByBroker(requestID: requestID, atMilliseconds: now)
        guard isOpen, let last = attempts.indices.last, attempts[last].requestID == requestID else { return }
        attempts[last].isReplayed = true
    }

    /// The command could not be handed to the broker and never will be.
    public mutating func undeliverable(requestID: String, reason: String, _ profile: DeviceProfile, atMilliseconds now: Int64) -> Action? {
        // A command that is never answered waits for telemetry from the start.
        guard isOpen, attempts.last?.requestID == requestID, attempts.last?.outcome == .sent else { return nil }
        settle(.undeliverable, reason)
        // The command before it was done, and telemetry has yet to show whether that helped.
        guard lateAttempt == nil else { return nil }
        step += 1
        return sendStep(profile, now, failure: "the command could not be delivered: \(reason)")
    }

    /// The alarm returned to normal: that is the verification.
    public mutating func alarmCleared() -> Action? {
        switch state {
        case .verifying:
            if let lateAttempt {
                attempts[lateAttempt].outcome = .verified
                if attempts.last?.outcome == .sent { settle(.overtaken) }
            } else if attempts.last?.isReplayed == true, attempts.last?.outcome == .sent {
                settle(.overtaken)
                state = .recovered
                return .finished(mended: false)
            } else {
                settle(.verified)
            }
            state = .mended
            return .finished(mended: true)
        case .awaitingReply:
            settle(.overtaken)
            state = .recovered
            return .finished(mended: false)
        case .mended, .ticketed, .recovered: return nil
        }
    }

    /// The device is gone: the run ends without a ticket.
    public mutating func deviceWasRemoved() {
        guard isOpen else { return }
        settle(.overtaken, "the device was removed")
        state = .recovered
    }

    /// What became of the last command is not known any more, so no further one is sent by itself.
    public mutating func interrupt(reason: String) -> Action? {
        guard isOpen else { return nil }
        return askPerson(reason)
    }

    /// The gateway's clock was set: the deadline is as far away as before.
    public mutating func shift(byMilliseconds step: Int64) {
        switch state {
        case .awaitingReply(let deadline): state = .awaitingReply(deadlineMilliseconds: deadline.shifted(byMilliseconds: step))
        case .verifying(let deadline): state = .verifying(deadlineMilliseconds: deadline.shifted(byMilliseconds: step))
        case .mended, .ticketed, .recovered: break
        }
    }

    /// Time has passed.
    public mutating func advance(_ profile: DeviceProfile, toMilliseconds now: Int64) -> Action? {
        guard let deadline = deadlineMilliseconds, now >= deadline, let attempt = attempts.last else { return nil }
        if let lateAttempt { return lateAnswerChangedNothing(lateAttempt, profile, now) }
        // A command that may never have left the gateway says nothing of the device.
        if attempt.mayNotHaveLeft {
            return undeliverable(
                requestID: attempt.requestID, reason: "the broker had not acknowledged it by its deadline", profile, atMilliseconds: now)
        }
        step += 1
        if attempt.isReplayed == true, attempt.outcome == .sent {
            settle(.notSent)
            return sendStep(profile, now, failure: "\(attempt.command) was not sent, because a replay sends nothing, and the alarm stayed")
        }
        if case .awaitingReply = state {
            settle(.unanswered)
            return sendStep(profile, now, failure: "the device did not answer \(attempt.command) in time")
        }
        settle(.unverified)
        let verb = attempt.outcome == .sent ? "sent" : "answered"
        return sendStep(profile, now, failure: "\(attempt.command) was \(verb), but the alarm stayed")
    }

    private mutating func lateAnswerChangedNothing(_ place: Int, _ profile: DeviceProfile, _ now: Int64) -> Action {
        let command = attempts[place].command
        for later in attempts.indices[place...] {
            switch attempts[later].outcome {
            case .answered, .answeredLate: attempts[later].outcome = .unverified
            case .sent: attempts[later].outcome = attempts[later].isReplayed == true ? .notSent : .unanswered
            default: break
            }
        }
        lateAttempt = nil
        step += 1
        return sendStep(profile, now, failure: "\(command) was answered late, and the alarm stayed")
    }
}
