/// A difference that was estimated, with its 95 % interval.
public struct EffectEstimate: Equatable, Sendable {
    /// Treatment less control, in the outcome's unit.
    public let value: Double
    public let error: Double
    /// Of Student's t.
    public let freedom: Double
    public let low: Double
    public let high: Double
    /// Two-sided, of no effect.
    public let pValue: Double
    /// What the outcome is without treatment, as estimated from those without.
    public let baseline: Double?

    init(value: Double, error: Double, freedom: Double, baseline: Double?) {
        self.value = value
        self.error = error
        self.freedom = freedom
        self.baseline = baseline
        let half = StudentT.upperQuantile(0.025, freedom: freedom) * error
        low = value - half
        high = value + half
        pValue = 2 * StudentT.upperTail(abs(value) / error, freedom: freedom)
    }

    /// Whether the interval leaves 0 out.
    public var claimsEffect: Bool { low > 0 || high < 0 }

    public func contains(_ truth: Double) -> Bool { low <= truth && truth <= high }

    /// `value` as a share of what would be without; nil where that is 0 or not known.
    public var relative: Double? { baseline.flatMap { $0 == 0 ? nil : value / abs($0) } }
}

/// Why there is no estimate.
public enum EffectObstacle: Error, Equatable, Sendable {
    /// Fewer than `minimum` devices with an outcome in an arm.
    case tooFewDevices(treatment: Int, control: Int, minimum: Int)
    /// Fewer than two steps of at least two units each that can be compared.
    case tooFewSteps
    /// All devices have the same outcome, so nothing tells how sure the difference is.
    case noVariation
    /// The window is empty, or there are no days before the start.
    case noDays
    /// Devices of one site begin on different days, so the site is no unit; the site is named.
    case mixedSite(String)
    /// Starts are not whole blocks apart.
    case unevenSteps
}

/// A device that an estimate does without, and why.
public struct ExcludedUnit: Equatable, Sendable {
    public enum Reason: String, Equatable, Sendable {
        /// No day of the outcome's window is known.
        case noOutcome
        /// Some block of the window is not known, and the estimator needs them all.
        case incomplete
        /// Nothing was assigned to it.
        case notAssigned
        /// It adopted before the first day that is compared.
        case alwaysTreated
        /// It alone adopted on its day, so nothing tells how much such units differ.
        case aloneInStep
    }

    /// A device's id or a site's name, as the estimator's units are.
    public let id: String
    public let reason: Reason
}
