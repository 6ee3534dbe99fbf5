import SQLiteStore
import Testing

@testable import Gateway

@Suite struct DeliveryLaneTests {
    @Test func aLaneThatFailedIsAskedByOneTryAtATime() {
        var lane = DeliveryLane(OutboxLane(channel: "order", receiver: "shop"))
        #expect(lane.room(steadyMilliseconds: 0) == DeliveryLane.workerCapacity)
        lane.handedOut("a")
        lane.handedOut("b")
        lane.settled("a")
        lane.tried(retryMilliseconds: 2000, steadyMilliseconds: 100)
        // It is left alone until then, and what is still under way counts as the one try.
        #expect(lane.room(steadyMilliseconds: 2099) == 0)
        #expect(lane.room(steadyMilliseconds: 2100) == 0)
        lane.settled("b")
        lane.tried(retryMilliseconds: 600_000, steadyMilliseconds: 200)
        #expect(lane.room(steadyMilliseconds: 30_199) == 0)
        #expect(lane.room(steadyMilliseconds: 30_200) == 1, "an entry's own long wait does not make the others wait as long")
        lane.tried(retryMilliseconds: nil, steadyMilliseconds: 30_300)
        #expect(lane.room(steadyMilliseconds: 30_300) == DeliveryLane.workerCapacity)
    }

    @Test func itSaysHowLongToWait() {
        var lane = DeliveryLane(OutboxLane(channel: "ticket"))
        #expect(lane.wait(nowMilliseconds: 50, steadyMilliseconds: 0) == 0)
        lane.lookedThrough()
        lane.nextDueMilliseconds = 80
        #expect(lane.wait(nowMilliseconds: 50, steadyMilliseconds: 0) == 30)
        #expect(lane.wait(nowMilliseconds: 90, steadyMilliseconds: 0) ?? 1 <= 0)
        lane.tried(retryMilliseconds: 500, steadyMilliseconds: 0)
        #expect(lane.wait(nowMilliseconds: 90, steadyMilliseconds: 100) == 400)
        lane.nextDueMilliseconds = .max
        #expect(lane.wait(nowMilliseconds: 90, steadyMilliseconds: 100) == nil)
        lane.touch()
        #expect(lane.wait(nowMilliseconds: 90, steadyMilliseconds: 100) == 400, "something new does not end a pause")
        // A full lane has nothing to do until a report comes.
        for key in ["a", "b", "c", "d"] { lane.handedOut(key) }
        #expect(lane.wait(nowMilliseconds: 90, steadyMilliseconds: 500) == nil)
    }
}
