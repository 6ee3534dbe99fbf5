import Documents
import Testing

@testable import Telemetry

/// What a profile says that is no mistake and can hardly be meant.
@Suite struct ProfileWarningTests {
    private func warnings(_ members: String) -> [String] {
        let text = """
            { profile: "p", messages: [{ topic: "p/{device}" }, { name: "will", topic: "p/{device}/will", format: "text", liveness: { online: ["up"], offline: ["down"] } }],
              metrics: { word: { message: "will", pointer: "/value", kind: "state", states: ["up", "down"] },
                state: { pointer: "/s", kind: "state", states: ["printing", "idle", "stopped"] }, free: { pointer: "/f", kind: "state" },
                temp: { pointer: "/t", minimum: -50, maximum: 300 } }, \(members) }
            """
        let set = ProfileSet([("p.json", .success(Array(text.utf8)))])
        #expect(set.diagnostics.isEmpty && set.profiles.count == 1, "\(set.diagnostics)")
        return set.warnings.map(\.message)
    }

    @Test func aRuleThatWaitsForAStateThatIsNotListed() {
        #expect(warnings("status: { metric: 'state', productive: ['printing'], standby: ['idle'] }").isEmpty)
        #expect(
            warnings("status: { metric: 'state', productive: ['Printing'] }") == [
                "the status rule waits for the state \"Printing\" of \"state\", which its \"states\" do not list, did you mean \"printing\"?"
            ])
        #expect(
            warnings("faults: { f: { raise: { metric: 'state', equals: 'stoped' } } }") == [
                "fault \"f\" waits for the state \"stoped\" of \"state\", which its \"states\" do not list, did you mean \"stopped\"?"
            ])
        #expect(warnings("faults: { f: { raise: { all: [{ metric: 'state', in: ['idle', 'off', 'gone'] }] } } }").count == 2)
        #expect(warnings("status: { metric: 'state', productive: ['printing'], downWhen: { metric: 'word', in: ['dwon'] } }").count == 1)
        // Without a list any word may come.
        #expect(warnings("status: { metric: 'free', productive: ['Printing'] }").isEmpty)
    }

    @Test func whatIsIgnoredAndReadAllTheSame() {
        #expect(warnings("ignore: ['/t']") == ["\"/t\" is ignored, so metric \"temp\" at the same pointer reads nothing"])
        #expect(warnings("ignore: ['/e'], alerts: [{ pointer: '/e' }]").count == 1)
        #expect(warnings("ignore: ['/meta', '/{part}/id']").isEmpty)
    }

    @Test func aStateThatMeansTwoThings() {
        #expect(
            warnings("status: { metric: 'state', productive: ['printing'], standby: ['printing'] }") == [
                "\"printing\" stands under \"productive\" and under \"standby\"; the first counts"
            ])
    }

    @Test(arguments: [
        ("above: 300", "maximum"), ("atLeast: 301", "maximum"), ("below: -50", "minimum"), ("atMost: -51", "minimum"), ("above: 299", ""),
        ("atLeast: 300", ""), ("below: -49", ""), ("atMost: -50", ""),
    ])
    func aBoundBeyondWhatTheMetricCanBe(bound: String, limit: String) {
        let found = warnings("faults: { f: { raise: { metric: 'temp', \(bound) } } }")
        #expect(limit.isEmpty ? found.isEmpty : found.count == 1 && found[0].contains("has the \(limit)"), "\(found)")
    }

    @Test(arguments: [
        ("{ metric: 'temp', above: 80 }", "{ metric: 'temp', below: 90 }", "85"),
        ("{ metric: 'temp', above: 80 }", "{ metric: 'temp', above: 60 }", "81"),
        ("{ metric: 'temp', atLeast: 80 }", "{ metric: 'temp', atMost: 80 }", "80"),
        ("{ metric: 'temp', below: 5 }", "{ metric: 'temp', above: 3 }", "4"),
        ("{ metric: 'state', equals: 'idle' }", "{ metric: 'state', in: ['printing', 'idle'] }", "\"idle\""),
        ("{ metric: 'temp', above: 80 }", "{ metric: 'temp', atMost: 80 }", ""),
        ("{ metric: 'temp', above: 80 }", "{ metric: 'temp', below: 70 }", ""),
        ("{ metric: 'temp', above: 80 }", "{ metric: 'state', equals: 'idle' }", ""),
    ])
    func oneValueThatRaisesAndClears(raise: String, clear: String, value: String) {
        let found = warnings("faults: { f: { raise: \(raise), clear: \(clear) } }")
        #expect(value.isEmpty ? found.isEmpty : found.count == 1 && found[0].hasSuffix("such as \(value)"), "\(found)")
    }

    @Test func wordsOfLivenessAndOfItsState() {
        func read(_ liveness: String, _ states: String) -> [String] {
            let text = """
                { profile: "p", messages: [{ topic: "p/{device}", format: "text", liveness: \(liveness) }],
                  metrics: { word: { pointer: "/value", kind: "state", states: \(states) } } }
                """
            return ProfileSet([("p.json", .success(Array(text.utf8)))]).warnings.map(\.message)
        }
        #expect(read("{ online: ['up'], offline: ['down'] }", "['up', 'down']").isEmpty)
        #expect(read("{ offline: ['down'] }", "['up', 'down', 'busy']").isEmpty)
        #expect(read("{ online: ['up'], offline: ['Down'] }", "['up', 'down']").count == 2)
        #expect(read("{ online: ['up'], offline: ['up', 'down'] }", "['up', 'down']") == ["\"up\" means both online and offline"])
    }
}
