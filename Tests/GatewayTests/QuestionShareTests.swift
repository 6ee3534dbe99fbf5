import Testing

@testable import Gateway

@Suite struct QuestionShareTests {
    private static let millisecond: Int64 = 1_000_000

    /// Time with batches that never end, and questions that never end: how much of it the questions get.
    @Test(arguments: [1, 10, 100]) func whileBatchesWaitQuestionsGetATwentieth(batchMilliseconds: Int64) {
        var share = QuestionShare()
        var now: Int64 = 0
        var asked: Int64 = 0
        while now < 60_000 * Self.millisecond {
            if share.waitNanoseconds(now: now, hasBatches: true) == 0 {
                // One that takes longer than it should.
                now += 3 * Self.millisecond
                asked += 3 * Self.millisecond
                share.answered(3 * Self.millisecond)
            } else {
                now += batchMilliseconds * Self.millisecond
                share.worked(batchMilliseconds * Self.millisecond, endingAt: now)
            }
        }
        let percent = Double(asked) / Double(now) * 100
        #expect(percent > 2 && percent < 6, "\(percent) %")
    }

    @Test func betweenBatchesTheyGetAQuarterAndAfterThemEverything() {
        var share = QuestionShare()
        share.worked(Self.millisecond, endingAt: Self.millisecond)
        share.answered(10 * Self.millisecond)
        // 5 ms too much were taken: 20 ms of idleness earn them back.
        let wait = share.waitNanoseconds(now: Self.millisecond, hasBatches: false)
        #expect(abs(wait - 20 * Self.millisecond) < Self.millisecond)
        share.idled(wait + 1000)
        #expect(share.waitNanoseconds(now: Self.millisecond + wait, hasBatches: false) == 0)
        share.answered(1000 * Self.millisecond)
        #expect(share.waitNanoseconds(now: 50 * Self.millisecond, hasBatches: false) == 51 * Self.millisecond)
        #expect(share.waitNanoseconds(now: 200 * Self.millisecond, hasBatches: false) == 0)
        #expect(share.waitNanoseconds(now: 200 * Self.millisecond, hasBatches: true) > 0)
    }
}
