import Glibc

/// How long an order takes to arrive: a lognormal around the quoted days.
///
/// A supplier's quote is a promise, not a measurement; with the usual spread of 0.25 one order in twenty takes half as long again.
public struct LeadTime: Equatable, Sendable, Codable {
    /// Median of the days from order to delivery.
    public var days: Double
    /// Standard deviation of the logarithm.
    public var spread: Double

    public static let usualSpread = 0.25

    public init(days: Double, spread: Double = LeadTime.usualSpread) {
        self.days = days.isFinite ? min(max(days, 0), 365) : 3
        self.spread = spread.isFinite ? min(max(spread, 0), 2) : Self.usualSpread
    }

    /// When an order placed at `milliseconds` should have come at the latest: 98 of 100 have, and a weekend may lie between.
    public func latestMilliseconds(from milliseconds: Int64) -> Int64 {
        milliseconds &+ Int64((days * exp(2 * spread) + 2) * 86_400_000)
    }

    /// Nodes and weights of Gauss-Hermite quadrature for a standard normal, 7 points: good to a tenth of a percent here.
    private static let nodes: [(z: Double, weight: Double)] = [
        (0, 0.457_142_857_142_857), (1.154_405_394_739_968, 0.240_123_178_605_013), (-1.154_405_394_739_968, 0.240_123_178_605_013),
        (2.366_759_410_734_541, 0.030_757_123_967_586), (-2.366_759_410_734_541, 0.030_757_123_967_586),
        (3.750_439_717_725_742, 0.000_548_268_855_972), (-3.750_439_717_725_742, 0.000_548_268_855_972),
    ]

    /// The chance that something which happens within h days with probability `happens(h)` comes before an order placed at
    /// `milliseconds` arrives.
    public func chance(orderedAt milliseconds: Int64, calendar: SupplierCalendar?, before happens: (Double) -> Double) -> Double {
        var sum = 0.0
        for (z, weight) in Self.nodes {
            let days = days * exp(spread * z)
            sum += weight * happens(calendar?.daysUntilArrival(orderedAt: milliseconds, leadDays: days) ?? days)
        }
        return sum
    }

    /// An upper bound of `chance` that asks once and not seven times: nearly every order is there by the second longest of the nodes.
    public func chanceAtMost(orderedAt milliseconds: Int64, calendar: SupplierCalendar?, before happens: (Double) -> Double) -> Double {
        let rare = Self.nodes[5].weight
        let nearlyAll = days * exp(spread * Self.nodes[3].z)
        let happening = happens(calendar?.daysUntilArrival(orderedAt: milliseconds, leadDays: nearlyAll) ?? nearlyAll)
        return rare + (1 - rare) * happening
    }

    /// The share of lead times that are longer: the chance that what was ordered `elapsedDays` ago is not there yet.
    public func chanceOfBeingLonger(thanDays elapsedDays: Double) -> Double {
        guard days > 0, elapsedDays > 0 else { return elapsedDays >= days ? 0 : 1 }
        guard spread > 0 else { return elapsedDays >= days ? 0 : 1 }
        return 0.5 * erfc(log(elapsedDays / days) / spread * 0.707_106_781_186_547_6)
    }

    /// How long an order may wait before it is sent, so that others can travel with it, in milliseconds from `time`.
    ///
    /// Waiting is safe while the risk of an order sent then is no higher than allowed, or no higher than that of one sent at once: over a
    /// weekend on which the supplier does not work waiting costs nothing at all. The risk never falls with the wait, because who sends later
    /// receives later, so the end of the safe wait is found by bisection, to the minute and never beyond it.
    ///
    /// - Parameters:
    ///   - window: no longer than this.
    ///   - endsWithin: the chance that the supply ends within so many days of `time`.
    public func safeWaitMilliseconds(
        from time: Int64, within window: Int64, allowedRisk: Double, calendar: SupplierCalendar?, endsWithin: (Double) -> Double
    ) -> Int64 {
        func risk(_ wait: Int64) -> Double {
            chance(orderedAt: time &+ wait, calendar: calendar) { endsWithin($0 + Double(wait) / 86_400_000) }
        }
        guard window > 0 else { return 0 }
        // Sums of days are rounded; a millionth of a percent is no risk.
        let limit = max(allowedRisk, risk(0)) + 1e-8
        // A chance that is no number allows nothing.
        guard limit.isFinite else { return 0 }
        if risk(window) <= limit { return window }
        var (safe, unsafe) = (Int64(0), window)
        while unsafe - safe > 60_000 {
            let middle = safe + (unsafe - safe) / 2
            if risk(middle) <= limit { safe = middle } else { unsafe = middle }
        }
        return safe
    }

    // MARK: What became of an order, as far as a recording can tell: when the supply ended, and not when the order would have come

    /// The share of lead times with which the order would have come after the end.
    public struct Outcome: Equatable, Sendable {
        public var late: Double
        /// Days that the delivery waits on average, counting 0 for those that came too late.
        public var waitingDays: Double
    }

    /// Of an end of which only the reports before and after it are known: the mean over that time. A device that reports twice a week is without
    /// its supply for up to half a week before anybody sees it, and an order that came on the day on which it is seen was late.
    public func outcome(orderedAt ordered: Int64, ended end: ClosedRange<Int64>, calendar: SupplierCalendar?) -> Outcome {
        let hours = (end.upperBound - end.lowerBound) / 3_600_000
        guard hours >= 2 else { return outcome(orderedAt: ordered, endedAt: end.upperBound, calendar: calendar) }
        let parts: Int64 = 4
        var mean = Outcome(late: 0, waitingDays: 0)
        for part in 0..<parts {
            // The middle of each part.
            let place = end.lowerBound + (end.upperBound - end.lowerBound) / (2 * parts) * (2 * part + 1)
            let outcome = outcome(orderedAt: ordered, endedAt: place, calendar: calendar)
            mean.late += outcome.late / Double(parts)
            mean.waitingDays += outcome.waitingDays / Double(parts)
        }
        return mean
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
