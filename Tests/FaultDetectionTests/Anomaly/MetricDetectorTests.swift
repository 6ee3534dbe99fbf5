import Glibc
import Testing

@testable import FaultDetection

/// What holds for every series, on seeded ones.
@Suite struct MetricDetectorTests {
    /// A daily curve with noise, and from `faultAt` on a fault of `size`.
    static func series(seed: UInt64, count: Int, faultAt: Int = .max, size: Double = 0) -> [Double] {
        var noise = SeededNoise(seed)
        return (0..<count).map { index in
            let hour = Double(index % 288) / 288
            return 20 + 5 * sin(2 * Double.pi * hour) + noise.gaussian() + (index >= faultAt ? size : 0)
        }
    }

    static let start: Int64 = 1_767_225_600_000

    static func run(_ values: [Double], _ detector: inout MetricDetector, from first: Int = 0) -> [MetricDetector.Verdict] {
        values.enumerated().map { detector.observe($1, atMilliseconds: start + Int64(first + $0) * 300_000) }
    }

    static func scores(_ values: [Double]) -> [Float] {
        var detector = MetricDetector()
        return run(values, &detector).map(\.score)
    }

    @Test func aFaultIsSeenAtOnceAndClears() throws {
        var values = Self.series(seed: 1, count: 12 * 288, faultAt: 3000, size: 15)
        for index in 3060..<values.count { values[index] -= 15 }
        var detector = MetricDetector()
        let verdicts = Self.run(values, &detector)
        let raised = verdicts[3000...].firstIndex { $0.isNew && $0.score >= 1 }
        let first = try #require(raised)
        #expect(first >= 3000 && first <= 3002, "raised at \(first)")
        let stands = verdicts[first..<first + 3].allSatisfy { $0.isAnomalous }
        #expect(stands)
        let repeats = verdicts[first + 1..<3050].filter { $0.isNew }
        #expect(repeats.count <= 2, "repeated")
        let last = try #require(verdicts.last)
        #expect(!last.isAnomalous, "still standing at the end")
    }

    @Test(arguments: [3, 17, 4711] as [UInt64])
    func unitOffsetAndSignDoNotMatter(seed: UInt64) {
        let values = Self.series(seed: seed, count: 4000, faultAt: 3500, size: 6)
        let plain = Self.scores(values)
        for (factor, offset) in [(1000.0, -7.0), (-1.0, 0.0), (-0.001, 1e6)] {
            let other = Self.scores(values.map { $0 * factor + offset })
            let differing = zip(plain, other).count { abs($0 - $1) > 0.35 }
            #expect(differing <= 4, "seed \(seed), factor \(factor): \(differing) rows differ")
            let turned = zip(plain, other).count { ($0 >= 1) != ($1 >= 1) }
            #expect(turned <= 2, "seed \(seed), factor \(factor)")
        }
    }

    @Test(arguments: [5, 23] as [UInt64])
    func whatComesLaterChangesNothing(seed: UInt64) {
        let values = Self.series(seed: seed, count: 3000, faultAt: 2000, size: 8)
        let whole = Self.scores(values)
        for length in [1, 49, 50, 700, 2001] { #expect(Self.scores(Array(values[..<length])) == Array(whole[..<length]), "seed \(seed)") }
    }

    @Test(arguments: [7, 29] as [UInt64])
    func aSnapshotGoesOnWhereItWas(seed: UInt64) throws {
        let values = Self.series(seed: seed, count: 3000, faultAt: 2000, size: 8)
        var whole = MetricDetector()
        let expected = Self.run(values, &whole)
        for cut in [0, 1, 333, 1999, 2004] {
            var before = MetricDetector()
            _ = Self.run(Array(values[..<cut]), &before)
            var bytes: [UInt8] = []
            before.write(to: &bytes)
            #expect(bytes.count < 2200)
            var after = try #require(MetricDetector(bytes: bytes), "seed \(seed), cut \(cut)")
            #expect(after.reason == before.reason)
            #expect(Self.run(Array(values[cut...]), &after, from: cut) == Array(expected[cut...]), "seed \(seed), cut \(cut)")
            var again: [UInt8] = []
            after.write(to: &again)
            var end: [UInt8] = []
            whole.write(to: &end)
            #expect(again == end)
        }
    }

    @Test(arguments: [11, 13] as [UInt64])
    func brokenBytesAreRefusedOrHarmless(seed: UInt64) {
        var noise = SeededNoise(seed)
        var detector = MetricDetector()
        _ = Self.run(Self.series(seed: seed, count: 900), &detector)
        var bytes: [UInt8] = []
        detector.write(to: &bytes)
        for length in stride(from: 0, to: bytes.count, by: 37) { #expect(MetricDetector(bytes: Array(bytes[..<length])) == nil) }
        for _ in 0..<600 {
            var broken = bytes
            broken[Int(noise.bits() % UInt64(broken.count))] ^= UInt8(1 << (noise.bits() % 8))
            if var other = MetricDetector(bytes: broken) { _ = Self.run(Self.series(seed: seed, count: 120), &other, from: 900) }
        }
    }

    @Test(arguments: [31, 37] as [UInt64])
    func nothingTraps(seed: UInt64) {
        var noise = SeededNoise(seed)
        let odd: [Double] = [
            .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, 0, -0.0, 1e300,
            1e-300, 1e19,
        ]
        let times: [Int64] = [.min, .max, 0, -1, Self.start, Int64.max / 4, Int64.min / 4]
        for _ in 0..<40 {
            var detector = MetricDetector()
            var time = Self.start
            for _ in 0..<600 {
                time += Int64(noise.bits() % 400_000)
                let value = noise.bits() % 3 == 0 ? odd[Int(noise.bits() % UInt64(odd.count))] : noise.gaussian()
                let verdict = detector.observe(value, atMilliseconds: noise.bits() % 97 == 0 ? times[Int(noise.bits() % 7)] : time)
                #expect(verdict.score.isFinite && verdict.score >= 0, "seed \(seed)")
            }
            var bytes: [UInt8] = []
            detector.write(to: &bytes)
            #expect(MetricDetector(bytes: bytes) != nil, "seed \(seed)")
        }
    }

    @Test func lateAndUnknownReadingsFeedNothing() {
        let values = Self.series(seed: 41, count: 2000)
        var plain = MetricDetector()
        var disturbed = MetricDetector()
        for (index, value) in values.enumerated() {
            let time = Self.start + Int64(index) * 300_000
            let expected = plain.observe(value, atMilliseconds: time)
            #expect(disturbed.observe(value, atMilliseconds: time) == expected)
            #expect(disturbed.observe(1e9, atMilliseconds: time).score == 0)
            #expect(disturbed.observe(-1e9, atMilliseconds: time - 86_400_000).score == 0)
            #expect(disturbed.observe(.nan, atMilliseconds: time + 1).score == 0)
        }
    }

    @Test(arguments: [10, 60, 300, 3600])
    func aFaultIsSeenAtEveryInterval(seconds: Int) throws {
        var noise = SeededNoise(43)
        var detector = MetricDetector()
        let days = seconds == 3600 ? 40 : 9
        let count = days * 86_400 / seconds
        var raised: Int?
        for index in 0..<count {
            let time = Int64(index * seconds)
            let hour = Double(time % 86_400) / 86_400
            let isFault = index * 8 >= count * 7
            let value = 5 * sin(2 * Double.pi * hour) + noise.gaussian() + (isFault ? 40 : 0)
            let verdict = detector.observe(value, atMilliseconds: Self.start + time * 1000)
            if isFault, verdict.isNew, raised == nil { raised = index - count * 7 / 8 }
        }
        let ticks = try #require(raised, "never raised") * seconds
        #expect(ticks <= max(2 * seconds, 600), "raised after \(ticks) s")
    }

    @Test func aConstantIsNoAnomaly() {
        var detector = MetricDetector()
        for index in 0..<5000 {
            let verdict = detector.observe(42, atMilliseconds: Self.start + Int64(index) * 300_000)
            #expect(verdict == MetricDetector.Verdict())
        }
    }

    @Test func theStateIsSmall() {
        #expect(MemoryLayout<MetricDetector>.stride <= 2500)
    }

    /// A burst in the first days is no measure of what comes weeks later.
    @Test(arguments: [61, 62, 63] as [UInt64])
    func anEarlyBurstDoesNotOwnThePast(seed: UInt64) {
        var values = Self.series(seed: seed, count: 20 * 288)
        for index in 500..<510 { values[index] += 200 }
        for index in 5000..<5030 { values[index] += 40 }
        var detector = MetricDetector()
        let verdicts = Self.run(values, &detector)
        let raised = verdicts[5000..<5030].contains { $0.isNew }
        #expect(raised, "seed \(seed)")
    }

    /// What comes each day at another hour is warned of a few times, and then known.
    @Test(arguments: [64, 65] as [UInt64])
    func whatComesAgainAndAgainIsUsual(seed: UInt64) {
        var noise = SeededNoise(seed)
        var values = Self.series(seed: seed, count: 40 * 288)
        for day in 3..<40 {
            let at = day * 288 + Int(noise.bits() % 280)
            for index in at..<at + 3 { values[index] += 25 }
        }
        var detector = MetricDetector()
        let verdicts = Self.run(values, &detector)
        let early = verdicts[..<(20 * 288)].count { $0.isNew }
        let late = verdicts[(20 * 288)...].count { $0.isNew }
        #expect(early >= 1 && early <= 6, "seed \(seed): \(early)")
        #expect(late <= 1, "seed \(seed): \(late)")
    }

    /// A value a little within what is told to be unusual is not at the limit, and one well beyond it is, though as much was once seen.
    @Test(arguments: [71, 72, 73] as [UInt64])
    func whatWouldBeUnusualIs(seed: UInt64) throws {
        var detector = MetricDetector()
        let young = detector.outlook(atMilliseconds: Self.start)
        #expect(young.isLearning && young.lowest == nil && young.highest == nil)
        _ = Self.run(Self.series(seed: seed, count: 14 * 288), &detector)
        let time = Self.start + 14 * 288 * 300_000
        let outlook = detector.outlook(atMilliseconds: time)
        #expect(!outlook.isLearning && !outlook.isAnomalous)
        let lowest = try #require(outlook.lowest)
        let highest = try #require(outlook.highest)
        #expect(lowest > 0 && lowest < 20 && highest > 20 && highest < 40, "seed \(seed): \(lowest) to \(highest)")
        for (value, isBeyond) in [(lowest - 5, true), (highest + 5, true), (lowest + 1, false), (highest - 1, false)] {
            var other = detector
            let score = other.observe(value, atMilliseconds: time).score
            #expect((score >= 1) == isBeyond, "seed \(seed): \(value) has \(score)")
            #expect(other.outlook(atMilliseconds: time).score == score)
        }
    }

    /// A gauge that sticks stays within all limits.
    @Test(arguments: [66, 67, 68] as [UInt64])
    func aStuckGaugeIsSeen(seed: UInt64) {
        var noise = SeededNoise(seed)
        var values = (0..<20 * 288).map { _ in 20 + noise.gaussian() }
        for index in 5000..<5288 { values[index] = values[5000] }
        var detector = MetricDetector()
        let verdicts = Self.run(values, &detector)
        let raised = verdicts[5000..<5288].contains { $0.isNew }
        #expect(raised, "seed \(seed)")
        #expect(detector.reason.kind == .activity && detector.reason.deviation < 0, "seed \(seed)")
    }

    /// A metric-month of five-minute readings each of several kinds of noise: at most one false warning each in the mean.
    @Test func quietDataRaiseLittle() {
        var raised = 0
        let metrics = 4
        let kinds = 5
        for kind in 0..<kinds {
            for metric in 0..<metrics {
                var noise = SeededNoise(UInt64(100 * kind + metric))
                var detector = MetricDetector()
                var slow = 0.0
                for index in 0..<30 * 288 {
                    let hour = Double(index % 288) / 288
                    slow = 0.85 * slow + 0.53 * noise.gaussian()
                    let value =
                        switch kind {
                        case 0: noise.gaussian()
                        case 1: slow
                        case 2: 10 * sin(2 * Double.pi * hour) + noise.gaussian()
                        case 3: (22 + 0.3 * noise.gaussian()).rounded()
                        default: noise.poisson(20 * (1 + 0.8 * sin(2 * Double.pi * hour)))
                        }
                    if detector.observe(value, atMilliseconds: Self.start + Int64(index) * 300_000).isNew { raised += 1 }
                }
            }
        }
        #expect(raised <= metrics * kinds, "\(raised) warnings in \(metrics * kinds) metric-months")
    }
}
