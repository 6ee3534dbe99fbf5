import FaultDetection
import Glibc

/// What the anomaly detectors cost alone, on noise with a daily season.
public struct AnomalyBenchmark {
    public struct Result: Sendable {
        public var metrics = 0
        /// Readings a minute apart, of which every fourth closes a tick.
        public var nanosecondsPerReading = 0.0
        /// Readings five minutes apart, of which every one does.
        public var nanosecondsPerTick = 0.0
        /// Of a metric that was watched for eight hours, and for three weeks: it grows with the half-hours that it has met.
        public var bytesPerYoungMetric = 0
        public var bytesPerMetric = 0
        public var snapshotBytesPerMetric = 0
        /// A row of eight gauges.
        public var nanosecondsPerMachineRow = 0.0
        public var bytesPerMachine = 0
    }

    public static func run(metrics: Int) -> Result {
        var result = Result(metrics: metrics)
        let values = noise(count: 4096)
        var detectors = [MetricDetector](repeating: MetricDetector(), count: metrics)
        let rounds = max(1, 2_000_000 / metrics)
        result.nanosecondsPerTick = measure(&detectors, values, rounds: rounds, first: 0, seconds: 300)
        result.nanosecondsPerReading = measure(&detectors, values, rounds: rounds, first: rounds * 300, seconds: 60)
        result.bytesPerYoungMetric = bytes(values, ticks: 8 * 12)
        result.bytesPerMetric = bytes(values, ticks: 21 * 288)
        var bytes: [UInt8] = []
        for detector in detectors { detector.write(to: &bytes) }
        result.snapshotBytesPerMetric = bytes.count / metrics
        var machine = MachineDetector(channels: 8)
        let rows = 200_000
        let begin = now()
        for row in 0..<rows { _ = machine.observe(values[row % 4088..<row % 4088 + 8]) }
        result.nanosecondsPerMachineRow = (now() - begin) * 1e9 / Double(rows)
        result.bytesPerMachine = machine.stateBytes
        return result
    }

    private static func measure(_ detectors: inout [MetricDetector], _ values: [Double], rounds: Int, first: Int, seconds: Int) -> Double {
        let begin = now()
        for round in 0..<rounds {
            let time = Int64(1_767_225_600 + first + (round + 1) * seconds) * 1000
            for index in detectors.indices {
                _ = detectors[index].observe(values[(round &* 31 &+ index) & 4095], atMilliseconds: time)
            }
        }
        return (now() - begin) * 1e9 / Double(rounds * detectors.count)
    }

    /// In the mean of some detectors after so many ticks of five minutes.
    private static func bytes(_ values: [Double], ticks: Int) -> Int {
        var detectors = [MetricDetector](repeating: MetricDetector(), count: 20)
        _ = measure(&detectors, values, rounds: ticks, first: 0, seconds: 300)
        return detectors.reduce(0) { $0 + $1.stateBytes } / detectors.count
    }

    private static func noise(count: Int) -> [Double] {
        var state: UInt64 = 1
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return 20 + Double(state >> 40) / Double(1 << 24)
        }
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
