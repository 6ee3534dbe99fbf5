import Testing

@testable import ServiceValue

/// Against the published remission times of 42 patients (Freireich and others 1963), with the figures of Python's lifelines for them.
@Suite struct TimeToEventTests {
    private func times(_ over: [Int64], open: [Int64] = []) -> TimeToEvent {
        TimeToEvent(
            over.map { TimeToEvent.Observation(milliseconds: $0, isOver: true) }
                + open.map { TimeToEvent.Observation(milliseconds: $0, isOver: false) })
    }

    @Test func withoutOpenOnesItIsThePlainQuantile() {
        let placebo = times([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23])
        #expect(placebo.median == TimeToEvent.Quantile(milliseconds: 8, low: 4, high: 11))
        #expect(placebo.quantile(0.9).milliseconds == 17 && placebo.quantile(0.75).milliseconds == 12)
        #expect(placebo.count == 21 && placebo.openCount == 0)
    }

    @Test func openOnesCountAsAtLeastSoLong() {
        let treated = times([6, 6, 6, 7, 10, 13, 16, 22, 23], open: [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])
        #expect(treated.median == TimeToEvent.Quantile(milliseconds: 23, low: 13, high: nil))
        // A mean of those that are over would have said 12.
        #expect(treated.quantile(0.9).milliseconds == nil)
        #expect(treated.count == 21 && treated.openCount == 12)
    }

    @Test func theOrderDoesNotMatterAndNothingIsNoNumber() {
        #expect(times([3, 1, 2]) == times([2, 3, 1]))
        #expect(times([]).median == TimeToEvent.Quantile(milliseconds: nil, low: nil, high: nil))
        #expect(times([], open: [5]).median.milliseconds == nil)
        #expect(times([5]).median.milliseconds == 5)
        #expect(times([-7, 5]).quantile(0.5).milliseconds == 0, "a time before the beginning is no time")
        #expect(times([.max, 1]).quantile(1).milliseconds == .max)
    }
}
