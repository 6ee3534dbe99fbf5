import FaultDetection
import RemoteSupport
import Telemetry
import Testing

@testable import GatewayCore

/// What rules of several kinds do in the core: several for one topic, answers of many shapes, lists of codes in several places, full reports.
@Suite struct RuleFlowTests {
    private func values(_ driver: Driver, _ device: String) throws -> [String: String] {
        try driver.values(device).mapValues { $0 == "unknown" ? "?" : $0 }
    }

    private func alarms(_ driver: Driver, _ device: String) throws -> [String] {
        let index = try #require(driver.core.fleet.device(named: device))
        return driver.core.alarms.state(of: index).active.compactMap { driver.core.alarms[$0]?.condition }.sorted()
    }

    @Test func oneMessageFeedsTwoRules() throws {
        var driver = try Driver([
            """
            { profile: "two", messages: [
                { name: "own", topic: "t/{device}" },
                { name: "child", topic: "t/+", also: true, device: "/child/name", requires: "/child" } ],
              metrics: { v: { message: "own", pointer: "/v" }, w: { message: "child", pointer: "/child/v" } } }
            """
        ])
        for second in 1...3 { driver.send("t/hub", #"{"v":1,"child":{"name":"kid","v":\#(second)}}"#, at: Double(second)) }
        // Without the child nothing is missed.
        #expect(driver.send("t/hub", #"{"v":9}"#, at: 4).isEmpty)
        #expect(try values(driver, "hub") == ["v": "9.0"])
        #expect(try values(driver, "kid") == ["w": "3.0"])
        #expect(driver.core.counters.deadLetters == 0)
    }

    @Test func anEmptyMessageMakesUnknownAndARetainedOneSaysNothing() throws {
        var driver = try Driver([#"{ profile: "p", messages: [{ topic: "t/{device}" }], metrics: { v: { pointer: "/v" } } }"#])
        driver.send("t/a", #"{"v":1}"#, at: 1)
        #expect(driver.send("t/a", "", at: 2, retained: true).isEmpty)
        #expect(try values(driver, "a") == ["v": "1.0"])
        #expect(driver.send("t/a", "", at: 3).isEmpty)
        #expect(driver.core.counters.deadLetters == 0 && driver.core.counters.retained == 1)
        #expect(try driver.values("a") == ["v": "unknown"])
    }

    @Test func codesOfOnePartDoNotClearThoseOfAnother() throws {
        var driver = try Driver([
            """
            { profile: "p", messages: [{ topic: "t/{device}" }], metrics: {},
              alerts: [{ pointer: "/{part}/errors", severity: "minor", codes: { hot: { severity: "warning", text: "Too hot" } } }] }
            """
        ])
        driver.send("t/a", #"{"left":{"errors":["hot"]}}"#, at: 1)
        driver.send("t/a", #"{"right":{"errors":["hot","slow"]}}"#, at: 2)
        #expect(try alarms(driver, "a") == ["left.hot", "right.hot", "right.slow"])
        driver.send("t/a", #"{"left":{"errors":[]}}"#, at: 3)
        #expect(try alarms(driver, "a") == ["right.hot", "right.slow"])
        driver.send("t/a", #"{"right":{"errors":["slow"]}}"#, at: 4)
        #expect(try alarms(driver, "a") == ["right.slow"])
        driver.send("t/a", #"{"right":{"errors":[]}}"#, at: 5)
        #expect(try alarms(driver, "a").isEmpty)
    }

    /// The word that says so may stand outside the part; and a full report of one place says nothing of another.
    @Test func fullReports() throws {
        var driver = try Driver([
            """
            { profile: "p", messages: [
                { name: "m", topic: "t/{device}/{place}", each: "/params", full: { pointer: "/method", in: ["full"] } } ],
              metrics: { "{place}.{name}": { message: "m", pointer: "/{name}" } } }
            """
        ])
        driver.send("t/a/left", #"{"method":"part","params":{"x":1,"y":2}}"#, at: 1)
        driver.send("t/a/right", #"{"method":"part","params":{"x":3}}"#, at: 2)
        driver.send("t/b/left", #"{"method":"part","params":{"z":4}}"#, at: 3)
        driver.send("t/a/left", #"{"method":"full","params":{"x":5}}"#, at: 4)
        // What only another device has ever told is not unknown here.
        #expect(try values(driver, "a") == ["left.x": "5.0", "left.y": "?", "right.x": "3.0"])
    }

    @Test func aTopicMayMeanThatADeviceIsGone() throws {
        var driver = try Driver([
            """
            { profile: "p", messages: [{ topic: "t/{device}" }, { topic: "gone", device: "/who", liveness: { offline: true } }],
              metrics: { v: { pointer: "/v" } } }
            """
        ])
        driver.send("t/a", #"{"v":1}"#, at: 1)
        driver.send("gone", #"{"who":"a"}"#, at: 2)
        #expect(try alarms(driver, "a") == ["silent"])
        driver.send("t/a", #"{"v":1}"#, at: 3)
        #expect(try alarms(driver, "a").isEmpty)
    }

    /// Of two general profiles the one that says more at the first difference reads the topic.
    @Test func theNarrowerGeneralProfileCounts() throws {
        let wide = #"{ profile: "wide", messages: [{ topic: "{device}/+/state", general: true }], metrics: { wide: { pointer: "/v" } } }"#
        let narrow =
            #"{ profile: "narrow", messages: [{ topic: "{device}/pump/+", general: true }], metrics: { narrow: { pointer: "/v" } } }"#
        for profiles in [[wide, narrow], [narrow, wide]] {
            let set = ProfileSet(profiles.enumerated().map { ("\($0).json", .success(Array($1.utf8))) })
            #expect(set.diagnostics.isEmpty)
            var driver = try Driver(profiles)
            driver.send("a/pump/state", #"{"v":1}"#, at: 1)
            #expect(try values(driver, "a") == ["narrow": "1.0"])
            driver.send("b/fan/state", #"{"v":2}"#, at: 2)
            #expect(try values(driver, "b") == ["wide": "2.0"])
        }
    }

    // MARK: Answers

    private func answered(_ replies: String, _ topic: (String) -> String, _ payload: (String) -> String) throws -> [String] {
        var driver = try Driver([
            """
            { profile: "p", messages: [{ topic: "t/{device}" }], replies: [\(replies)],
              metrics: { v: { pointer: "/v" } },
              faults: { high: { raise: { metric: "v", above: 5 }, playbook: "fix" } },
              commands: { fix: { topic: "c/{device}", payload: { id: "{requestId}" }, deadlineSeconds: 30 } },
              playbooks: { fix: { steps: [{ command: "fix", verifySeconds: 60 }] } } }
            """
        ])
        driver.send("t/a", #"{"v":9}"#, at: 1)
        let request = try #require(
            driver.effects.compactMap { if case .deliver(let delivery) = $0 { delivery.key } else { nil } }.first)
        driver.send(topic(request), payload(request), at: 2)
        #expect(driver.core.counters.deadLetters == 0)
        let run = try #require(driver.core.support.runs.ids.first.flatMap { driver.core.support.runs[$0] })
        return run.attempts.map { $0.outcome.rawValue }
    }

    @Test func answersOfEveryShape() throws {
        let inTopic = #"{ topic: "r/{device}/{requestId}", failure: "/error" }"#
        let accepted = try answered(inTopic, { "r/a/\($0)" }, { _ in #"{"result":{"x":1}}"# })
        let refused = try answered(inTopic, { "r/a/\($0)" }, { _ in #"{"error":{"code":4}}"# })
        #expect(accepted != refused)
        #expect(refused == ["refused"])
        // The topic says all: the payload may be anything.
        #expect(try answered(#"{ topic: "r/{device}/{requestId}" }"#, { "r/a/\($0)" }, { _ in "fine" }) == accepted)
        // JSON-RPC: a result of any kind, or an error.
        let rpc = #"{ topic: "r/{device}", requestId: "/id", failure: "/error", reason: "/error/message" }"#
        #expect(try answered(rpc, { _ in "r/a" }, { #"{"id":"\#($0)","result":[1],"error":null}"# }) == accepted)
        #expect(try answered(rpc, { _ in "r/a" }, { #"{"id":"\#($0)","error":{"message":"no"}}"# }) == refused)
        // A gateway answers for its devices.
        let gateway = #"{ topic: "r/all", device: "/who", requestId: "/id" }"#
        #expect(try answered(gateway, { _ in "r/all" }, { #"{"id":"\#($0)","who":"a"}"# }) == accepted)
        #expect(try answered(gateway, { _ in "r/all" }, { #"{"id":"\#($0)","who":"b"}"# }) != accepted)
    }

    /// A topic for each answer must not fill the table of topics.
    @Test func topicsOfAnswersAreNotRemembered() throws {
        var driver = try Driver([
            """
            { profile: "p", messages: [{ topic: "t/{device}" }], replies: [{ topic: "r/{device}/{requestId}" }], metrics: { v: { pointer: "/v" } } }
            """
        ])
        driver.send("t/a", #"{"v":9}"#, at: 1)
        let before = driver.core.fleet.topics.count
        for number in 0..<100 { driver.send("r/a/\(number)", "ok", at: 2) }
        #expect(driver.core.fleet.topics.count == before)
    }
}
