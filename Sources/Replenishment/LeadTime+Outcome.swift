import Glibc

/// What became of an order, as far as a recording can tell: it shows when the supply ended, and not when the order would have come.
extension LeadTime {
    /// The share of lead times with which the order would have come after the end.
    public struct Outcome: Equatable, Sendable {
        public var late: Double
        /// Days that the delivery waits on average, counting 0 for those that came too late.
        public var waitingDays: Double
    }

    /// - Parameter calendar: the supplier's working days; nil counts every day.
    public func outcome(orderedAt ordered: Int64, endedAt ended: Int64, calendar: SupplierCalendar?) -> Outcome {
        let elapsed = (Double(ended) - Double(ordered)) / 86_400_000
        guard elapsed > 0 else { return Outcome(late: elapsed >= 0 && days == 0 ? 0 : 1, waitingDays: 0) }
        if let calendar { return outcome(orderedAt: ordered, elapsedDays: elapsed, calendar) }
        let late = chanceOfBeingLonger(thanDays: elapsed)
        guard days > 0, spread > 0 else { return Outcome(late: late, waitingDays: late > 0 ? 0 : elapsed - days) }
        // E max(e − L, 0) of a lognormal L, as the price of a put option has it.
        let place = log(elapsed / days) / spread
        let mean = days * exp(spread * spread / 2)
        let waiting = elapsed * (1 - late) - mean * Self.cumulative(place - spread)
        return Outcome(late: late, waitingDays: max(waiting, 0))
    }

    /// Working days make steps of it, so the distribution is walked through.
    private func outcome(orderedAt ordered: Int64, elapsedDays elapsed: Double, _ calendar: SupplierCalendar) -> Outcome {
        var late = 0.0
        var waiting = 0.0
        var sum = 0.0
        for step in -400...400 {
            let z = Double(step) / 100
            let weight = exp(-0.5 * z * z)
            let arrival = calendar.daysUntilArrival(orderedAt: ordered, leadDays: days * exp(spread * z))
            sum += weight
            if arrival > elapsed { late += weight } else { waiting += weight * (elapsed - arrival) }
        }
        return Outcome(late: late / sum, waitingDays: waiting / sum)
    }

    private static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z * 0.707_106_781_186_547_6) }
}
