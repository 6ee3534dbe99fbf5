import FaultDetection
import Telemetry

/// The detector of one metric of one device. Plain data in one flat array, changed in its place.
struct MetricWatch: Sendable {
    /// `MetricState.watch` of a metric that was not seen twice yet, and of one that came when all places were taken.
    static let none: Int32 = -1
    static let refused: Int32 = -2
    /// A counter is looked at over at least so long: two readings close together would make one step of it a high rate.
    static let rateMilliseconds: Int64 = 60_000

    var detector = MetricDetector()
    /// Of a counter: from where its rate is measured.
    var baseValue = 0.0
    var baseMilliseconds = Int64.min

    /// The rate of a counter per hour; nil while too little time has passed.
    ///
    /// `isContinuous`: the reading before was known, no gap lies between, and the counter has not fallen.
    mutating func rate(_ value: Double, at time: Int64, isContinuous: Bool) -> Double? {
        guard isContinuous, baseMilliseconds != .min else {
            baseValue = value
            baseMilliseconds = time
            return nil
        }
        let elapsed = time &- baseMilliseconds
        guard elapsed >= Self.rateMilliseconds else { return nil }
        defer {
            baseValue = value
            baseMilliseconds = time
        }
        return (value - baseValue) / Double(elapsed) * 3_600_000
    }
}

/// The detector of a device as a whole, and the means that its next row is made of.
struct MachineWatch: Sendable {
    static let rowMilliseconds: Int64 = 300_000
    static let minimumGauges = 3

    var detector: MachineDetector
    /// The slot of each channel.
    private(set) var slots: [Int32]
    var sums: [Double]
    var counts: [UInt32]
    var startMilliseconds = Int64.min
    var lastMilliseconds = Int64.min

    init(slots: [Int32]) {
        self.slots = slots
        detector = MachineDetector(channels: slots.count)
        sums = Array(repeating: 0, count: slots.count)
        counts = Array(repeating: 0, count: slots.count)
    }

    /// The metrics have other numbers now.
    mutating func renumber(_ slotOf: [Int32]) { slots = slots.map { slotOf[Int($0)] } }

    var stateBytes: Int { MemoryLayout<MachineWatch>.stride + detector.stateBytes + slots.count * 16 }

    /// Takes what the gauges are at the device's message; nil unless a row was over.
    mutating func note(_ metrics: [MetricState], first: Int, at time: Int64, gapMilliseconds: Int64) -> MachineDetector.Verdict? {
        guard time > lastMilliseconds else { return nil }
        let isGap = lastMilliseconds == .min || time &- lastMilliseconds > gapMilliseconds
        lastMilliseconds = time
        var verdict: MachineDetector.Verdict?
        if isGap {
            // What was before the gap is no part of a mean with what comes after it.
            begin(at: time)
        } else if time &- startMilliseconds >= Self.rowMilliseconds {
            for index in sums.indices { sums[index] = counts[index] == 0 ? .nan : sums[index] / Double(counts[index]) }
            verdict = detector.take(sums)
            begin(at: time)
        }
        for (index, slot) in slots.enumerated() {
            let metric = metrics[first + Int(slot)]
            guard !metric.isUnknown, metric.timeMilliseconds > .min + 1, time &- metric.timeMilliseconds <= gapMilliseconds else {
                continue
            }
            // Bounded, so that a sum of the largest numbers is a number.
            sums[index] += min(max(metric.value, -1e300), 1e300)
            counts[index] &+= 1
        }
        return verdict
    }

    private mutating func begin(at time: Int64) {
        startMilliseconds = time
        for index in sums.indices {
            sums[index] = 0
            counts[index] = 0
        }
    }
}
