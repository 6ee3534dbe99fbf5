import Hashing
import Testing

@testable import RemoteSupport
@testable import Telemetry

@Suite struct PlaybookRunTests {
    private let profile: DeviceProfile

    init() throws {
        profile = try ProfileReader.read(
            Array(
                """
                { profile: "p", messages: [{ topic: "d/{device}" }], replies: [{ topic: "r/{device}", requestId: "/id", outcome: "/o" }],
                  commands: {
                    first: { topic: "d/{device}/1", payload: {}, deadlineSeconds: 30 },
                    second: { topic: "d/{device}/2", payload: {}, deadlineSeconds: 5 },
                    mute: { topic: "d/{device}/3", payload: {}, deadlineSeconds: 7, reply: false },
                  },
                  playbooks: {
                    two: { steps: [{ command: "first", verifySeconds: 60 }, { command: "second", verifySeconds: 90 }] },
                    mute: { steps: [{ command: "mute", verifySeconds: 10 }] },
                  },
                }
                """.utf8), file: "p")
    }

    private func begun(_ playbook: String = "two") -> (PlaybookRun, PlaybookRun.Action) {
        var run = PlaybookRun(alarm: "al-1", device: "d", playbook: playbook)
        let action = run.begin(profile, atMilliseconds: 1000)
        return (run, action)
    }

    private func reply(_ run: PlaybookRun, _ outcome: String = "ok", ok: Bool = true) -> CommandReply {
        CommandReply(requestID: run.attempts.last?.requestID ?? "", succeeded: ok, outcome: outcome, reason: "said so")
    }

    @Test func answeredAndVerified() {
        var (run, action) = begun()
        #expect(action == .send(command: "first", requestID: run.attempts[0].requestID, deadlineMilliseconds: 31_000))
        #expect(run.deadlineMilliseconds == 31_000)
        #expect(run.replied(reply(run), profile, atMilliseconds: 2000) == nil)
        #expect(run.state == .verifying(deadlineMilliseconds: 62_000))
        // The same answer once more changes nothing.
        #expect(run.replied(reply(run), profile, atMilliseconds: 50_000) == nil)
        #expect(run.replied(reply(run, "no", ok: false), profile, atMilliseconds: 50_000) == nil)
        #expect(run.state == .verifying(deadlineMilliseconds: 62_000))
        #expect(run.alarmCleared() == .finished(mended: true))
        #expect(run.state == .mended)
        #expect(run.attempts.map(\.outcome) == [.verified])
        #expect(!run.isOpen)
        #expect(run.deadlineMilliseconds == nil)
        #expect(run.alarmCleared() == nil)
        #expect(run.advance(profile, toMilliseconds: .max) == nil)
        #expect(run.replied(reply(run), profile, atMilliseconds: 2000) == nil)
    }

    @Test func unansweredThenUnverifiedThenTicket() {
        var (run, _) = begun()
        let late = reply(run)
        run.acknowledgedByBroker(requestID: run.attempts[0].requestID, atMilliseconds: 1100)
        #expect(run.advance(profile, toMilliseconds: 30_999) == nil)
        let second = run.advance(profile, toMilliseconds: 31_000)
        #expect(second == .send(command: "second", requestID: run.attempts[1].requestID, deadlineMilliseconds: 36_000))
        #expect(run.attempts[0].requestID != run.attempts[1].requestID)
        // The answer to the first command comes too late to be taken for one to the second.
        #expect(run.replied(late, profile, atMilliseconds: 31_500) == nil)
        #expect(run.state == .awaitingReply(deadlineMilliseconds: 36_000))
        #expect(run.replied(reply(run), profile, atMilliseconds: 32_000) == nil)
        #expect(run.state == .verifying(deadlineMilliseconds: 122_000))
        #expect(run.advance(profile, toMilliseconds: 121_999) == nil)
        #expect(run.advance(profile, toMilliseconds: 122_000) == .openTicket(reason: "second was answered, but the alarm stayed"))
        #expect(run.state == .ticketed)
        #expect(run.attempts.map(\.outcome) == [.unanswered, .unverified])
        #expect(run.alarmCleared() == nil)
        #expect(run.advance(profile, toMilliseconds: .max) == nil)
    }

    @Test func refusedAndUndeliverable() {
        var (run, _) = begun()
        guard case .send("second", _, 7000)? = run.replied(reply(run, "busy", ok: false), profile, atMilliseconds: 2000) else {
            Issue.record("a refusal goes on to the next step")
            return
        }
        #expect(run.attempts[0].detail == "said so")
        #expect(run.undeliverable(requestID: run.attempts[0].requestID, reason: "old", profile, atMilliseconds: 3000) == nil)
        let end = run.undeliverable(requestID: run.attempts[1].requestID, reason: "no broker", profile, atMilliseconds: 3000)
        #expect(end == .openTicket(reason: "the command could not be delivered: no broker"))
        #expect(run.attempts.map(\.outcome) == [.refused, .undeliverable])
    }

    @Test func whatNeverLeftIsNotCalledUnanswered() {
        for book in ["two", "mute"] {
            var (run, _) = begun(book)
            run.acknowledgedByBroker(requestID: "c-other", atMilliseconds: 1100)
            _ = run.advance(profile, toMilliseconds: 31_000)
            #expect(run.attempts[0].outcome == .undeliverable)
            #expect(run.attempts[0].detail == "the broker had not acknowledged it by its deadline")
        }
        var (run, _) = begun("mute")
        run.acknowledgedByBroker(requestID: run.attempts[0].requestID, atMilliseconds: 1100)
        #expect(run.advance(profile, toMilliseconds: 11_000) == .openTicket(reason: "mute was sent, but the alarm stayed"))
        #expect(run.attempts[0].outcome == .unverified)
    }

    @Test func recoveredBeforeTheAnswer() {
        var (run, _) = begun()
        #expect(run.alarmCleared() == .finished(mended: false))
        #expect(run.state == .recovered)
        #expect(run.attempts.map(\.outcome) == [.overtaken])
        #expect(run.replied(reply(run), profile, atMilliseconds: 2000) == nil)
        #expect(run.undeliverable(requestID: run.attempts[0].requestID, reason: "", profile, atMilliseconds: 2000) == nil)
    }

    @Test func aCommandThatIsNeverAnsweredIsVerifiedByTelemetry() {
        let (run, action) = begun("mute")
        #expect(action == .send(command: "mute", requestID: run.attempts[0].requestID, deadlineMilliseconds: 8000))
        #expect(run.state == .verifying(deadlineMilliseconds: 11_000))
        var other = run
        #expect(other.alarmCleared() == .finished(mended: true))
    }

    @Test func aPlaybookThatIsGoneBecomesATicket() {
        let (run, action) = begun("none")
        #expect(action == .openTicket(reason: "the playbook has no step"))
        #expect(run.state == .ticketed)
        var (other, _) = begun()
        other.acknowledgedByBroker(requestID: other.attempts[0].requestID, atMilliseconds: 1100)
        var changed = profile
        changed.commands.removeAll()
        #expect(other.advance(changed, toMilliseconds: 31_000) == .openTicket(reason: "the device did not answer first in time"))
    }

    @Test func foreignAnswersChangeNothing() {
        var (run, _) = begun()
        let before = run
        #expect(
            run.replied(CommandReply(requestID: "c-x", succeeded: true, outcome: "ok", reason: nil), profile, atMilliseconds: 2000) == nil)
        #expect(run == before)
    }

    @Test func hugeTimesNeverTrap() {
        var run = PlaybookRun(alarm: "a", device: "d", playbook: "two")
        _ = run.begin(profile, atMilliseconds: .max)
        _ = run.replied(reply(run), profile, atMilliseconds: .max)
        for _ in 0..<4 { _ = run.advance(profile, toMilliseconds: .max) }
        #expect(run.state == .ticketed)
    }

    @Test func idsAreStable() {
        #expect(begun().0 == begun().0)
        #expect(PlaybookRun(alarm: "al-2", device: "d", playbook: "two").id != begun().0.id)
        let ticket = Ticket(alarm: "al-1", device: "d", severity: .major, text: "t", reason: "r", onsetMilliseconds: 1)
        #expect(ticket.id == "ti-" + StableID.make("al-1"))
    }

    // MARK: Answers that come late

    /// The first command is unanswered, and the second was sent, and left or not.
    private func overdue(hasLeft: Bool = true) -> PlaybookRun {
        var run = begun().0
        run.acknowledgedByBroker(requestID: run.attempts[0].requestID, atMilliseconds: 1100)
        _ = run.advance(profile, toMilliseconds: 31_000)
        if hasLeft { run.acknowledgedByBroker(requestID: run.attempts[1].requestID, atMilliseconds: 31_100) }
        return run
    }

    private func answer(_ run: PlaybookRun, _ place: Int, _ outcome: String = "ok") -> CommandReply {
        CommandReply(requestID: run.attempts[place].requestID, succeeded: outcome == "ok", outcome: outcome, reason: nil)
    }

    @Test func aLateOKIsCredited() {
        var run = overdue()
        let late = run.repliedLate(answer(run, 0), profile, atMilliseconds: 32_000, mayReopen: true)
        #expect(late == .init(outcome: .answeredLate))
        #expect(run.state == .verifying(deadlineMilliseconds: 92_000) && run.attempts[0].lateReplyMilliseconds == 32_000)
        // Once more, and as a refusal: nothing.
        for word in ["ok", "no"] {
            #expect(run.repliedLate(answer(run, 0, word), profile, atMilliseconds: 33_000, mayReopen: true) == nil)
        }
        #expect(run.alarmCleared() == .finished(mended: true))
        #expect(run.attempts.map(\.outcome) == [.verified, .overtaken])
    }

    @Test func aLateOKStopsTheNextStepUntilTelemetryHasHadItsTime() {
        var run = overdue(hasLeft: false)
        let second = run.attempts[1].requestID
        let late = run.repliedLate(answer(run, 0), profile, atMilliseconds: 32_000, mayReopen: true)
        #expect(late == .init(outcome: .answeredLate, calledOff: second))
        #expect(run.undeliverable(requestID: second, reason: "called off", profile, atMilliseconds: 33_000) == nil)
        // It did not help: the step that was called off is due again, as a request of its own.
        guard case .send("second", let again, 97_000)? = run.advance(profile, toMilliseconds: 92_000) else {
            Issue.record("the second step is due")
            return
        }
        #expect(again != second && run.attempts.map(\.outcome) == [.unverified, .overtaken, .sent])
        _ = run.replied(reply(run), profile, atMilliseconds: 93_000)
        #expect(run.state == .verifying(deadlineMilliseconds: 183_000))
    }

    @Test func whileALateAnswerIsAwaitedInTelemetryTheOtherCommandMayBeAnswered() {
        for (word, outcome, deadline) in [("ok", PlaybookRun.Outcome.answered, 123_000 as Int64), ("no", .refused, 92_000)] {
            var run = overdue()
            _ = run.repliedLate(answer(run, 0), profile, atMilliseconds: 32_000, mayReopen: true)
            #expect(run.repliedLate(answer(run, 1, word), profile, atMilliseconds: 33_000, mayReopen: true)?.outcome == outcome)
            #expect(run.state == .verifying(deadlineMilliseconds: deadline))
            #expect(
                run.advance(profile, toMilliseconds: deadline) == .openTicket(reason: "first was answered late, and the alarm stayed"))
            #expect(run.attempts.map(\.outcome) == [.unverified, outcome == .answered ? .unverified : .refused])
        }
        var run = overdue()
        _ = run.repliedLate(answer(run, 0), profile, atMilliseconds: 32_000, mayReopen: true)
        #expect(run.undeliverable(requestID: run.attempts[1].requestID, reason: "no broker", profile, atMilliseconds: 33_000) == nil)
        #expect(run.state == .verifying(deadlineMilliseconds: 92_000))
    }

    @Test func aLateRefusalIsNoted() {
        var run = overdue()
        #expect(run.repliedLate(answer(run, 0, "busy"), profile, atMilliseconds: 32_000, mayReopen: true)?.outcome == .refusedLate)
        #expect(run.attempts.map(\.outcome) == [.refusedLate, .sent] && run.attempts[0].detail == "busy")
        #expect(run.state == .awaitingReply(deadlineMilliseconds: 36_000))
    }

    @Test func aTicketedRunIsReopenedOnceAndSendsNoFurtherCommand() {
        for isInterrupted in [false, true] {
            var run = overdue()
            if isInterrupted {
                _ = run.interrupt(reason: "damage")
            } else {
                _ = run.advance(profile, toMilliseconds: 36_000)
            }
            #expect(run.state == .ticketed)
            var closed = run
            #expect(closed.repliedLate(answer(run, 1), profile, atMilliseconds: 40_000, mayReopen: false) == .init(outcome: .answeredLate))
            #expect(closed.state == .ticketed)
            #expect(run.repliedLate(answer(run, 1), profile, atMilliseconds: 40_000, mayReopen: true) == .init(outcome: .answeredLate))
            #expect(run.state == .verifying(deadlineMilliseconds: 130_000))
            var mended = run
            #expect(mended.alarmCleared() == .finished(mended: true))
            #expect(mended.attempts.last?.outcome == .verified)
            #expect(
                run.advance(profile, toMilliseconds: 130_000) == .openTicket(reason: "second was answered late, and the alarm stayed"))
            #expect(run.state == .ticketed)
        }
    }

    @Test func anAnswerAfterTheAlarmIsOverIsNotedAndCreditsNothing() {
        var (run, _) = begun()
        _ = run.alarmCleared()
        #expect(run.repliedLate(answer(run, 0), profile, atMilliseconds: 3000, mayReopen: true)?.outcome == .answeredLate)
        #expect(run.state == .recovered && run.attempts[0].outcome == .overtaken && run.attempts[0].lateReplyMilliseconds == 3000)
    }

    @Test func toADeviceThatIsAwayNothingIsSent() {
        var (run, _) = begun()
        #expect(run.deviceIsAway(reason: "silent") == .openTicket(reason: "first was not sent: silent"))
        #expect(run.attempts.map(\.outcome) == [.undeliverable] && run.state == .ticketed)
        #expect(run.advance(profile, toMilliseconds: .max) == nil)
    }
}
