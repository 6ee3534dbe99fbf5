import Testing

@testable import FaultDetection

/// "This is normal": what a person says is learned with the event, and remembered.
@Suite struct NormalExtentTests {
    static let eventTicks = 24

    /// 150 days, in which from the 60th on every 30 days two hours are `size` above.
    static func series(seed: UInt64, sizes: [Double]) -> [Double] {
        var values = MetricDetectorTests.series(seed: seed, count: (60 + 30 * sizes.count) * 288)
        for (index, size) in sizes.enumerated() {
            let start = (60 + 30 * index) * 288 + 100
            for tick in start..<start + eventTicks { values[tick] += size }
        }
        return values
    }

    /// The number of warnings after each event's beginning and before the next; `say` is asked after the tick that ends the first.
    private func warnings(
        _ values: [Double], events: Int, _ say: (inout MetricDetector) throws -> Void
    ) rethrows -> [Int] {
        var detector = MetricDetector()
        var counts = Array(repeating: 0, count: events)
        for (index, value) in values.enumerated() {
            let verdict = detector.observe(value, atMilliseconds: MetricDetectorTests.start + Int64(index) * 300_000)
            let event = (index - 60 * 288) / (30 * 288)
            if verdict.isNew, index >= 60 * 288 { counts[event] += 1 }
            if index == 60 * 288 + 100 + 12 { try say(&detector) }
        }
        return counts
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func whatIsCalledNormalIsNotWarnedOfAgain(seed: UInt64) throws {
        let values = Self.series(seed: seed, sizes: [14, 14, 14])
        let unsaid = warnings(values, events: 3) { _ in }
        #expect(unsaid[0] > 0 && unsaid[1] > 0, "seed \(seed): \(unsaid)")
        var stood = false
        let said = warnings(values, events: 3) { detector in
            stood = detector.isAnomalous
            let isDone = detector.acceptLastEvent()
            #expect(isDone && !detector.isAnomalous)
        }
        #expect(stood, "seed \(seed)")
        #expect(said[0] <= unsaid[0] && said[1...].allSatisfy { $0 == 0 }, "seed \(seed): \(said)")
    }

    @Test(arguments: [4, 5] as [UInt64])
    func whatGoesBeyondItOrTheOtherWayIs(seed: UInt64) {
        for size in [40.0, -20] {
            let said = warnings(Self.series(seed: seed, sizes: [14, size]), events: 2) { detector in
                let isDone = detector.acceptLastEvent()
                #expect(isDone)
            }
            #expect(said[1] > 0, "seed \(seed), size \(size): \(said)")
        }
    }

    @Test(arguments: [6, 7] as [UInt64])
    func itIsRememberedAndCanBeTakenBack(seed: UInt64) throws {
        let values = Self.series(seed: seed, sizes: [14, 14])
        let restored = try warnings(values, events: 2) { detector in
            let isDone = detector.acceptLastEvent()
            #expect(isDone)
            var bytes: [UInt8] = []
            detector.write(to: &bytes)
            let again = try #require(MetricDetector(bytes: bytes))
            #expect(again.normalExtent == detector.normalExtent)
            detector = again
        }
        #expect(restored[1] == 0, "seed \(seed): \(restored)")
        let forgotten = warnings(values, events: 2) { detector in
            let isDone = [detector.acceptLastEvent(), detector.forgetNormal(), !detector.forgetNormal()]
            #expect(isDone == [true, true, true])
        }
        #expect(forgotten[1] > 0, "seed \(seed): \(forgotten)")
    }

    @Test func whereNothingWasWarnedOfNothingCanBeCalledNormal() {
        var detector = MetricDetector()
        _ = MetricDetectorTests.run(MetricDetectorTests.series(seed: 8, count: 900), &detector)
        var machine = MachineDetector(channels: 4)
        let isDone = [detector.acceptLastEvent(), machine.acceptLastEvent(), machine.forgetNormal()]
        #expect(isDone == [false, false, false])
        #expect(!detector.hasWarned && !machine.hasWarned && detector.normalExtent == nil)
    }

    /// The outlook says what would be unusual, so it has to know.
    @Test func theOutlookKnows() throws {
        let values = Self.series(seed: 9, sizes: [14])
        var detector = MetricDetector()
        _ = MetricDetectorTests.run(Array(values[..<(60 * 288 + 130)]), &detector)
        let time = MetricDetectorTests.start + Int64(60 * 288 + 100) * 300_000
        let before = try #require(detector.outlook(atMilliseconds: time).highest)
        let isDone = detector.acceptLastEvent()
        #expect(isDone)
        let after = try #require(detector.outlook(atMilliseconds: time).highest)
        #expect(after > before + 3, "\(before) \(after)")
    }

    /// A machine's fault that comes after so long that the range of the first has faded is known all the same.
    @Test(arguments: [11, 12] as [UInt64])
    func aMachineRemembersToo(seed: UInt64) throws {
        func onsets(_ say: Bool) throws -> Int {
            var detector = MachineDetector(channels: 3)
            var noise = SeededNoise(seed)
            var late = 0
            for row in 0..<(180 * 288) {
                let isOdd = (700..<1000).contains(row) || (179 * 288..<179 * 288 + 200).contains(row)
                let verdict = detector.observe([
                    120 + noise.gaussian() - (isOdd ? 30 : 0), 2 + 0.3 * noise.gaussian(), 230 + 8 * noise.gaussian(),
                ])
                if row == 800, say {
                    let stood = detector.isAnomalous
                    let isDone = detector.acceptLastEvent()
                    #expect(stood && isDone && !detector.isAnomalous && detector.hasNormal)
                    var bytes: [UInt8] = []
                    detector.write(to: &bytes)
                    detector = try #require(MachineDetector(bytes: bytes))
                    #expect(detector.hasNormal)
                }
                if verdict.isNew, row > 1100 { late += 1 }
            }
            return late
        }
        #expect(try onsets(false) == 1, "seed \(seed)")
        #expect(try onsets(true) == 0, "seed \(seed)")
    }
}
