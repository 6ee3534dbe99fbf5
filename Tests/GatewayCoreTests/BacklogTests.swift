import FaultDetection
import ServiceValue
import TestSupport
import Testing

@testable import GatewayCore

/// What comes in a burst after an outage is the past until the burst is over.
@Suite struct BacklogTests {
    private static let press = """
        {
          profile: "simple", silentAfterSeconds: 600,
          messages: [{ topic: "s/{device}" }],
          metrics: { status: { pointer: "/status", kind: "state", states: ["ok", "stop"] }, count: { pointer: "/count", kind: "counter" } },
          status: { metric: "status", productive: ["ok"], unscheduledDowntime: ["stop"] },
          replies: [{ topic: "s/{device}/answer", requestId: "/id" }],
          alerts: [{ pointer: "/errors", codes: { jam: { severity: "major", playbook: "start" } } }],
          faults: {
            often: { severity: "major", raise: { count: { metric: "status", enters: "stop" }, atLeast: 3, withinSeconds: 60 }, playbook: "start" },
            stopped: { severity: "major", raise: { metric: "status", equals: "stop" }, playbook: "start" },
            held: { severity: "major", raise: { metric: "status", equals: "stop", forSeconds: 20 }, playbook: "start" },
          },
          commands: { start: { topic: "s/{device}/do", payload: { id: "{requestId}" } } },
          playbooks: { start: { steps: [{ command: "start" }] } },
        }
        """

    private func away(_ driver: inout Driver, from first: Double, to last: Double) {
        driver.control(.disconnected, at: first)
        driver.take(
            [.control(.connected(sessionPresent: true)), .control(.backlogBegan)], atMilliseconds: Driver.start + Int64(last * 1000))
    }

    @Test func aQueueOfStopsThatAreOverSendsNothing() throws {
        var driver = try Driver([Self.press])
        driver.send("s/p", #"{"status":"ok"}"#, at: 0)
        away(&driver, from: 10, to: 200)
        for index in 0..<4 {
            driver.send("s/p", #"{"status":"stop","errors":["jam"]}"#, at: 200.1 + Double(index) / 100)
            driver.send("s/p", #"{"status":"ok","errors":[]}"#, at: 200.105 + Double(index) / 100)
        }
        driver.control(.backlogEnded, at: 201)
        #expect(driver.deliveries.isEmpty && driver.kinds(.alarmRaised, .incidentOpened).isEmpty)
        #expect(try driver.values("p")["status"] == "ok")
        #expect(driver.core.counters.backlog == 8)
    }

    /// The last word is the state. It was said after the outage began, so after a short one it is fresh.
    @Test func whatStillHoldsAfterAShortOutageIsHelped() throws {
        var driver = try Driver([Self.press])
        away(&driver, from: 10, to: 200)
        driver.send("s/p", #"{"status":"ok"}"#, at: 200.1)
        driver.send("s/p", #"{"status":"stop"}"#, at: 200.2)
        #expect(driver.commands.isEmpty)
        driver.control(.backlogEnded, at: 201)
        #expect(driver.commands.count == 1)
    }

    /// After a long one help is sent when a live message says that it still holds.
    @Test func whatStillHoldsAfterALongOutageIsConfirmedByTheNextMessage() throws {
        var driver = try Driver([Self.press])
        away(&driver, from: 10, to: 2000)
        driver.send("s/p", #"{"status":"ok"}"#, at: 2000.1)
        driver.send("s/p", #"{"status":"stop","count":7}"#, at: 2000.2)
        #expect(try driver.values("p").isEmpty, "nothing is taken before the queue is through")
        driver.control(.backlogEnded, at: 2001)
        #expect(try driver.values("p") == ["status": "stop", "count": "7.0"])
        #expect(driver.kinds(.alarmRaised).count == 1 && driver.deliveries.isEmpty)
        #expect(driver.lines.contains { $0.contains("alarm.raised") && $0.contains("\"late\":true") })
        driver.send("s/p", #"{"status":"stop"}"#, at: 2005)
        #expect(driver.commands.count == 1)
    }

    /// Messages with a time of their own keep it: what is long over is late, what has just been said is taken as ever.
    @Test func messagesWithATimeOfTheirOwnSayThemselvesWhatIsOver() throws {
        var driver = try Driver()
        driver.tell("p1", "\"status\":\"busy\",\"errors\":[]", at: 0)
        away(&driver, from: 10, to: 300)
        driver.tell("p1", "\"status\":\"down\",\"errors\":[\"jam\"]", at: 300.1, time: 100)
        driver.tell("p1", "\"status\":\"busy\",\"errors\":[]", at: 300.1, time: 160)
        driver.tell("p1", "\"status\":\"down\",\"errors\":[\"jam\"]", at: 300.1, time: 200)
        driver.control(.backlogEnded, at: 301)
        #expect(driver.core.availability.state(of: 0)?.incidents.closedCount == 1)
        #expect(driver.core.availability.state(of: 0)?.incidents.open?.onsetMilliseconds == Driver.start + 200_000)
    }

    @Test func aDeviceThatWasAwayIsHeardOut() throws {
        var driver = try Driver([Self.press])
        driver.send("s/p", #"{"status":"ok"}"#, at: 0)
        driver.wait(until: 1000)
        #expect(driver.kinds(.alarmRaised).count == 1, "it is silent")
        for index in 0..<6 { driver.send("s/p", "{\"status\":\"\(index % 2 == 0 ? "stop" : "ok")\"}", at: 1001 + Double(index) / 10) }
        driver.wait(until: 1010)
        #expect(driver.deliveries.isEmpty && driver.kinds(.incidentOpened).isEmpty)
        #expect(try driver.values("p")["status"] == "ok")
    }

    /// One report, in one message or in parts, is what it says now.
    @Test(arguments: [[#"{"status":"stop","errors":["jam"]}"#], [#"{"status":"stop"}"#, #"{"errors":["jam"]}"#, #"{"count":4}"#]])
    func aDeviceThatIsBackWithOneReportIsHelped(_ messages: [String]) throws {
        var driver = try Driver([Self.press])
        driver.send("s/p", #"{"status":"ok","errors":[]}"#, at: 0)
        driver.wait(until: 1000)
        for message in messages { driver.send("s/p", message, at: 1001) }
        driver.wait(until: 1004)
        #expect(driver.commands.count == 2, "the stop and the jam")
        #expect(driver.core.availability.state(of: 0)?.incidents.open?.onsetMilliseconds == Driver.start + 1_001_000)
    }

    /// A device that never pauses is not kept waiting for ever.
    @Test func aDeviceThatSpeaksAllTheTimeIsHeardAfterAMinute() throws {
        var driver = try Driver([Self.press])
        driver.send("s/p", #"{"status":"ok"}"#, at: 0)
        driver.wait(until: 1000)
        for index in 0..<140 { driver.send("s/p", "{\"status\":\"stop\",\"count\":\(index)}", at: 1001 + Double(index) / 2) }
        #expect(driver.commands.isEmpty == false)
    }

    /// Drained late or heard live: the same state in the end, and no command for what was over.
    @Test(arguments: Array(UInt64(1)...8)) func aQueueDrainedLateEndsInTheSameStateAndSendsNothing(_ seed: UInt64) throws {
        print("backlog seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let messages = (0..<40).map { index in
            (
                second: 100 + Double(index) * 15,
                text: "{\"status\":\"\(Bool.random(using: &generator) ? "ok" : "stop")\",\"count\":\(index)}"
            )
        }
        var live = try Driver([Self.press])
        var drained = try Driver([Self.press])
        away(&drained, from: 50, to: 900)
        for message in messages { live.send("s/p", message.text, at: message.second) }
        for message in messages { drained.send("s/p", message.text, at: 900.5) }
        drained.control(.backlogEnded, at: 901)
        #expect(try live.values("p") == drained.values("p"), "seed \(seed)")
        #expect(drained.deliveries.isEmpty && !live.deliveries.isEmpty, "seed \(seed)")
        drained.send("s/p", #"{"status":"ok","errors":[]}"#, at: 1000)
        #expect(drained.core.availability.state(of: 0)?.ledger.state == .productive)
        #expect(drained.core.alarms.standingAlarms(of: 0).isEmpty, "seed \(seed)")
    }

    @Test func theSnapshotKeepsTheQueue() throws {
        var driver = try Driver([Self.press])
        away(&driver, from: 10, to: 200)
        driver.send("s/p", #"{"status":"ok"}"#, at: 200.1)
        driver.send("s/p", #"{"status":"stop","errors":["jam"]}"#, at: 200.2)
        let core = try #require(
            try StewardCore(configuration: CoreConfiguration(), profiles: [Driver.profile(Self.press)], snapshot: driver.snapshot()))
        var restored = Driver(core: core, number: driver.number)
        for end in [0, 1] {
            if end == 0 { driver.control(.backlogEnded, at: 201) } else { restored.control(.backlogEnded, at: 201) }
        }
        #expect(restored.core.digestLines() == driver.core.digestLines())
        #expect(try restored.values("p")["status"] == "stop")
    }
}
