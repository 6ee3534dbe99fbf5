import CoreViews
import Documents
import FaultDetection
import Telemetry
import Testing

@testable import GatewayCore

/// The life of an alarm: shelves, latches, flapping, suppression, dead parents.
@Suite struct AlarmLifeTests {
    static func profile(_ faults: String, more: String = "") -> String {
        """
        { profile: "press", silentAfterSeconds: 6000, gapSeconds: 6000, \(more)
          messages: [{ topic: "t/{device}/data", time: { pointer: "/ts" } }],
          replies: [{ topic: "t/{device}/replies", requestId: "/id", outcome: "/outcome" }],
          metrics: {
            status: { pointer: "/status", kind: "state", states: ["idle", "busy", "down"] }, temp: { pointer: "/temp", unit: "Cel" },
            power: { pointer: "/power" },
          },
          status: { metric: "status", productive: ["busy"], standby: ["idle"], unscheduledDowntime: ["down"] },
          alerts: [{ pointer: "/errors", codes: { jam: { severity: "major", text: "Paper jam" } } }],
          faults: { \(faults) },
          commands: { fix: { topic: "t/{device}/do/fix", payload: { id: "{requestId}" }, deadlineSeconds: 30 } },
          playbooks: { mend: { steps: [{ command: "fix", verifySeconds: 60 }] } },
        }
        """
    }

    private func active(_ driver: Driver) -> [Alarm] { driver.core.alarms.all.filter(\.isActive) }
    private func json(_ driver: Driver, all: Bool = true) -> String {
        var writer = JSONWriter()
        for id in driver.core.ids(of: .alarms).reversed() {
            _ = driver.core.write(.alarms, id: id, filter: ListingFilter(includesFinished: all), &writer)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    // MARK: Flapping

    @Test func twentyChangesInTenMinutesAreOneAlarmAndOneTicket() throws {
        var driver = try Driver([Self.profile("")])
        for round in 0..<10 {
            driver.tell("p1", "\"errors\":[\"jam\"]", at: Double(round * 60))
            driver.tell("p1", "\"errors\":[]", at: Double(round * 60 + 30))
        }
        #expect(driver.core.alarms.count == 1)
        let alarm = try #require(driver.core.alarms.all.first)
        #expect(alarm.isFlapping && alarm.isActive && alarm.normalSinceMilliseconds != nil)
        #expect(driver.kinds(.ticket).count == 1)
        #expect(driver.kinds(.alarmFlapping).count == 1)
        #expect(driver.kinds(.alarmRaised).count == 4 && driver.kinds(.alarmCleared).count == 3)
        #expect(json(driver).contains("\"flapping\":true"))
        // Quiet for ten minutes ends it, at the time at which it was normal.
        driver.wait(until: 570 + 599)
        #expect(active(driver).count == 1)
        driver.wait(until: 570 + 601)
        #expect(active(driver).isEmpty)
        #expect(driver.core.alarms.all.first?.clearedMilliseconds == Driver.start + 570_000)
    }

    @Test func whatStaysAfterFlappingIsAnOrdinaryAlarm() throws {
        var driver = try Driver([Self.profile("")])
        for round in 0..<5 {
            driver.tell("p1", "\"errors\":[]", at: Double(round * 60))
            driver.tell("p1", "\"errors\":[\"jam\"]", at: Double(round * 60 + 30))
        }
        #expect(active(driver).map(\.isFlapping) == [true])
        driver.wait(until: 270 + 601)
        #expect(active(driver).map(\.isFlapping) == [false])
        driver.tell("p1", "\"errors\":[]", at: 900)
        #expect(active(driver).isEmpty)
    }

    @Test func whatComesAgainSoonIsTheSameAlarmAndIsTriedAgain() throws {
        var driver = try Driver([Self.profile("hot: { raise: { metric: \"temp\", above: 80 }, playbook: \"mend\" }")])
        driver.tell("p1", "\"temp\":81", at: 0)
        driver.tell("p1", "\"temp\":20", at: 10)
        driver.tell("p1", "\"temp\":81", at: 20)
        #expect(driver.core.alarms.count == 1 && driver.core.alarms.all[0].repeats == 1)
        #expect(Set(driver.commands.map(\.key)).count == 2)
        driver.tell("p1", "\"temp\":20", at: 30)
        driver.tell("p1", "\"temp\":81", at: 30 + 601)
        #expect(driver.core.alarms.count == 2)
    }

    // MARK: Latches

    @Test func aLatchedAlarmWaitsForAPerson() throws {
        var driver = try Driver([Self.profile("hot: { severity: \"minor\", latch: true, raise: { metric: \"temp\", above: 80 } }")])
        driver.tell("p1", "\"temp\":81", at: 0)
        let id = try #require(driver.core.alarms.ids.first)
        driver.control(.reset(alarm: id, by: "anna"), at: 1)
        #expect(driver.core.counters.refusedControls == 1)
        driver.tell("p1", "\"temp\":20", at: 10)
        #expect(active(driver).count == 1 && json(driver).contains("\"latched\":true"))
        #expect(driver.core.canReset(id))
        // It holds again: still the one alarm.
        driver.tell("p1", "\"temp\":81", at: 20)
        #expect(!driver.core.canReset(id) && driver.core.alarms.count == 1)
        driver.tell("p1", "\"temp\":20", at: 30)
        driver.control(.reset(alarm: id, by: "anna"), at: 40)
        #expect(driver.core.alarms[id]?.state == .returnedToNormal)
        #expect(driver.core.alarms[id]?.clearedMilliseconds == Driver.start + 30_000)
        // One that was seen while it held ends by itself.
        driver.tell("p1", "\"temp\":81", at: 2000)
        driver.control(.acknowledge(alarm: try #require(driver.core.alarms.ids.last), by: "anna"), at: 2001)
        driver.tell("p1", "\"temp\":20", at: 2010)
        #expect(active(driver).isEmpty)
    }

    @Test func acknowledgingALatchedAlarmEndsIt() throws {
        var driver = try Driver([Self.profile("hot: { severity: \"minor\", latch: true, raise: { metric: \"temp\", above: 80 } }")])
        driver.tell("p1", "\"temp\":81", at: 0)
        driver.tell("p1", "\"temp\":20", at: 10)
        driver.control(.acknowledge(alarm: try #require(driver.core.alarms.ids.first), by: "anna"), at: 20)
        #expect(active(driver).isEmpty && driver.kinds(.alarmCleared).count == 1)
    }

    // MARK: Shelves

    @Test func aShelvedConditionSetsNothingOffUntilTheShelfEnds() throws {
        var driver = try Driver([Self.profile("hot: { raise: { metric: \"temp\", above: 80 } }")])
        driver.tell("p1", "\"temp\":81", at: 0)
        let id = try #require(driver.core.alarms.ids.first)
        driver.tell("p1", "\"temp\":20", at: 10)
        driver.control(.shelve(alarm: id, by: "anna", untilMilliseconds: Driver.start + 3_600_000, reason: "new fan"), at: 20)
        #expect(driver.kinds(.ticket).count == 1)
        // A new alarm of that condition lies on the shelf, too.
        driver.tell("p1", "\"temp\":81", at: 1000)
        #expect(driver.core.alarms.count == 2 && driver.kinds(.ticket).count == 1)
        #expect(json(driver, all: false).contains("\"state\":\"shelved\"") && json(driver).contains("\"reason\":\"new fan\""))
        #expect(driver.core.totals().shelvedAlarms == 1 && driver.core.totals().heldAlarms == 1)
        let copy = try #require(
            try StewardCore(
                configuration: CoreConfiguration(),
                profiles: [try Driver.profile(Self.profile("hot: { raise: { metric: \"temp\", above: 80 } }"))], snapshot: driver.snapshot()
            ))
        #expect(copy.nextDueMilliseconds == driver.core.nextDueMilliseconds)
        driver.wait(until: 3599)
        #expect(driver.kinds(.ticket).count == 1)
        driver.wait(until: 3600)
        #expect(driver.kinds(.ticket).count == 2 && driver.kinds(.alarmUnshelved).count == 1)
        #expect(json(driver).contains("\"state\":\"unacknowledged\""))
        driver.control(.unshelve(alarm: id, by: "anna"), at: 3700)
        driver.control(.shelve(alarm: "al-none", by: "anna", untilMilliseconds: .max, reason: ""), at: 3700)
        driver.control(.shelve(alarm: id, by: "anna", untilMilliseconds: 0, reason: ""), at: 3700)
        #expect(driver.core.counters.refusedControls == 3)
    }

    @Test func unshelvingSetsOffWhatStands() throws {
        var driver = try Driver([Self.profile("hot: { severity: \"minor\", raise: { metric: \"temp\", above: 80 }, playbook: \"mend\" }")])
        driver.tell("p1", "\"temp\":81", at: 0)
        let id = try #require(driver.core.alarms.ids.first)
        driver.tell("p1", "\"temp\":20", at: 5)
        driver.control(.shelve(alarm: id, by: "anna", untilMilliseconds: .max, reason: "x"), at: 10)
        driver.tell("p1", "\"temp\":81", at: 1000)
        #expect(driver.commands.count == 1)
        driver.control(.unshelve(alarm: id, by: "anna"), at: 1010)
        #expect(driver.commands.count == 2)
    }

    // MARK: Suppression

    static let causes =
        "cut: { severity: \"critical\", raise: { metric: \"power\", below: 1 } }, cold: { raise: { metric: \"temp\", below: 50 }, suppressedBy: [\"cut\", \"jam\"] }"

    @Test func anAlarmIsSuppressedByItsCause() throws {
        var driver = try Driver([Self.profile(Self.causes)])
        driver.tell("p1", "\"power\":0,\"temp\":60", at: 0)
        driver.tell("p1", "\"temp\":40", at: 10)
        #expect(driver.kinds(.ticket).count == 1)
        #expect(driver.core.alarms.all.last?.suppressedBy == "cut stands")
        #expect(json(driver).contains("\"state\":\"suppressed\"") && driver.core.totals().suppressedAlarms == 1)
        // The cause goes; what is left is an alarm of its own.
        driver.tell("p1", "\"power\":9", at: 20)
        #expect(driver.kinds(.alarmUnsuppressed).count == 1 && driver.kinds(.ticket).count == 2)
        driver.tell("p1", "\"errors\":[\"jam\"]", at: 30)
        #expect(driver.kinds(.alarmSuppressed).count == 1)
    }

    @Test func theSilenceOfChildrenHasItsCauseInTheParent() throws {
        let child = Self.profile("", more: "parent: \"bridge\",").replacing("\"press\"", with: "\"child\"").replacing("t/{", with: "c/{")
            .replacing("silentAfterSeconds: 6000", with: "silentAfterSeconds: 300")
        let bridge = Self.profile("").replacing("silentAfterSeconds: 6000", with: "silentAfterSeconds: 400")
        var configuration = CoreConfiguration()
        configuration.parents = ["k2": "k1"]
        var driver = try Driver([child, bridge], configuration: configuration)
        for device in ["k1", "k2"] { driver.send("c/\(device)/data", "{\"temp\":1}", at: 0) }
        driver.tell("bridge", "\"temp\":1", at: 0)
        driver.wait(until: 350)
        #expect(driver.core.totals().silent == 2 && driver.core.totals().suppressedAlarms == 1)
        // k2 hangs on k1, which is silent; k1 has nobody to blame until the bridge is found silent.
        driver.wait(until: 450)
        #expect(driver.core.totals().silent == 3 && driver.core.totals().suppressedAlarms == 2)
        driver.tell("bridge", "\"temp\":1", at: 460)
        #expect(driver.core.totals().suppressedAlarms == 1)
        driver.send("c/k1/data", "{\"temp\":1}", at: 470)
        #expect(driver.core.totals().activeAlarms == 1 && driver.core.totals().suppressedAlarms == 0)
    }

    @Test func aFaultOfTheParentInhibitsItsChildren() throws {
        let faults = "\"no-power\": { raise: { metric: \"power\", below: 1 }, inhibitsChildren: true }"
        var driver = try Driver([
            Self.profile(faults),
            """
            { profile: "child", silentAfterSeconds: 300, parent: "ups-{room}", messages: [{ topic: "c/{room}/{device}" }],
              metrics: { "temp.{room}": { pointer: "/temp" } } }
            """,
        ])
        driver.tell("ups-7", "\"power\":0", at: 0)
        driver.send("c/7/k1", "{\"temp\":1}", at: 0)
        driver.send("c/8/k2", "{\"temp\":1}", at: 0)
        driver.wait(until: 400)
        #expect(driver.core.alarms.all.filter { $0.condition == "silent" }.map(\.suppressedBy) == ["ups-7 has no-power", nil])
    }

    // MARK: Severities, missing data

    @Test func escalationWeighsTheAlarmAndSendsSomebody() throws {
        let fault = """
            hot: { severity: "warning", raise: { metric: "temp", above: 80 }, escalate: [{ afterSeconds: 60, severity: "critical" }],
                   clear: { metric: "temp", below: 75, forSeconds: 300 }, relax: [{ afterSeconds: 120, severity: "warning" }] }
            """
        var driver = try Driver([Self.profile(fault)])
        driver.tell("p1", "\"temp\":81", at: 0)
        #expect(driver.kinds(.ticket).isEmpty)
        driver.tell("p1", "\"temp\":81", at: 60)
        #expect(driver.kinds(.ticket).count == 1 && active(driver).map(\.severity) == [.critical])
        driver.tell("p1", "\"temp\":70", at: 100)
        driver.tell("p1", "\"temp\":70", at: 220)
        #expect(active(driver).map(\.severity) == [.warning])
        driver.tell("p1", "\"temp\":70", at: 400)
        #expect(active(driver).isEmpty && driver.kinds(.alarmSeverity).count == 2 && driver.kinds(.alarmRaised).count == 1)
    }

    @Test func aMissingMetricIsFoundWhileTheDeviceSpeaks() throws {
        var driver = try Driver([Self.profile("lost: { severity: \"minor\", raise: { metric: \"temp\", noDataForSeconds: 300 } }")])
        driver.tell("p1", "\"temp\":1", at: 0)
        driver.tell("p1", "\"power\":1", at: 299)
        #expect(active(driver).isEmpty)
        driver.wait(until: 900)
        #expect(active(driver).isEmpty, "a device that says nothing at all is silent, not without this metric")
        driver.tell("p1", "\"power\":1", at: 901)
        #expect(active(driver).map(\.condition) == ["lost"] && active(driver).map(\.onsetMilliseconds) == [Driver.start])
        driver.tell("p1", "\"temp\":1", at: 910)
        #expect(active(driver).isEmpty)
    }

    @Test func alarmsKeepWhatRaisedAndClearedThem() throws {
        let fault = "hot: { raise: { all: [{ metric: \"temp\", above: 80 }, { metric: \"status\", equals: \"busy\" }] } }"
        var driver = try Driver([Self.profile(fault)])
        driver.tell("p1", "\"status\":\"busy\"", at: 0)
        driver.tell("p1", "\"temp\":81.5", at: 10)
        driver.tell("p1", "\"status\":\"idle\"", at: 20)
        let text = json(driver)
        #expect(
            text.contains(
                "\"raisedBy\":[{\"metric\":\"temp\",\"value\":81.5,\"time\":1767225610000},{\"metric\":\"status\",\"value\":\"busy\",\"time\":1767225600000}]"
            ), "\(text)")
        #expect(text.contains("\"clearedBy\":[{\"metric\":\"status\",\"value\":\"idle\",\"time\":1767225620000},"))
    }
}
