import Testing

@testable import FaultDetection

@Suite struct AnomalyReasonTests {
    @Test func itIsSaidInWords() {
        var reason = AnomalyReason()
        reason.deviation = 3.1
        reason.expected = 182.04
        reason.durationSeconds = 2400
        reason.slot = 29
        #expect(
            reason.text(metric: "exhaust temperature", unit: " K")
                == "exhaust temperature has been 3.1 K above what it usually is at 14:30 on a weekday (182 K) for 40 minutes")
        reason.slot = 48
        reason.deviation = -3.1
        reason.durationSeconds = 0
        #expect(reason.text(metric: "x", unit: "") == "x is 3.1 below what it usually is at 00:00 on a weekend day (182)")
        reason.kind = .change
        reason.times = 7.5
        reason.durationSeconds = 300
        #expect(reason.text(metric: "x", unit: " %") == "x has fallen by 3.1 % within 5 minutes, 7.5 times a usual change")
        reason.kind = .level
        #expect(reason.text(metric: "x", unit: " %") == "the mean of x has moved to 3.1 % below its usual 182 %")
        reason.days = 23
        #expect(reason.text(metric: "x", unit: " %") == "the mean of x has moved to 3.1 % below its usual 182 %, as at no time in 23 days")
        reason.kind = .activity
        reason.seen = 1.2
        #expect(reason.text(metric: "x", unit: " %") == "x moves 7.5 times less than it usually does, as only once in 23 days")
        reason.deviation = 3.1
        reason.seen = 2.6
        #expect(reason.text(metric: "x", unit: " %") == "x moves 7.5 times as much as it usually does, as only 3 times in 23 days")
    }

    @Test func ratesAreComparedByTheirRatio() {
        var reason = AnomalyReason()
        reason.slot = 29
        reason.days = 43
        reason.expected = 118
        func text(_ value: Double) -> String {
            reason.deviation = value - reason.expected
            return reason.text(metric: "the rate of pages", unit: " pages/h", isRate: true)
        }
        #expect(
            text(240) == "the rate of pages is 240 pages/h, 2.03 times what it usually is at 14:30 on a weekday (118 pages/h), "
                + "as at no time in 43 days")
        #expect(text(0).hasPrefix("the rate of pages is 0 pages/h, 0 % of what it usually is at 14:30 on a weekday (118 pages/h)"))
        // So small a difference is said as one, and what is usually nothing has no ratio.
        #expect(text(130).hasPrefix("the rate of pages is 12 pages/h above what it usually is"))
        reason.expected = 0
        #expect(text(130).hasPrefix("the rate of pages is 130 pages/h above what it usually is"))
        reason.expected = 118
        reason.kind = .level
        #expect(text(240).hasPrefix("the mean of the rate of pages has moved to 240 pages/h, 2.03 times its usual 118 pages/h"))
    }

    @Test func theReasonIsThatOfTheWarning() throws {
        var values = MetricDetectorTests.series(seed: 51, count: 3100)
        for index in 3000..<3100 { values[index] += 30 }
        var detector = MetricDetector()
        let verdicts = MetricDetectorTests.run(values, &detector)
        #expect(verdicts[3000].isNew || verdicts[3001].isNew)
        #expect(detector.reason.deviation > 15 && detector.reason.deviation < 45)
        #expect(detector.reason.expected > 5 && detector.reason.expected < 35)
    }

    @Test func numbersAreShort() {
        #expect(AnomalyReason.number(3.14159) == "3.14")
        #expect(AnomalyReason.number(123.4) == "123")
        #expect(AnomalyReason.number(0.0123456) == "0.0123")
        #expect(AnomalyReason.number(.nan) == "0")
        #expect(AnomalyReason.number(-1e300).isEmpty == false)
    }
}
