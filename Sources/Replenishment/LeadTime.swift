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
}
