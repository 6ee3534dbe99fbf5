/// In how many days a condition will be met, as far as wear that telemetry shows can tell.
public enum RemainingLife: Equatable, Sendable {
    /// Days from the newest day that is over, by which the condition is met with a probability of 5, 50 and 95 %.
    case expected(earliest: Double, likely: Double, latest: Double)
    case unknown(Reason)

    /// Why nothing is said.
    public enum Reason: String, Equatable, Sendable {
        /// Too few days were told.
        case tooShort
        /// The levels of the days stay as they are, within what they differ by anyway.
        case noDrift
        /// They move, and away from the bound.
        case movesAway
        /// The drift is there, and the end too far for what is known of it.
        case tooFar
        /// The drift is there, and so unsteady that the interval would say nothing.
        case tooUncertain
        /// The condition holds now.
        case alreadyMet
    }

    /// So many told days at least.
    public static let minimumDays = 10

    /// Whether people should plan for it within so many days: the condition may be met by then, and will be in not much more. "9 to 108 days" is no
    /// reason to send somebody in 9.
    public func isWithin(days: Double) -> Bool {
        guard case .expected(let earliest, let likely, _) = self else { return false }
        return earliest < days && likely < 3 * days
    }

    public var days: (earliest: Double, likely: Double, latest: Double)? {
        if case .expected(let earliest, let likely, let latest) = self { (earliest, likely, latest) } else { nil }
    }
}
