import FaultDetection
import Telemetry
import Testing

@testable import GatewayCore

/// Codes that come and go one at a time, and codes with which a device cannot work.
@Suite struct AlertEventTests {
    private static let printer = """
        { profile: "labels", messages: [{ name: "alert", topic: "z/{device}/alert" }, { name: "state", topic: "z/{device}/state" }],
          metrics: { media: { message: "state", pointer: "/media", kind: "state", states: ["ok", "out"] } },
          status: { metric: "media", standby: ["ok"], unscheduledDowntime: ["out"], downWhen: { codes: ["PAPER OUT", "HEAD *"] } },
          alerts: [{ message: "alert", pointer: "/alert", member: "id", severity: "minor", event: { member: "state", set: ["SET"], clear: ["CLEAR"] } }] }
        """

    private func send(_ driver: inout Driver, _ id: String, _ state: String, at second: Double) {
        driver.send("z/a/alert", "{\"alert\":{\"id\":\"\(id)\",\"state\":\"\(state)\"}}", at: second)
    }

    private func alarms(_ driver: Driver) throws -> [String] {
        let index = try #require(driver.core.fleet.device(named: "a"))
        return driver.core.alarms.state(of: index).active.compactMap { driver.core.alarms[$0]?.condition }.sorted()
    }

    @Test func eachIsRaisedAndClearedByItself() throws {
        var driver = try Driver([Self.printer])
        send(&driver, "PAPER OUT", "SET", at: 0)
        send(&driver, "HEAD OPEN", "SET", at: 10)
        send(&driver, "RFID ERROR", "SET", at: 20)
        #expect(try alarms(driver) == ["HEAD OPEN", "PAPER OUT", "RFID ERROR"])
        // Told again it is no news.
        send(&driver, "PAPER OUT", "SET", at: 25)
        send(&driver, "HEAD OPEN", "CLEAR", at: 30)
        #expect(try alarms(driver) == ["PAPER OUT", "RFID ERROR"])
        send(&driver, "NEVER SET", "CLEAR", at: 35)
        send(&driver, "PAPER OUT", "CLEAR", at: 40)
        #expect(try alarms(driver) == ["RFID ERROR"])
        #expect(driver.kinds(.alarmRaised).count == 3 && driver.kinds(.alarmCleared).count == 2)
    }

    /// Down from the first of them to the last, though the device tells no status.
    @Test func aCodeSaysThatItIsDown() throws {
        var driver = try Driver([Self.printer])
        send(&driver, "RFID ERROR", "SET", at: 0)
        #expect(driver.kinds(.incidentOpened).isEmpty)
        send(&driver, "PAPER OUT", "SET", at: 10)
        send(&driver, "HEAD OPEN", "SET", at: 20)
        send(&driver, "PAPER OUT", "CLEAR", at: 30)
        #expect(driver.kinds(.incidentOpened).count == 1 && driver.kinds(.incidentClosed).isEmpty)
        send(&driver, "HEAD OPEN", "CLEAR", at: 40)
        #expect(driver.kinds(.incidentClosed).map(\.timeMilliseconds) == [Driver.start + 40_000])
    }

    @Test func itsStatusCountsBesideTheCodes() throws {
        var driver = try Driver([Self.printer])
        driver.send("z/a/state", #"{"media":"ok"}"#, at: 0)
        send(&driver, "HEAD OPEN", "SET", at: 10)
        // The status says less than the code.
        driver.send("z/a/state", #"{"media":"ok"}"#, at: 20)
        #expect(driver.kinds(.incidentOpened).count == 1 && driver.kinds(.incidentClosed).isEmpty)
        driver.send("z/a/state", #"{"media":"out"}"#, at: 30)
        send(&driver, "HEAD OPEN", "CLEAR", at: 40)
        #expect(driver.kinds(.incidentClosed).isEmpty)
        driver.send("z/a/state", #"{"media":"ok"}"#, at: 50)
        #expect(driver.kinds(.incidentClosed).count == 1)
    }

    @Test func aRestartKeepsTheCodes() throws {
        var driver = try Driver([Self.printer])
        send(&driver, "PAPER OUT", "SET", at: 0)
        send(&driver, "RIBBON OUT", "SET", at: 10)
        let snapshot = try driver.snapshot()
        let restored = try StewardCore(configuration: CoreConfiguration(), profiles: [try Driver.profile(Self.printer)], snapshot: snapshot)
        var again = Driver(core: try #require(restored), number: driver.number)
        #expect(try alarms(again) == ["PAPER OUT", "RIBBON OUT"])
        send(&again, "PAPER OUT", "CLEAR", at: 30)
        #expect(try alarms(again) == ["RIBBON OUT"])
        #expect(again.kinds(.incidentClosed).count == 1)
    }

    /// Messages that wait tell what changed, not what was known when they came.
    @Test func eventsThatWaitDoNotUndoOneAnother() throws {
        let patient = Self.printer.replacing("profile: \"labels\",", with: "profile: \"labels\", allowedLatenessSeconds: 30,")
        var driver = try Driver([patient])
        send(&driver, "PAPER OUT", "SET", at: 0)
        send(&driver, "HEAD OPEN", "SET", at: 1)
        send(&driver, "PAPER OUT", "CLEAR", at: 2)
        driver.wait(until: 120)
        #expect(try alarms(driver) == ["HEAD OPEN"])
    }

    /// Of a queue without times every event counts, as the last word of its own condition.
    @Test func aQueueOfEvents() throws {
        var driver = try Driver([Self.printer])
        driver.send("z/a/state", #"{"media":"ok"}"#, at: 0)
        driver.control(.disconnected, at: 10)
        driver.take(
            [.control(.connected(sessionPresent: true)), .control(.backlogBegan)], atMilliseconds: Driver.start + 200_000)
        send(&driver, "PAPER OUT", "SET", at: 200.1)
        send(&driver, "HEAD OPEN", "SET", at: 200.2)
        send(&driver, "RIBBON OUT", "SET", at: 200.3)
        send(&driver, "HEAD OPEN", "CLEAR", at: 200.4)
        driver.control(.backlogEnded, at: 201)
        #expect(try alarms(driver) == ["PAPER OUT", "RIBBON OUT"])
    }

    /// Of a device that makes codes up as many are kept as it may have alarms.
    @Test func theyAreBounded() throws {
        var driver = try Driver([Self.printer])
        for index in 0..<400 { send(&driver, "C\(index)", "SET", at: Double(index)) }
        let index = try #require(driver.core.fleet.device(named: "a"))
        #expect(driver.core.alarms.codes(of: index, list: 0).count == AlarmDesk.maximumStandingAlarms)
    }

    /// A status that says only that a job ended badly: the device is down while an error stands with it.
    @Test func aCodeThatCountsInOneStateOnly() throws {
        var driver = try Driver([
            """
            { profile: "p", messages: [{ topic: "t/{device}" }], metrics: { status: { pointer: "/status", kind: "state" } },
              status: { metric: "status", productive: ["RUN"], standby: ["IDLE", "FAILED"], downWhen: { metric: "status", in: ["FAILED"], codes: ["E*"] } },
              alerts: [{ pointer: "/error", severity: "minor", ignore: ["CANCELLED"] }] }
            """
        ])
        driver.send("t/a", #"{"status":"RUN","error":"E7"}"#, at: 0)
        driver.send("t/a", #"{"status":"FAILED","error":"CANCELLED"}"#, at: 10)
        driver.send("t/a", #"{"status":"FAILED","error":0}"#, at: 20)
        #expect(driver.kinds(.incidentOpened).isEmpty)
        driver.send("t/a", #"{"status":"FAILED","error":"E9"}"#, at: 30)
        #expect(driver.kinds(.incidentOpened).count == 1)
        driver.send("t/a", #"{"status":"FAILED","error":0}"#, at: 40)
        #expect(driver.kinds(.incidentClosed).count == 1)
    }
}

extension String {
    fileprivate func replacing(_ part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return replacingCharacters(in: range, with: other)
    }

    private func replacingCharacters(in range: Range<Index>, with other: String) -> String {
        String(self[..<range.lowerBound]) + other + self[range.upperBound...]
    }
}
