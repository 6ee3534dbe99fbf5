import CivilCalendar
import FaultDetection

/// The detector of one metric of one device, changed in its place.
struct MetricWatch: Sendable {
    /// `MetricState.watch` of a metric that was not seen twice yet, and of one that came when all places were taken.
    static let none: Int32 = -1
    static let refused: Int32 = -2
    /// The rate of a counter is measured over at least so long: two readings close together would make one step of it a high rate.
    static let rateMilliseconds: Int64 = 60_000

    var detector = MetricDetector()
    /// Of a counter: the reading from which its rate is measured, and its event time; `Int64.min` while there is none.
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

    var stateBytes: Int { MemoryLayout<MetricWatch>.stride - MemoryLayout<MetricDetector>.stride + detector.stateBytes }

    mutating func shift(byMilliseconds step: Int64) {
        baseMilliseconds = baseMilliseconds.shifted(byMilliseconds: step)
        detector.shift(byMilliseconds: step)
    }
}
