import Testing

@testable import MQTTLink

@Suite struct SubscriptionStateTests {
    private func refused(_ state: SubscriptionState) -> [String] { state.refusals.map(\.filter) }

    @Test func aNewProcessAsksForAllAndGivesUpTheRest() {
        var state = SubscriptionState(wanted: ["a", "b"], inSession: ["b", "old"])
        state.connected(sessionPresent: true)
        let requests = state.dueRequests(nowMilliseconds: 0)
        #expect(requests == [.subscribe(["a", "b"]), .unsubscribe(["old"])])
        state.sent(requests[0], messageID: 1)
        state.sent(requests[1], messageID: 2)
        #expect(state.dueRequests(nowMilliseconds: 1).isEmpty)
        #expect(state.inSession == ["a", "b", "old"])
        #expect(state.answered(messageID: 1, codes: [1, 1]) == [.subscribed])
        #expect(state.unsubscribed(messageID: 2) == [.unsubscribed(filters: ["old"])])
        #expect(state.inSession == ["a", "b"] && state.isComplete)
        // The same session again: nothing to ask, so nothing retained comes again.
        state.connected(sessionPresent: true)
        #expect(state.dueRequests(nowMilliseconds: 2).isEmpty)
        state.connected(sessionPresent: false)
        #expect(!state.isComplete && state.inSession.isEmpty)
        #expect(state.dueRequests(nowMilliseconds: 3) == [.subscribe(["a", "b"])])
    }

    @Test func onlyWhatIsRefusedIsAskedAgainAndEverLessOften() {
        var state = SubscriptionState(wanted: ["a", "b", "c"], inSession: [])
        state.connected(sessionPresent: false)
        state.sent(state.dueRequests(nowMilliseconds: 0)[0], messageID: 1)
        let events = state.answered(messageID: 1, codes: [1, 0x80, 0])
        #expect(events.count == 2 && refused(state) == ["b", "c"] && state.grantedFilters == ["a"])
        var now: Int64 = 0
        var delays: [Int64] = []
        for messageID in 2..<12 as Range<Int32> {
            let since = now
            var requests: [SubscriptionState.Request] = []
            while requests.isEmpty {
                now += 100
                requests = state.dueRequests(nowMilliseconds: now)
            }
            #expect(requests == [.subscribe(["b", "c"])])
            delays.append(now - since)
            state.sent(requests[0], messageID: messageID)
            #expect(refused(state) == ["b", "c"], "what is asked for again is still refused")
            _ = state.answered(messageID: messageID, codes: [0x87, 0x87])
        }
        #expect(delays[0] >= 2_500 && delays[0] <= 5_100)
        #expect(delays[9] >= 150_000 && delays[9] <= 300_100, "\(delays)")
        while state.dueRequests(nowMilliseconds: now).isEmpty { now += 100 }
        state.sent(.subscribe(["b", "c"]), messageID: 99)
        #expect(state.answered(messageID: 99, codes: [1, 1]) == [.subscribed])
        #expect(state.refusals.isEmpty)
    }

    /// Wanted, given up, and wanted again before the broker has answered.
    @Test func aChangeOfMindWaitsForTheAnswer() {
        var state = SubscriptionState(wanted: ["a"], inSession: [])
        state.connected(sessionPresent: false)
        state.sent(.subscribe(["a"]), messageID: 1)
        state.want([])
        #expect(state.dueRequests(nowMilliseconds: 0).isEmpty)
        _ = state.answered(messageID: 1, codes: [1])
        #expect(state.dueRequests(nowMilliseconds: 0) == [.unsubscribe(["a"])])
        state.sent(.unsubscribe(["a"]), messageID: 2)
        state.want(["a"])
        #expect(state.dueRequests(nowMilliseconds: 0).isEmpty)
        _ = state.unsubscribed(messageID: 2)
        #expect(state.dueRequests(nowMilliseconds: 0) == [.subscribe(["a"])])
    }

    /// Codes for filters that nobody asked for, too few of them, and answers to nothing.
    @Test func aBrokerThatAnswersOddlyGrantsNothingByIt() {
        var state = SubscriptionState(wanted: ["a", "b"], inSession: [])
        state.connected(sessionPresent: false)
        #expect(state.answered(messageID: 7, codes: [1, 1]).isEmpty && state.unsubscribed(messageID: 7).isEmpty)
        state.sent(.subscribe(["a", "b"]), messageID: 1)
        #expect(state.answered(messageID: 1, codes: [1]).count == 1)
        #expect(state.grantedFilters == ["a"] && refused(state) == ["b"])
    }
}
