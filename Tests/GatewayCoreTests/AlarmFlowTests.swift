import CoreViews
import FaultDetection
import RemoteSupport
import ServiceValue
import Testing

@testable import GatewayCore

/// From a reading to an alarm, a command and its outcome.
@Suite struct AlarmFlowTests {
    /// 40 s of heat: the alarm is raised at second 30.
    private func heated(_ driver: inout Driver) throws -> String {
        for second in stride(from: 0.0, through: 40, by: 10) { driver.tell("p1", "\"temp\":90", at: second) }
        return try #require(driver.commands.last).key
    }

    @Test func aThresholdAlarmIsMendedRemotely() throws {
        var driver = try Driver()
        let request = try heated(&driver)
        #expect(driver.effects.decidedKinds == ["alarm.raised", "command"])
        let alarm = try #require(driver.kinds(.alarmRaised).first)
        #expect(alarm.timeMilliseconds == Driver.start + 30_000)
        #expect(
            driver.lines[0].hasPrefix("{\"time\":\(Driver.start + 30_000),\"kind\":\"alarm.raised\",\"device\":\"p1\",\"alarm\":\"al-")
                && driver.lines[0].contains("\"condition\":\"hot\",\"severity\":\"critical\"")
                && driver.lines[0].contains("\"onset\":\(Driver.start)")
                && driver.lines[0].contains("\"metric\":\"temp\",\"value\":90"))
        let command = driver.commands[0]
        #expect(command.topic == "t/p1/do/first")
        #expect(String(decoding: command.body, as: UTF8.self) == #"{"id":"\#(request)","who":"p1","deep":[{"n":1,"id":"\#(request)"}]}"#)
        #expect(command.expiresMilliseconds == Driver.start + 60_000)

        driver.reply(to: request, at: 45)
        // A second answer, and one from another device, are nothing.
        #expect(driver.reply(to: request, at: 46).isEmpty)
        #expect(driver.reply("p2", to: request, "no", at: 47).isEmpty)
        for second in [50.0, 60] { driver.tell("p1", "\"temp\":60", at: second) }
        #expect(driver.effects.decidedKinds == ["alarm.raised", "command", "command.outcome", "alarm.cleared", "command.outcome"])
        #expect(driver.lines[4].contains("\"outcome\":\"verified\""))
        #expect(driver.core.counters.runsMended == 1)
        driver.wait(until: 500)
        #expect(driver.commands.count == 1)
        #expect(driver.core.nextDueMilliseconds.map { $0 > Driver.start + 500_000 } == true)
    }

    @Test func withoutAnAnswerTheNextStepAndThenATicketFollow() throws {
        var driver = try Driver()
        let first = try heated(&driver)
        driver.wait(until: 59)
        #expect(driver.commands.count == 1)
        driver.wait(until: 61)
        #expect(driver.commands.count == 2)
        let second = driver.commands[1].key
        #expect(second != first)
        driver.reply(to: second, at: 63)
        #expect(driver.kinds(.ticket).isEmpty)
        driver.wait(until: 124)
        let ticket = try #require(driver.kinds(.ticket).first)
        let line = String(decoding: ticket.line, as: UTF8.self)
        #expect(line.contains("\"text\":\"Send someone\"") && line.contains("second was answered, but the alarm stayed"))
        #expect(driver.deliveries.filter { $0.channel == .ticket }.count == 1)
        // The alarm goes away: the ticket recovers, and a person closes it.
        for second in [130.0, 140] { driver.tell("p1", "\"temp\":60", at: second) }
        let id = try #require(driver.core.support.tickets.ids.first)
        #expect(driver.core.support.tickets[id]?.state == .recovered)
        driver.control(.closeTicket(ticket: id, by: "anna"), at: 150)
        #expect(driver.core.support.tickets[id]?.state == .closed)
        #expect(driver.kinds(.ticketClosed).count == 1)
        driver.control(.closeTicket(ticket: id, by: "anna"), at: 151)
        #expect(driver.core.counters.refusedControls == 1)
    }

    @Test func aCommandThatCannotBeDeliveredMovesOn() throws {
        var driver = try Driver()
        let first = try heated(&driver)
        driver.control(.settled(key: first, channel: .command, outcome: .abandoned, detail: "expired"), at: 42)
        #expect(driver.commands.count == 2)
        // Once more, and for an unknown key: nothing.
        driver.control(.settled(key: first, channel: .command, outcome: .abandoned, detail: "expired"), at: 43)
        driver.control(.settled(key: "c-x", channel: .command, outcome: .abandoned, detail: nil), at: 44)
        #expect(driver.commands.count == 2)
    }

    @Test func deviceAlertsRaiseAndClear() throws {
        var driver = try Driver()
        driver.tell("p1", "\"errors\":[\"dust\",\"jam\"]", at: 0)
        #expect(driver.kinds(.alarmRaised).count == 2)
        #expect(driver.commands.count == 1)
        driver.tell("p1", "\"errors\":[\"dust\",\"jam\"]", at: 10)
        driver.tell("p1", "\"errors\":null", at: 11)
        driver.tell("p1", "\"temp\":1", at: 12)
        #expect(driver.kinds(.alarmRaised, .alarmCleared).count == 2)
        driver.tell("p1", "\"errors\":[\"fire\",\"dust\"]", at: 20)
        #expect(driver.kinds(.alarmCleared).count == 1)
        // No playbook for a fire: a person has to come.
        #expect(driver.kinds(.ticket).count == 1)
        driver.tell("p1", "\"errors\":[]", at: 30)
        #expect(driver.kinds(.alarmCleared).count == 3)
        #expect(driver.core.totals().activeAlarms == 0)
    }

    /// A code of the device may have the name of a fault; they are two alarms.
    @Test func aCodeOfTheDeviceClearsNoConditionAlarm() throws {
        var driver = try Driver()
        _ = try heated(&driver)
        driver.tell("p1", "\"errors\":[\"hot\",\"silent\"],\"temp\":90", at: 50)
        driver.tell("p1", "\"errors\":[],\"temp\":90", at: 60)
        #expect(driver.core.alarms.all.filter { $0.isActive }.map(\.source) == [.condition])
    }

    @Test func acknowledging() throws {
        var driver = try Driver()
        driver.tell("p1", "\"errors\":[\"dust\"]", at: 0)
        let id = try #require(driver.core.alarms.ids.first)
        driver.control(.acknowledge(alarm: id, by: "anna"), at: 1)
        driver.control(.acknowledge(alarm: id, by: "bob"), at: 2)
        driver.control(.acknowledge(alarm: "al-none", by: "bob"), at: 2)
        #expect(driver.kinds(.alarmAcknowledged).count == 1)
        #expect(driver.core.counters.refusedControls == 2)
        driver.tell("p1", "\"errors\":[]", at: 3)
        #expect(driver.core.alarms[id]?.state == .returnedToNormal)
    }

    @Test func incidentsCountDowntime() throws {
        var driver = try Driver()
        driver.tell("p1", "\"status\":\"busy\"", at: 0)
        driver.tell("p1", "\"errors\":[\"dust\"],\"status\":\"down\"", at: 100)
        driver.tell("p1", "\"status\":null", at: 150)
        driver.tell("p1", "\"status\":\"down\"", at: 200)
        driver.tell("p1", "\"status\":\"service\"", at: 300)
        driver.tell("p1", "\"status\":\"idle\"", at: 400)
        let closed = try #require(driver.kinds(.incidentClosed).first)
        let line = String(decoding: closed.line, as: UTF8.self)
        #expect(driver.kinds(.incidentOpened).map(\.timeMilliseconds) == [Driver.start + 100_000])
        #expect(
            line.contains("\"downtimeMilliseconds\":200000,\"plannedMilliseconds\":100000") && line.contains("\"conditions\":[\"dust\"]")
                && line.contains("\"remote\":false"))
        let totals = driver.core.availability.state(of: 0)!.ledger.totals(atMilliseconds: Driver.start + 500_000)
        #expect(totals.productiveMilliseconds == 100_000)
        #expect(totals.unscheduledDowntimeMilliseconds == 200_000)
        #expect(totals.scheduledDowntimeMilliseconds == 100_000)
        #expect(totals.standbyMilliseconds == 100_000)
    }

    /// Which member stands first says nothing: the alarm of a message belongs to the incident of the same message.
    @Test func theOrderOfMembersDoesNotMatterForIncidents() throws {
        for members in ["\"status\":\"down\",\"temp\":-30", "\"temp\":-30,\"status\":\"down\""] {
            var driver = try Driver()
            driver.tell("p1", members, at: 0)
            driver.tell("p1", "\"status\":\"idle\"", at: 60)
            #expect(driver.lines.contains { $0.contains("incident.closed") && $0.contains("\"conditions\":[\"cold\"]") }, "\(members)")
        }
    }

    @Test func openCommandsAreBounded() throws {
        var configuration = CoreConfiguration()
        configuration.maximumOpenRuns = 2
        var driver = try Driver(configuration: configuration)
        for device in 0..<5 { driver.tell("p\(device)", "\"errors\":[\"jam\"]", at: Double(device)) }
        #expect(driver.commands.count == 2)
        #expect(driver.kinds(.ticket).count == 3)
    }

    @Test func finishedThingsAreForgotten() throws {
        var configuration = CoreConfiguration()
        configuration.maximumFinished = 20
        var driver = try Driver(configuration: configuration)
        for round in 0..<500 {
            driver.tell("p\(round)", "\"errors\":[\"jam\",\"fire\"]", at: Double(round) / 10)
            driver.tell("p\(round)", "\"errors\":[]", at: Double(round) / 10 + 0.05)
        }
        #expect(driver.kinds(.alarmRaised).count == 1000)
        for count in [driver.core.alarms.count, driver.core.support.runs.count, driver.core.support.tickets.count] { #expect(count <= 60) }
        #expect(driver.core.alarms.state(of: 0).active.isEmpty)
        #expect(driver.core.support.openRuns.isEmpty)
    }
}
