import Glibc

/// What a late supply costs in days of waiting, so chosen that the share of late supplies is what the service level allows.
///
/// A fixed risk for every supply is wasteful: a printer that uses a percent a day must wait weeks to bring its risk from 6 to 5 %,
/// one that empties a cartridge in a fortnight brings it from 5 to 1 % for a day. An order is worth placing once the lateness that
/// waiting for the next report would add, times this price, exceeds the waiting it would save. One price for all makes the marginal
/// day of waiting buy the same everywhere; the price itself follows the risks taken and how the lives ended.
public struct LatenessPrice: Equatable, Sendable, Codable {
    /// Logarithm of days of waiting a late supply is worth.
    private var logDays = 3.4
    private var orders = 0.0
    /// Sums of the risks foretold and of the lateness that came true, over lives that could be served; both fade.
    private var foretold = LatenessPrice.priorLives * LatenessPrice.priorRisk
    private var cameTrue = LatenessPrice.priorLives * LatenessPrice.priorRisk * 1.2

    private static let priorLives = 60.0
    private static let priorRisk = 0.05

    public init() {}

    public var days: Double { exp(logDays) }

    /// What came true of each risk foretold.
    public var calibration: Double { min(max(cameTrue / foretold, 0.5), 3) }

    /// An order was placed at this risk, high ones of sudden ends included: they are late as well.
    public mutating func ordered(risk: Double, serviceLevel: Double) {
        guard risk.isFinite, risk >= 0, risk <= 1 else { return }
        orders = min(orders + 1, 1_000_000)
        let step = max(0.03, 1.2 / (orders + 12))
        logDays += step * (risk * calibration - (1 - serviceLevel)) / (1 - serviceLevel)
        logDays = min(max(logDays, 1), 6.5)
    }

    /// A life is over for which the risk was foretold, and of which so much was late.
    public mutating func ended(foretold risk: Double, late: Double) {
        guard risk.isFinite, late.isFinite, (0...1).contains(risk), (0...1).contains(late) else { return }
        foretold += risk
        cameTrue += late
        if foretold > 40 {
            foretold *= 0.5
            cameTrue *= 0.5
        }
    }
}
