import SampleCodec
import TestSupport
import Testing

/// What a sample costs; the numbers are deterministic, and printed to be looked at when a bucket is changed.
@Suite struct SampleSizeTests {
    private static let count = 10_000

    private static func bytesPerSample(_ series: Series, _ clocking: Clocking, capacityBytes: Int) throws -> Double {
        var generator = SeededGenerator(seed: 7)
        let times = clocking.times(count, &generator)
        let samples = zip(times, series.values(count, &generator)).map { Sample(timeMilliseconds: $0, value: $1) }
        let chunks = try #require(Chunks.encode(samples, capacityBytes: capacityBytes))
        return Double(chunks.reduce(0) { $0 + $1.bytes.count }) / Double(count)
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    @Test(arguments: Series.allCases) func bytesPerSample(_ series: Series) throws {
        var line = "bytes/sample \(series):"
        for clocking in Clocking.allCases {
            let bytes = try Self.bytesPerSample(series, clocking, capacityBytes: SampleEncoder.capacityBytes)
            line += " \(clocking) \(Self.rounded(bytes))"
            let isRegular = clocking == .exact60s || clocking == .exact1s
            switch series {
            case .floatNoise, .mixed: #expect(bytes < 10)
            default: #expect(bytes < (isRegular ? 2 : 4), "\(series) \(clocking)")
            }
        }
        print(line)
    }

    @Test func realisticMeanIsBelowTwoBytes() throws {
        let realistic = Series.allCases.filter { $0 != .floatNoise && $0 != .mixed }
        for capacity in [128, 256, 512] {
            var means: [Clocking: Double] = [:]
            for clocking in [Clocking.exact60s, .exact1s, .jitter200ms] {
                let sum = try realistic.reduce(0.0) { try $0 + Self.bytesPerSample($1, clocking, capacityBytes: capacity) }
                means[clocking] = sum / Double(realistic.count)
            }
            let exact = try #require(means[.exact60s])
            let jitter = try #require(means[.jitter200ms])
            print("mean bytes/sample, chunk of \(capacity): regular \(Self.rounded(exact)), ±200 ms \(Self.rounded(jitter))")
            #expect(exact < 1.2)
            #expect(jitter < 3)
        }
    }
}
