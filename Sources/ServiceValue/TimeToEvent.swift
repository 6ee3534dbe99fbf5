import Glibc

/// How long something takes, where not everything has come to its end yet: the distribution by Kaplan and Meier (1958).
///
/// A mean of those that are over would leave the longest out, because they still stand. These count as "at least so long".
public struct TimeToEvent: Equatable, Sendable {
    /// One that took so long, or has taken so long up to now.
    public struct Observation: Equatable, Sendable {
        public var milliseconds: Int64
        public var isOver: Bool

        public init(milliseconds: Int64, isOver: Bool) {
            self.milliseconds = max(0, milliseconds)
            self.isOver = isOver
        }
    }

    /// A quantile with its 95 % interval (Brookmeyer and Crowley 1982, with the log-log transformation); nil where the curve does not come down so
    /// far, which means "longer than anything seen".
    public struct Quantile: Equatable, Sendable {
        public var milliseconds: Int64?
        public var low: Int64?
        public var high: Int64?
    }

    private struct Step: Equatable {
        var milliseconds: Int64
        var survival: Double
        var low: Double
        var high: Double
    }

    public let count: Int
    /// How many of them are not over.
    public let openCount: Int
    private let steps: [Step]

    public init(_ observations: [Observation]) {
        count = observations.count
        openCount = observations.count { !$0.isOver }
        let sorted = observations.sorted { ($0.milliseconds, $0.isOver ? 0 : 1) < ($1.milliseconds, $1.isOver ? 0 : 1) }
        var steps: [Step] = []
        var survival = 1.0
        var sum = 0.0
        var index = 0
        while index < sorted.count {
            let time = sorted[index].milliseconds
            let atRisk = Double(sorted.count - index)
            var ended = 0.0
            while index < sorted.count, sorted[index].milliseconds == time {
                if sorted[index].isOver { ended += 1 }
                index += 1
            }
            guard ended > 0 else { continue }
            survival *= 1 - ended / atRisk
            // Greenwood's sum; the last one that ends leaves nothing, and no variance.
            if atRisk > ended { sum += ended / (atRisk * (atRisk - ended)) }
            let (low, high) = Self.interval(survival, sum)
            steps.append(Step(milliseconds: time, survival: survival, low: low, high: high))
        }
        self.steps = steps
    }

    private static func interval(_ survival: Double, _ greenwood: Double) -> (low: Double, high: Double) {
        guard survival > 0, survival < 1 else { return (survival, survival) }
        let half = 1.959_963_984_540_054 * greenwood.squareRoot() / abs(log(survival))
        return (pow(survival, exp(half)), pow(survival, exp(-half)))
    }

    /// The time by which this share (0 to 1) is over.
    public func quantile(_ share: Double) -> Quantile {
        let level = 1 - share + 1e-12
        return Quantile(
            milliseconds: steps.first { $0.survival <= level }?.milliseconds, low: steps.first { $0.low <= level }?.milliseconds,
            high: steps.first { $0.high <= level }?.milliseconds)
    }

    public var median: Quantile { quantile(0.5) }
}
