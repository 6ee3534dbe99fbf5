import ConsumableForecast
import ServiceValue
import TestSupport
import Testing

@testable import GatewayCore

/// Messages with a time of their own and messages without one, of the same device.
@Suite struct TimeSourceTests {
    /// A bridge that tells attributes without a time and telemetry with one, in whole seconds.
    private static let bridge = """
        {
          profile: "bridge", silentAfterSeconds: 600, gapSeconds: 120,
          messages: [
            { topic: "b/{device}/telemetry", time: { pointer: "/at", unit: "seconds" } },
            { topic: "b/{device}/attributes" },
          ],
          metrics: {
            state: { pointer: "/state", kind: "state", states: ["ready", "printing", "broken"] },
            temp: { pointer: "/temp", unit: "Cel" },
            pages: { pointer: "/pages", kind: "counter" },
          },
          supplies: { ink: { level: "/ink", counter: "pages", leadTimeDays: 3, floorPercent: 10 } },
          alerts: [{ pointer: "/errors", codes: { leak: { severity: "critical", text: "Water" } } }],
          status: { metric: "state", productive: ["printing"], standby: ["ready"], unscheduledDowntime: ["broken"] },
          faults: { hot: { severity: "major", raise: { metric: "temp", above: 80, forSeconds: 60 } } },
        }
        """

    private func telemetry(_ driver: inout Driver, _ members: String, at second: Double) {
        let whole = Driver.start / 1000 + Int64(second.rounded(.down))
        driver.send("b/x/telemetry", "{\"at\":\(whole),\(members)}", at: second)
    }

    /// The one without a time comes a fraction of a second before the one whose time was cut to a second.
    @Test func aTimeInWholeSecondsIsNotOlderThanAnArrival() throws {
        var driver = try Driver([Self.bridge])
        driver.send("b/x/attributes", #"{"state":"ready"}"#, at: 10.7)
        telemetry(&driver, #""state":"printing","temp":20,"errors":["leak"],"ink":80"#, at: 10.9)
        #expect(try driver.values("x")["state"] == "printing")
        #expect(driver.core.availability.state(of: 0)?.ledger.state == .productive)
        #expect(driver.kinds(.alarmRaised).count == 1 && driver.kinds(.ticket).count == 1, "water on the floor is no old news")
        #expect(driver.core.supplies.state(0, 0)?.model.levelPercent == 80)
        #expect(driver.core.counters.late == 0)
        // And the other way round.
        driver.send("b/x/attributes", #"{"state":"broken"}"#, at: 10.95)
        #expect(driver.core.availability.state(of: 0)?.ledger.state == .unscheduledDowntime)
        telemetry(&driver, #""state":"ready","errors":[]"#, at: 11.2)
        #expect(driver.core.availability.state(of: 0)?.ledger.state == .standby)
        #expect(driver.kinds(.incidentClosed).count == 1 && driver.kinds(.alarmCleared).count == 1)
    }

    /// What waited at the device for an hour is older than what it says without a time, and changes nothing that is known since.
    @Test func aBackfillIsLateBesideMessagesWithoutATime() throws {
        var driver = try Driver([Self.bridge])
        driver.send("b/x/attributes", #"{"state":"ready","errors":[]}"#, at: 3600)
        for index in 0..<10 {
            let at = Driver.start / 1000 + Int64(index) * 60
            driver.send("b/x/telemetry", "{\"at\":\(at),\"state\":\"broken\",\"temp\":\(40 + index),\"errors\":[\"leak\"]}", at: 3601)
        }
        #expect(try driver.values("x") == ["state": "ready", "temp": "49.0"], "of the temperature nothing newer is known")
        #expect(driver.kinds(.incidentOpened).isEmpty && driver.deliveries.isEmpty)
        #expect(driver.core.counters.late == 10)
    }

    /// The order of two messages with a time stays what it was: the older one is late.
    @Test func withinOneClockTheOlderIsLate() throws {
        var driver = try Driver([Self.bridge])
        telemetry(&driver, #""state":"printing""#, at: 100)
        driver.send("b/x/telemetry", "{\"at\":\(Driver.start / 1000 + 99),\"state\":\"broken\"}", at: 101)
        #expect(try driver.values("x")["state"] == "printing")
        #expect(driver.core.counters.late == 1)
    }

    /// A duration is as long as it is, whichever messages come in between.
    @Test func messagesInBetweenMakeNoDurationLonger() throws {
        var driver = try Driver([Self.bridge])
        for second in 0..<58 {
            telemetry(&driver, #""temp":90"#, at: Double(second) + 0.9)
            driver.send("b/x/attributes", "{\"temp\":90,\"pages\":\(second)}", at: Double(second) + 0.95)
        }
        #expect(driver.kinds(.alarmRaised).isEmpty, "not a minute yet")
        for second in 58..<63 { telemetry(&driver, #""temp":90"#, at: Double(second) + 0.9) }
        #expect(driver.kinds(.alarmRaised).count == 1)
    }

    /// With random skews between the two ways nothing is late and nothing is lost.
    @Test(arguments: Array(UInt64(1)...6)) func nothingOfEitherWayIsLost(_ seed: UInt64) throws {
        print("time source seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var driver = try Driver([Self.bridge])
        let delay = Double.random(in: 0..<60, using: &generator)
        var (state, temp) = ("ready", 20)
        for step in 0..<300 {
            let second = 100 + Double(step) * 7
            if Bool.random(using: &generator) {
                state = ["ready", "printing", "broken"][Int.random(in: 0..<3, using: &generator)]
                driver.send("b/x/attributes", "{\"state\":\"\(state)\"}", at: second)
            } else {
                temp = Int.random(in: 0..<70, using: &generator)
                let at = Driver.start / 1000 + Int64(second - delay)
                driver.send("b/x/telemetry", "{\"at\":\(at),\"temp\":\(temp)}", at: second)
            }
            if step > 10 {
                #expect(try driver.values("x")["state"] == state && driver.values("x")["temp"] == "\(Double(temp))", "seed \(seed)")
            }
        }
        #expect(driver.core.counters.late == 0, "seed \(seed)")
    }
}
