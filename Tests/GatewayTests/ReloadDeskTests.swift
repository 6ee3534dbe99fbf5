import Testing
import Threading

@testable import Gateway

/// Nothing is said of a reload before it is known what became of it.
@Suite struct ReloadDeskTests {
    private static func isUnanswered(_ desk: ReloadDesk) -> Bool {
        if case nil = desk.ask(timeoutMilliseconds: 1) { true } else { false }
    }

    @Test func aReloadThatTakesLongIsNotAnswered() throws {
        let desk = ReloadDesk(wake: try WakeEvent(), inEffect: ["old"])
        #expect(Self.isUnanswered(desk))
        let number = try #require(desk.pending())
        desk.begin()
        #expect(desk.standing().isRunning && desk.standing().inEffect == ["old"])
        if desk.takeJudgement() != nil { Issue.record("nobody has judged") }
        desk.coreHasJudged(nil)
        let judgement = try #require(desk.takeJudgement())
        #expect(judgement.problem == nil)
        // Asked for while one runs: that one has read the files before.
        #expect(Self.isUnanswered(desk))
        desk.end(number, .reloaded(["new"]))
        #expect(desk.standing().inEffect == ["new"])
        #expect(desk.pending() == number + 1)
        desk.end(desk.pending(), .refused(reason: "a mistake", diagnostics: []))
        #expect(desk.standing().inEffect == ["new"] && !desk.standing().isRunning)
    }
}
