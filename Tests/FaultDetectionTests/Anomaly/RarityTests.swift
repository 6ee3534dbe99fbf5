import Testing

@testable import FaultDetection

/// How rare a size is for a metric's detector, when as much was seen before or only on the other side.
@Suite struct RarityTests {
    private static func observe(_ detector: inout MetricDetector, _ value: Double, _ index: Int) -> Bool {
        detector.observe(value, atMilliseconds: MetricDetectorTests.start + Int64(index) * 300_000).isNew
    }

    /// A service of an hour that comes once a week, at another hour each time and fifteen times as far out as noise, is known after two
    /// months: it is not warned of for ever because it is far out.
    @Test(arguments: [81, 82, 83] as [UInt64])
    func whatComesEachWeekIsKnown(seed: UInt64) {
        var noise = SeededNoise(seed)
        var detector = MetricDetector()
        let week = 7 * 288
        var warned: [Bool] = []
        var index = 0
        for _ in 0..<26 {
            let service = 900 + Int(noise.bits() % 200)
            var isWarned = false
            for tick in 0..<week {
                let isService = tick >= service && tick < service + 12
                let isNew = Self.observe(&detector, 30 + noise.gaussian() + (isService ? 15 : 0), index)
                if isNew, tick >= service, tick < service + 24 { isWarned = true }
                index += 1
            }
            warned.append(isWarned)
        }
        #expect(warned[0], "seed \(seed): the first is not usual")
        let late = warned[8...].count { $0 }
        #expect(late <= 2, "seed \(seed): \(late) of 18")
    }

    /// A gauge that is often high for some hours is low for the first time: no further from its mean than when it is high.
    @Test(arguments: [91, 92, 93] as [UInt64])
    func highTimesDoNotHideALowOne(seed: UInt64) {
        var noise = SeededNoise(seed)
        var detector = MetricDetector()
        var highUntil = 0
        var raised = false
        for index in 0..<30 * 288 {
            if noise.bits() % 144 == 0 { highUntil = index + 24 + Int(noise.bits() % 12) }
            let isLow = (28 * 288..<28 * 288 + 96).contains(index)
            let value = 20 + noise.gaussian() + (isLow ? -10 : index < highUntil ? 25 : 0)
            let isNew = Self.observe(&detector, value, index)
            if isNew, isLow { raised = true }
        }
        #expect(raised, "seed \(seed)")
    }
}
