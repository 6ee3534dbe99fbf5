import GatewayCore
import Replenishment

/// Compares the orders of a replay with those of a fixed threshold on the same data: late orders, days that deliveries waited, and what was
/// left in the cartridges.
///
/// A recording tells when each cartridge was replaced, and not when an order would have arrived. So the lead time's distribution stands
/// in for it: a life counts as late by the share of lead times that are longer than the time from order to replacement.
public struct Backtest: Equatable, Sendable {
    /// One way of ordering, over the lives that can be judged.
    public struct Policy: Equatable, Sendable {
        public var orders = 0
        /// Expected number of lives whose order came too late; a life without an order counts whole.
        public var lates = 0.0
        /// Sum of the days that deliveries waited, over lives served in time.
        public var earlyDays = 0.0

        mutating func add(orderedMilliseconds: Int64?, _ life: SupplyLife) {
            guard let ordered = orderedMilliseconds else {
                lates += 1
                return
            }
            orders += 1
            let outcome = LeadTime(days: life.leadDays, spread: life.leadSpread).outcome(
                orderedAt: ordered, ended: life.endedMilliseconds, calendar: life.calendar)
            lates += outcome.late
            earlyDays += outcome.waitingDays
        }

        public func latePercent(of lives: Int) -> Double { lives > 0 ? 100 * lates / Double(lives) : 0 }
        public func meanEarlyDays(of lives: Int) -> Double { Double(lives) > lates ? earlyDays / (Double(lives) - lates) : 0 }
    }

    /// Lives that began in the recording and were longer than two and a half lead times.
    public private(set) var lives = 0
    /// The others: the first life of each slot, and lives so short that only a spare on the shelf would have helped.
    public private(set) var livesNotJudged = 0
    public private(set) var residualPercent = 0.0
    public private(set) var rule = Policy()
    public private(set) var threshold = Policy()

    public init() {}

    public mutating func add(_ life: SupplyLife) {
        guard let installed = life.installedMilliseconds,
            Double(life.endedMilliseconds.upperBound) - Double(installed) > 2.5 * life.leadDays * 86_400_000
        else {
            livesNotJudged += 1
            return
        }
        lives += 1
        residualPercent += life.residualPercent
        rule.add(orderedMilliseconds: life.orderedMilliseconds, life)
        threshold.add(orderedMilliseconds: life.thresholdMilliseconds, life)
    }

    public var meanResidualPercent: Double { lives > 0 ? residualPercent / Double(lives) : 0 }
}
