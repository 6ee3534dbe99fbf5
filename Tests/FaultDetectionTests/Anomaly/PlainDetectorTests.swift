import FoundationEssentials
import Testing

@testable import FaultDetection

/// The detectors against plain ones that keep everything at its full size: the same verdicts and the same bytes, bit for bit, whatever comes.
///
/// `STEWARD_DETECTOR_SEEDS` series of each; 24 in the tests.
@Suite struct PlainDetectorTests {
    private static let seeds = UInt64(ProcessInfo.processInfo.environment["STEWARD_DETECTOR_SEEDS"] ?? "") ?? 24

    private static func bytes(_ write: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        write(&bytes)
        return bytes
    }

    @Test func metricsAgree() throws {
        var (raised, accepted) = (0, 0)
        for seed in 0..<Self.seeds {
            var noise = SeededNoise(seed &+ 1000)
            var plain = PlainMetricDetector()
            var detector = MetricDetector()
            for (index, reading) in DetectorSeries.metric(seed: seed, count: 12_000).enumerated() {
                let expected = plain.observe(reading.value, atMilliseconds: reading.time, utcOffsetSeconds: 3600)
                let verdict = detector.observe(reading.value, atMilliseconds: reading.time, utcOffsetSeconds: 3600)
                guard verdict == expected else {
                    Issue.record("seed \(seed), reading \(index): \(verdict) is not \(expected)")
                    return
                }
                if verdict.isNew { raised += 1 }
                switch noise.bits() % 3000 {
                case 0:
                    let step = Int64(noise.bits() % 100_000_000) - 50_000_000
                    plain.shift(byMilliseconds: step)
                    detector.shift(byMilliseconds: step)
                case 1:
                    let bytes = Self.bytes(plain.write(to:))
                    #expect(Self.bytes(detector.write(to:)) == bytes, "seed \(seed), reading \(index)")
                    #expect(detector.reason == plain.reason)
                    detector = try #require(MetricDetector(bytes: bytes))
                case 2:
                    plain.accept()
                    if detector.acceptLastEvent() { accepted += 1 }
                default: break
                }
            }
            #expect(Self.bytes(detector.write(to:)) == Self.bytes(plain.write(to:)), "seed \(seed)")
        }
        // Nothing is shown by series in which nothing happens.
        #expect(raised > 0 && accepted > 0)
    }

    /// Also with gauges that vanish for a while, and with snapshots at any moment.
    @Test func machinesAgree() throws {
        var turns = 0
        for seed in 0..<Self.seeds {
            var noise = SeededNoise(seed &+ 2000)
            let channels = [3, 1, 8, 24][Int(seed % 4)]
            var plain = PlainMachineDetector(channels: channels, warmupRows: seed % 3 == 0 ? 80 : 400)
            var detector = MachineDetector(channels: channels, warmupRows: seed % 3 == 0 ? 80 : 400)
            for (index, row) in DetectorSeries.rows(seed: seed, channels: channels, count: 4000).enumerated() {
                let expected = plain.observe(row)
                let verdict = detector.observe(row)
                guard verdict == expected else {
                    Issue.record("seed \(seed), row \(index): \(verdict) is not \(expected)")
                    return
                }
                if verdict.isNew { turns += 1 }
                if noise.bits() % 900 == 0 {
                    plain.accept()
                    _ = detector.acceptLastEvent()
                }
                guard noise.bits() % 500 == 0 else { continue }
                let bytes = Self.bytes(plain.write(to:))
                #expect(Self.bytes(detector.write(to:)) == bytes, "seed \(seed), row \(index)")
                detector = try #require(MachineDetector(bytes: bytes))
            }
            #expect(Self.bytes(detector.write(to:)) == Self.bytes(plain.write(to:)), "seed \(seed)")
        }
        #expect(turns > 0)
    }

    @Test func brokenBytesAreReadAlike() throws {
        var noise = SeededNoise(5)
        var plain = PlainMetricDetector()
        for reading in DetectorSeries.metric(seed: 2, count: 9000) { _ = plain.observe(reading.value, atMilliseconds: reading.time) }
        let whole = Self.bytes(plain.write(to:))
        for round in 0..<500 {
            var broken = whole
            broken[Int(noise.bits() % UInt64(broken.count))] = UInt8(truncatingIfNeeded: noise.bits())
            let expected = PlainMetricDetector(bytes: broken[...]).map { Self.bytes($0.write(to:)) }
            #expect(MetricDetector(bytes: broken).map { Self.bytes($0.write(to:)) } == expected, "round \(round)")
        }
    }
}
