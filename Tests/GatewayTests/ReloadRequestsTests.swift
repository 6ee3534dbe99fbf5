import Testing
import Threading

@testable import Gateway

/// Nothing is said of a reload before it is known what became of it.
@Suite struct ReloadRequestsTests {
    private static func isUnanswered(_ requests: ReloadRequests) -> Bool {
        if case nil = requests.ask(timeoutMilliseconds: 1) { true } else { false }
    }

    @Test func aReloadThatTakesLongIsNotAnswered() throws {
        let requests = ReloadRequests(wake: try WakeEvent(), inEffect: ["old"])
        #expect(Self.isUnanswered(requests))
        let number = try #require(requests.pending())
        requests.begin()
        #expect(requests.status().isRunning && requests.status().inEffect == ["old"])
        if requests.collectCoreAnswer() != nil { Issue.record("the core has not answered") }
        requests.coreAnswered(nil)
        let coreAnswer = try #require(requests.collectCoreAnswer())
        #expect(coreAnswer.problem == nil)
        // Asked for while one runs: that one has read the files before.
        #expect(Self.isUnanswered(requests))
        requests.end(number, .reloaded(["new"]))
        #expect(requests.status().inEffect == ["new"])
        #expect(requests.pending() == number + 1)
        requests.end(requests.pending(), .refused(reason: "a mistake", diagnostics: []))
        #expect(requests.status().inEffect == ["new"] && !requests.status().isRunning)
    }
}
