import RemoteSupport
import Telemetry
import Testing

@testable import GatewayCore

/// Commands that outlive their reason: answers that come late, devices that are away, and the deadline in the payload.
@Suite struct LateReplyTests {
    private func jammed() throws -> Driver {
        var driver = try Driver()
        driver.tell("p1", "\"status\":\"busy\"", at: 0)
        driver.tell("p1", "\"status\":\"down\",\"errors\":[\"jam\"]", at: 1)
        driver.control(.settled(key: driver.commands[0].key, channel: .command, outcome: .delivered, detail: nil), at: 2)
        return driver
    }

    private func outcomes(_ driver: Driver) -> [PlaybookRun.Outcome] { driver.core.support.runs.all.flatMap(\.attempts).map(\.outcome) }

    @Test func aLateOKIsJournaledAndTheRepairCountsAsRemote() throws {
        var driver = try jammed()
        driver.wait(until: 32)
        #expect(driver.commands.count == 2)
        driver.reply(to: driver.commands[0].key, at: 33)
        #expect(driver.lines.last?.contains("\"outcome\":\"overtaken\",\"detail\":\"the command before it was answered late\"") == true)
        #expect(driver.lines.contains { $0.contains("\"outcome\":\"answered-late\"") })
        // The second command had not left: it is called off.
        let second = driver.commands[1].key
        #expect(driver.effects.contains { if case .withdraw(let key) = $0 { key == second } else { false } })
        driver.tell("p1", "\"status\":\"idle\",\"errors\":[]", at: 34)
        #expect(outcomes(driver) == [.verified, .overtaken])
        #expect(driver.core.counters.runsMended == 1)
        #expect(driver.lines.contains { $0.contains("\"request\":\"\(driver.commands[0].key)\",\"outcome\":\"verified\"") })
        #expect(driver.kinds(.incidentClosed).allSatisfy { String(decoding: $0.line, as: UTF8.self).contains("\"remote\":true") })
        #expect(driver.kinds(.incidentClosed).count == 1)
    }

    @Test func aLateOKAfterTheTicketIsCreditedAndTheTicketRecovers() throws {
        for restarts in [false, true] {
            var driver = try jammed()
            driver.wait(until: 100)
            #expect(driver.kinds(.ticket).count == 1)
            if restarts {
                driver = Driver(
                    core: try #require(
                        try StewardCore(
                            configuration: CoreConfiguration(), profiles: [Driver.profile(Press.profile)], snapshot: driver.snapshot())),
                    number: driver.number)
            }
            let first = try #require(driver.core.support.runs.all.first?.attempts.first?.requestID)
            driver.reply(to: first, at: 101)
            #expect(driver.core.support.openRuns.count == 1)
            driver.tell("p1", "\"status\":\"idle\",\"errors\":[]", at: 102)
            #expect(outcomes(driver).first == .verified)
            #expect(driver.core.counters.runsMended == 1)
            #expect(driver.core.support.tickets.all.map(\.state) == [.recovered])
            // A further answer, after the alarm is over, opens nothing.
            let second = try #require(driver.core.support.runs.all.first?.attempts.last?.requestID)
            driver.reply(to: second, at: 103)
            #expect(driver.core.support.openRuns.isEmpty && driver.core.budgets[.unknownReplies] == 0)
        }
    }

    @Test func aLateOKThatChangesNothingLeavesTheTicketAndSendsNothing() throws {
        var driver = try jammed()
        driver.wait(until: 100)
        driver.reply(to: driver.commands[0].key, at: 101)
        driver.wait(until: 400)
        #expect(driver.commands.count == 2 && driver.kinds(.ticket).count == 1 && driver.core.support.openRuns.isEmpty)
        #expect(driver.core.support.tickets.all.map(\.state) == [.open])
    }

    @Test func unknownAndRetainedAnswers() throws {
        var driver = try Driver()
        driver.tell("p1", "\"status\":\"busy\"", at: 0)
        driver.reply(to: "c-of-somebody-else", at: 1)
        #expect(driver.core.budgets[.unknownReplies] == 1)
        driver.send("t/p1/replies", #"{"id":"c-x","outcome":"ok"}"#, at: 2, retained: true)
        #expect(driver.core.budgets[.unknownReplies] == 1)

        driver = try jammed()
        driver.wait(until: 100)
        let first = driver.commands[0].key
        driver.send("t/p1/replies", #"{"id":"\#(first)","outcome":"ok"}"#, at: 101, retained: true)
        #expect(driver.core.support.openRuns.isEmpty && outcomes(driver) == [.unanswered, .undeliverable])
        // Another device's answer is not this one's.
        driver.reply("p2", to: first, at: 102)
        #expect(driver.core.support.openRuns.isEmpty && driver.core.budgets[.unknownReplies] == 1)
    }

    @Test func endedRunsAreKeptForAFewAnswersOnly() throws {
        var driver = try Driver()
        var requests: [String] = []
        for round in 0..<12 {
            let at = Double(round) * 4000
            driver.tell("p1", "\"errors\":[\"jam\"]", at: at)
            requests.append(driver.commands.last?.key ?? "")
            driver.tell("p1", "\"errors\":[]", at: at + 2)
        }
        driver.reply(to: requests[0], at: 50_000)
        driver.reply(to: try #require(requests.last), at: 50_001)
        #expect(driver.core.budgets[.unknownReplies] == 1)
    }

    @Test func toASilentDeviceNoCommandGoesAndAPersonIsAsked() throws {
        let profile = Press.text().replacing("silentAfterSeconds: 600", with: "silentAfterSeconds: 20")
        var driver = try Driver([profile])
        driver.tell("p1", "\"errors\":[\"jam\"]", at: 1)
        driver.control(.settled(key: driver.commands[0].key, channel: .command, outcome: .delivered, detail: nil), at: 2)
        driver.wait(until: 100)
        #expect(driver.commands.map(\.topic) == ["t/p1/do/first"])
        #expect(outcomes(driver) == [.unanswered, .undeliverable])
        let ticket = try #require(driver.core.support.tickets.all.first)
        #expect(ticket.reason == "second was not sent: the device is away: it is silent, or its last will says so")
        #expect(driver.core.budgets[.commandsKeptBack] == 1 && driver.core.counters.commandsSent == 1)
    }

    @Test func theDeadlineStandsInThePayloadInSeveralForms() throws {
        let profile = Press.text().replacing(
            #"payload: { id: "{requestId}" }"#,
            with:
                #"payload: { ms: "{deadlineMilliseconds}", s: "{deadlineSeconds}", at: "{deadlineTime}", text: "by {deadlineSeconds} s" }"#)
        var driver = try Driver([profile])
        driver.tell("p1", "\"errors\":[\"jam\"]", at: 1)
        driver.reply(to: driver.commands[0].key, "no", at: 2.5)
        let deadline = Driver.start + 32_500
        #expect(
            String(decoding: driver.commands[1].body, as: UTF8.self)
                == #"{"ms":\#(deadline),"s":\#(deadline / 1000),"at":"2026-01-01T00:00:32.500Z","text":"by \#(deadline / 1000) s"}"#)
    }
}
