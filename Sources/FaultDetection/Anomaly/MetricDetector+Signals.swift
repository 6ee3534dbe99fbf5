/// The four ways of looking at a tick.
extension MetricDetector {
    struct Signals {
        /// Multiples of what is usual, in the order of `AnomalyKind`.
        var sizes = InlineArray<4, Float>(repeating: 0)
        /// Differences in the metric's unit, in the same order; positive is above.
        var deviations = InlineArray<4, Double>(repeating: 0)
        var slot = 0
        var value = 0.0
    }

    /// Measures the tick against what was usual before it, and then lets that follow.
    mutating func look(at x: Double, slot: Int, at time: Int64, isGap: Bool) -> Signals {
        if ticks == 0 {
            level = x
            mean = x
            previous = x
        }
        if ticks < .max { ticks += 1 }
        let rate = max(1 / Double(ticks), Self.slowestRate)
        var signals = Signals(slot: slot, value: x)
        let normalised = lookAtSeason(x, slot, rate, &signals)
        lookAtLevel(x, rate, &signals)
        if !isGap { lookAtChange(x, rate, &signals) }
        previous = x
        lookAtSustained(normalised, rate, &signals)
        followSide(normalised, at: time)
        return signals
    }

    /// A size of a deviation of which nothing is known yet, or where nothing but exactness was ever seen.
    private static func ratio(_ deviation: Double, _ usual: Double) -> Float {
        if usual > 0 { return Float(min(abs(deviation) / usual, 1e6)) }
        return deviation == 0 ? 0 : 1e3
    }

    private mutating func lookAtSeason(_ x: Double, _ slot: Int, _ rate: Double, _ signals: inout Signals) -> Double {
        let offset = tables.findOrInsert(.season, UInt8(truncatingIfNeeded: slot))
        var entry = tables.seasonEntry(offset)
        let residual = entry.count > 0 ? x - Double(entry.mean) : 0
        let usual = (0.5 * residualVariance + 0.5 * entry.variance).squareRoot()
        signals.sizes[0] = Self.ratio(residual, usual)
        signals.deviations[0] = residual
        entry.learn(x, residual: residual)
        tables.store(entry, at: offset)
        residualVariance += rate * (residual * residual - residualVariance)
        return usual > 0 ? min(8, max(-8, residual / usual)) : 0
    }

    private mutating func lookAtLevel(_ x: Double, _ rate: Double, _ signals: inout Signals) {
        level += (x - level) * 2 / 31
        let deviation = level - mean
        signals.sizes[1] = variance > 0 ? Self.ratio(deviation, variance.squareRoot()) : 0
        signals.deviations[1] = deviation
        let step = x - mean
        mean += rate * step
        variance += rate * (step * step - variance)
    }

    private mutating func lookAtChange(_ x: Double, _ rate: Double, _ signals: inout Signals) {
        let change = x - previous
        signals.sizes[2] = changeVariance > 0 ? Self.ratio(change, changeVariance.squareRoot()) : 0
        signals.deviations[2] = change
        changeVariance += rate * (change * change - changeVariance)
    }

    /// The mean of the season's residuals over half a day, each clipped so that one spike is not taken for a new level.
    private mutating func lookAtSustained(_ normalised: Double, _ rate: Double, _ signals: inout Signals) {
        sustained += (normalised - sustained) * 2 / (Double(ticksPerDay) / 2 + 1)
        signals.sizes[3] = sustainedVariance > 0 ? Self.ratio(sustained, sustainedVariance.squareRoot()) : 0
        signals.deviations[3] = sustained * residualVariance.squareRoot()
        sustainedVariance += rate * (sustained * sustained - sustainedVariance)
    }

    private mutating func followSide(_ normalised: Double, at time: Int64) {
        let now: Int8 = normalised > 1 ? 1 : normalised < -1 ? -1 : 0
        if now != side {
            side = now
            sideMilliseconds = time
        }
    }

    /// Turns the rank into a score, and lets the warning stand or clear.
    mutating func verdict(_ q: Float, _ kind: AnomalyKind, _ signals: Signals, at time: Int64) -> Verdict {
        // No warning for what is no rarer than the strongest of the last day. With each block that is remembered the same size counts as a
        // little rarer, which the 0.02 allow for.
        var score = q > recent.strongest(tables) + 0.02 ? max(0, q / Self.limit) : 0
        // During the warm-up there is a score, but no warning.
        if ticks < Self.warmupTicks || time - firstMilliseconds < Self.warmupMilliseconds { score = min(score, 0.99) }
        recent.note(q, ticksPerTwelfth: (ticksPerDay / 12).rounded(.down), &tables)
        let isNew = score >= 1
        if isNew {
            isAnomalous = true
            calm = 0
            reason = explain(kind, signals, at: time)
        } else if isAnomalous {
            calm = q < 0 ? calm + 1 : 0
            if calm >= Self.calmTicks { isAnomalous = false }
        }
        return Verdict(score: score, isAnomalous: isAnomalous, isNew: isNew)
    }
}
