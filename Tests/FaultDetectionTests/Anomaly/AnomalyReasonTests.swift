import Testing

@testable import FaultDetection

@Suite struct AnomalyReasonTests {
    @Test func itIsSaidInWords() {
        var reason = AnomalyReason()
        reason.deviation = 3.1
        reason.expected = 182.04
        reason.durationSeconds = 2400
        #expect(
            reason.text(metric: "exhaust temperature", unit: " K")
                == "exhaust temperature has been 3.1 K above what this hour of a weekday usually is (182 K) for 40 minutes")
        reason.isWeekend = true
        reason.deviation = -3.1
        reason.durationSeconds = 0
        #expect(
            reason.text(metric: "x", unit: "") == "x is 3.1 below what this hour of a weekend day usually is (182)")
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
