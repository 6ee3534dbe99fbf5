import FaultDetection
import Telemetry
import Testing

@testable import GatewayCore

/// A device that says that it leaves, and what it says behind that.
@Suite struct LeavingTests {
    private static let profile = """
        { profile: "p", messages: [
            { name: "will", topic: "l/{device}/online", format: "text", liveness: { online: ["yes"], offline: ["no"] } },
            { name: "data", topic: "l/{device}/data" } ],
          metrics: { state: { message: "data", pointer: "/state", kind: "state" } },
          status: { metric: "state", productive: ["busy"], unscheduledDowntime: ["off"] } }
        """

    private func silences(_ driver: Driver) -> Int64 { driver.core.counters.alarmsRaised }

    private func alarms(_ driver: Driver, _ device: String) throws -> [String] {
        let index = try #require(driver.core.fleet.device(named: device))
        return driver.core.alarms.state(of: index).active.compactMap { driver.core.alarms[$0]?.condition }
    }

    /// A program that stops says so, closes what it has open, and when its connection ends the broker publishes its last will.
    @Test func whatIsStillSentIsNoReturn() throws {
        var driver = try Driver([Self.profile])
        driver.send("l/a/online", "yes", at: 0)
        driver.send("l/a/data", #"{"state":"busy"}"#, at: 1)
        driver.send("l/a/online", "no", at: 100)
        driver.send("l/a/data", #"{"state":"off"}"#, at: 100.2)
        driver.send("l/a/data", "not JSON", at: 100.3)
        driver.send("l/a/online", "no", at: 101)
        #expect(try alarms(driver, "a") == ["silent"])
        #expect(silences(driver) == 1)
        // Its last words are known, and open no incident while it is away.
        #expect(try driver.values("a")["state"] == "off")
        let index = try #require(driver.core.fleet.device(named: "a"))
        #expect(!driver.core.availability.hasOpenIncident(index))
        // The word that it is back counts at once, and so does what it said last.
        driver.send("l/a/online", "yes", at: 102)
        #expect(try alarms(driver, "a").isEmpty)
        #expect(driver.core.availability.hasOpenIncident(index))
    }

    @Test func whatComesLaterIsAReturn() throws {
        var driver = try Driver([Self.profile])
        driver.send("l/a/data", #"{"state":"busy"}"#, at: 1)
        driver.send("l/a/online", "no", at: 100)
        driver.send("l/a/data", #"{"state":"busy"}"#, at: 109)
        #expect(try alarms(driver, "a") == ["silent"])
        driver.send("l/a/data", #"{"state":"busy"}"#, at: 110)
        #expect(try alarms(driver, "a").isEmpty)
    }

    /// A silence that time has found ends with the first message.
    @Test func afterSilenceEveryMessageIsAReturn() throws {
        var driver = try Driver([Self.profile.replacing("messages:", with: "silentAfterSeconds: 5, messages:")])
        driver.send("l/a/data", #"{"state":"busy"}"#, at: 1)
        driver.wait(until: 61)
        #expect(try alarms(driver, "a") == ["silent"])
        driver.send("l/a/data", #"{"state":"busy"}"#, at: 61.5)
        #expect(try alarms(driver, "a").isEmpty)
    }

    // MARK: Down by a second metric

    private static let machine = """
        { profile: "p", messages: [{ topic: "m/{device}" }],
          metrics: { state: { pointer: "/state", kind: "state" }, link: { pointer: "/link", kind: "state" } },
          status: { metric: "state", productive: ["busy"], standby: ["idle"], downWhen: { metric: "link", in: ["lost"], endsWithWork: true } } }
        """

    private func isDown(_ driver: Driver) throws -> Bool {
        driver.core.availability.hasOpenIncident(try #require(driver.core.fleet.device(named: "a")))
    }

    @Test func workThatIsToldLaterEndsWhatNobodyTakesBack() throws {
        var driver = try Driver([Self.machine])
        driver.send("m/a", #"{"state":"busy","link":"fine"}"#, at: 1)
        driver.send("m/a", #"{"state":"busy","link":"lost"}"#, at: 2)
        #expect(try isDown(driver))
        driver.send("m/a", #"{"state":"idle"}"#, at: 3)
        #expect(try isDown(driver))
        driver.send("m/a", #"{"state":"busy"}"#, at: 4)
        #expect(try !isDown(driver))
        // The same word once more, later, counts again; the work that was told before it does not end it, the next does.
        driver.send("m/a", #"{"link":"fine"}"#, at: 5)
        driver.send("m/a", #"{"link":"lost"}"#, at: 6)
        #expect(try isDown(driver))
        driver.send("m/a", #"{"state":"busy"}"#, at: 7)
        #expect(try !isDown(driver))
    }

    @Test func withoutThatTheWordHolds() throws {
        var driver = try Driver([Self.machine.replacing(", endsWithWork: true", with: "")])
        driver.send("m/a", #"{"state":"busy","link":"lost"}"#, at: 2)
        driver.send("m/a", #"{"state":"idle"}"#, at: 3)
        driver.send("m/a", #"{"state":"busy"}"#, at: 4)
        #expect(try isDown(driver))
    }
}
