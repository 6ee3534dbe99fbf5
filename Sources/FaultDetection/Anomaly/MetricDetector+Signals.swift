/// The five ways of looking at a tick.
extension MetricDetector {
    struct Signals {
        /// Multiples of what is usual, in the order of `AnomalyKind`.
        var sizes = InlineArray<5, Float>(repeating: 0)
        /// Differences in the metric's unit, in the same order; positive is above.
        var deviations = InlineArray<5, Double>(repeating: 0)
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
        lookAtActivity(&signals)
        followSide(normalised, at: time)
        return signals
    }

    /// A size of a deviation of which nothing is known yet, or where nothing but exactness was ever seen.
    private static func ratio(_ deviation: Double, _ usual: Double) -> Float {
        if usual > 0 { return Float(min(abs(deviation) / usual, 1e6)) }
        return deviation == 0 ? 0 : 1e3
    }

    /// Of the squares of deviations that are learned from, one counts for at most sixteen times what is usual: so one burst does not make the
    /// detector deaf for weeks.
    private func bounded(_ square: Double, _ usual: Double) -> Double { ticks > 20 && usual > 0 ? min(square, 16 * usual) : square }

    private mutating func lookAtSeason(_ x: Double, _ slot: Int, _ rate: Double, _ signals: inout Signals) -> Double {
        let offset = tables.findOrInsert(.season, UInt8(truncatingIfNeeded: slot))
        var entry = tables.seasonEntry(offset)
        let residual = entry.count > 0 ? x - Double(entry.mean) : 0
        let usualSquare = 0.5 * residualVariance + 0.5 * entry.variance
        let usual = usualSquare.squareRoot()
        signals.sizes[0] = Self.ratio(residual, usual)
        signals.deviations[0] = residual
        entry.learn(x, square: entry.count > 2 ? bounded(residual * residual, usualSquare) : residual * residual)
        tables.store(entry, at: offset)
        residualVariance += rate * (bounded(residual * residual, residualVariance) - residualVariance)
        return usual > 0 ? min(8, max(-8, residual / usual)) : 0
    }

    private mutating func lookAtLevel(_ x: Double, _ rate: Double, _ signals: inout Signals) {
        level += (x - level) * 2 / 31
        let deviation = level - mean
        signals.sizes[1] = variance > 0 ? Self.ratio(deviation, variance.squareRoot()) : 0
        signals.deviations[1] = deviation
        var step = x - mean
        let square = bounded(step * step, variance)
        if square < step * step { step = step < 0 ? -square.squareRoot() : square.squareRoot() }
        mean += rate * step
        variance += rate * (square - variance)
    }

    private mutating func lookAtChange(_ x: Double, _ rate: Double, _ signals: inout Signals) {
        let change = x - previous
        let size = changeVariance > 0 ? Self.ratio(change, changeVariance.squareRoot()) : 0
        signals.sizes[2] = size
        signals.deviations[2] = change
        let bounded = Double(min(size, 8))
        activity += (bounded - activity) * 2 / 49
        usualActivity += rate * (bounded - usualActivity)
        changeVariance += rate * (self.bounded(change * change, changeVariance) - changeVariance)
    }

    /// How much the value moves, against what it does in the long run: more, or less down to not at all.
    private mutating func lookAtActivity(_ signals: inout Signals) {
        guard usualActivity > 0 else { return }
        let (now, usual) = (activity + 0.02, usualActivity + 0.02)
        signals.sizes[4] = Float(now < usual ? usual / now : now / usual)
        signals.deviations[4] = activity - usualActivity
    }

    /// The mean of the season's residuals over half a day, each clipped so that one spike is not taken for a new level.
    private mutating func lookAtSustained(_ normalised: Double, _ rate: Double, _ signals: inout Signals) {
        sustained += (normalised - sustained) * 2 / (Double(ticksPerDay) / 2 + 1)
        signals.sizes[3] = sustainedVariance > 0 ? Self.ratio(sustained, sustainedVariance.squareRoot()) : 0
        signals.deviations[3] = sustained * residualVariance.squareRoot()
        sustainedVariance += rate * (bounded(sustained * sustained, sustainedVariance) - sustainedVariance)
    }

    private mutating func followSide(_ normalised: Double, at time: Int64) {
        let now: Int8 = normalised > 1 ? 1 : normalised < -1 ? -1 : 0
        if now != side {
            side = now
            sideMilliseconds = time
        }
    }

    /// Says what belongs to one event, and lets the warning stand or clear.
    mutating func verdict(_ found: Float, _ kind: AnomalyKind, seen: Float, _ signals: Signals, at time: Int64) -> Verdict {
        var score = max(0, found)
        // During the warm-up there is a score, but no warning.
        if ticks < Self.warmupTicks || time - firstMilliseconds < Self.warmupMilliseconds { score = min(score, 0.99) }
        self.score = score
        var goesOn = isAnomalous
        if score >= 1 {
            let isOneEvent = atLimitMilliseconds != .min && time - atLimitMilliseconds <= Self.eventMilliseconds
            atLimitMilliseconds = time
            goesOn = goesOn || isOneEvent
            if isOneEvent && score <= raisedScore * Self.worsening { score = 0.99 }
        }
        let isNew = score >= 1
        if isNew {
            isAnomalous = true
            calm = 0
            raisedScore = score
            remember(explain(kind, seen: seen, signals, at: time), isSameEvent: goesOn)
        } else if isAnomalous {
            calm = found < 0.5 ? calm + 1 : 0
            if calm >= Self.calmTicks { isAnomalous = false }
        }
        if goesOn || isNew { memory?.event.cover(signals) }
        return Verdict(score: score, isAnomalous: isAnomalous, isNew: isNew)
    }

    /// The reason of a warning, and where its event begins unless it goes on.
    private mutating func remember(_ reason: AnomalyReason, isSameEvent: Bool) {
        var known = memory ?? AnomalyMemory()
        known.reason = reason
        if !isSameEvent { known.event = AnomalyExtent() }
        memory = known
    }
}
