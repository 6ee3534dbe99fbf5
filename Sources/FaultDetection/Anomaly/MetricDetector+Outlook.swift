import Glibc

/// What a person may ask of a detector: how unusual the metric is, and what would be unusual.
extension MetricDetector {
    public struct Outlook: Equatable, Sendable {
        /// That of the last tick; 1 is the limit.
        public var score: Float
        public var isAnomalous: Bool
        /// It knows too little to warn.
        public var isLearning: Bool
        /// What people have called normal.
        public var normal: AnomalyExtent?
        /// A mean of some minutes below or above them would be at the limit, if as much was never seen; nil where no size is.
        public var lowest: Double?
        public var highest: Double?
    }

    /// Of a tick that ends at this time, in event time. Only what one tick can do is looked at: its difference from what the half-hour
    /// usually is, and from the tick before.
    public func outlook(atMilliseconds time: Int64, utcOffsetSeconds: Int = 0) -> Outlook {
        let isLearning = ticks < Self.warmupTicks || time &- firstMilliseconds < Self.warmupMilliseconds
        var outlook = Outlook(score: score, isAnomalous: isAnomalous, isLearning: isLearning)
        outlook.normal = normalExtent
        guard !isLearning else { return outlook }
        let normal = normalExtent ?? AnomalyExtent()
        func bound(_ kind: AnomalyKind, _ centre: Double, _ usual: Double, below: Double, above: Double) {
            guard let size = maxima.size(Int(kind.rawValue), atDistance: Self.limit) else { return }
            outlook.lowest = max(outlook.lowest ?? -.infinity, origin + centre - max(size * usual, below))
            outlook.highest = min(outlook.highest ?? .infinity, origin + centre + max(size * usual, above))
        }
        bound(.change, previous, changeVariance.squareRoot(), below: normal.step, above: normal.step)
        let slot = SeasonTable.slot(localMilliseconds: time &+ Int64(utcOffsetSeconds) * 1000)
        if let offset = tables.find(.season, UInt8(truncatingIfNeeded: slot)) {
            let entry = tables.seasonEntry(offset)
            let usual = (0.5 * residualVariance + 0.5 * entry.variance).squareRoot()
            bound(.season, Double(entry.mean), usual, below: normal.below, above: normal.above)
        }
        return outlook
    }
}

extension BlockMaxima {
    /// The size that is so many mean excesses above the quartile; nil where nothing is known, and beyond the histogram.
    func size(_ kind: Int, atDistance distance: Float) -> Double? {
        guard let decades = decades(kind, atDistance: distance) else { return nil }
        return exp2(Double(decades) * 3.321_928_094_887_362)
    }
}
