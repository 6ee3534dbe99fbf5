import Testing

@testable import Gateway

/// When the queue that the broker kept is over.
@Suite struct BacklogWatchTests {
    /// Rounds of reading, each with its messages and how long it was waited for, until the queue is over; nil: it is not.
    private func roundsUntilOver(_ rounds: [(messages: Int, waited: Int64)]) -> Int? {
        var watch = BacklogWatch()
        var now: Int64 = 1000
        watch.begin(nowMilliseconds: now)
        for (number, round) in rounds.enumerated() {
            now += round.waited
            if watch.isOver(messages: round.messages, waitedMilliseconds: round.waited, nowMilliseconds: now) { return number + 1 }
        }
        return nil
    }

    private func rounds(_ count: Int, of messages: Int, waiting waited: Int64) -> [(messages: Int, waited: Int64)] {
        Array(repeating: (messages, waited), count: count)
    }

    @Test func nothingWaited() { #expect(roundsUntilOver(rounds(10, of: 0, waiting: 200)) == 3) }

    @Test func aQueueAndThenNothing() {
        #expect(roundsUntilOver(rounds(50, of: 20, waiting: 2) + rounds(10, of: 0, waiting: 200)) == 53)
    }

    /// One slow round of a queue, as of a broker that is busy, ends nothing.
    @Test func aQueueThatFalters() {
        #expect(roundsUntilOver(rounds(5, of: 20, waiting: 2) + rounds(20, of: 20, waiting: 400)) == nil)
        #expect(roundsUntilOver(rounds(200, of: 1, waiting: 3)) == nil, "one message in flight at a time")
    }

    /// After the queue a few devices speak, twenty times a second.
    @Test func aQueueAndThenTheUsualTalk() {
        #expect(roundsUntilOver(rounds(5, of: 20, waiting: 2) + rounds(20, of: 1, waiting: 50)) == 8)
        #expect(roundsUntilOver(rounds(20, of: 1, waiting: 60)) == 3, "there was none")
    }

    /// A fleet that is never quiet: a thousand messages a second, of which a round brings a few.
    @Test func aQueueAndThenABusyFleet() {
        #expect(roundsUntilOver(rounds(30, of: 100, waiting: 1) + rounds(100, of: 5, waiting: 4)) == 40)
    }

    @Test func itEndsInAnyCase() {
        #expect(roundsUntilOver(rounds(2000, of: 10, waiting: 20)) == 1500)
    }

    @Test func itIsToldOnceAndOnlyAfterAConnection() {
        var watch = BacklogWatch()
        let quiet = { (watch: inout BacklogWatch) in watch.isOver(messages: 0, waitedMilliseconds: 600, nowMilliseconds: 5000) }
        #expect(!quiet(&watch))
        watch.begin(nowMilliseconds: 4000)
        #expect(quiet(&watch) && !quiet(&watch))
        watch.begin(nowMilliseconds: 4000)
        watch.disconnected()
        #expect(!quiet(&watch))
    }
}
