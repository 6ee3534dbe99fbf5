import Glibc

/// The few functions of the normal distribution that a forecast needs.
enum Gaussian {
    static func density(_ z: Double) -> Double { 0.398_942_280_401_432_7 * exp(-0.5 * z * z) }

    /// P(Z ≤ z).
    static func cumulative(_ z: Double) -> Double {
        if z > 8 { return 1 }
        if z < -8 { return 0 }
        return 0.5 * erfc(-z * 0.707_106_781_186_547_6)
    }

    /// Nodes and weights of Gauss-Hermite quadrature for a standard normal, 5 points: exact for polynomials up to degree 9.
    static let nodes5: [(z: Double, weight: Double)] = [
        (-2.856_970_013_872_806, 0.011_257_411_327_720_7), (-1.355_626_179_974_266, 0.222_075_922_005_612_6),
        (0, 0.533_333_333_333_333_3), (1.355_626_179_974_266, 0.222_075_922_005_612_6),
        (2.856_970_013_872_806, 0.011_257_411_327_720_7),
    ]

    /// Mean and variance of N(mean, variance) between two bounds. Far outside, where the quotient of tails loses its digits, the
    /// nearer bound is the answer.
    static func truncated(mean: Double, variance: Double, low: Double, high: Double) -> (mean: Double, variance: Double) {
        let sd = variance.squareRoot()
        guard sd > 1e-9, low < high else { return (min(max(mean, low), high), variance) }
        let a = (low - mean) / sd
        let b = (high - mean) / sd
        if a < -6, b > 6 { return (mean, variance) }
        let mass = cumulative(b) - cumulative(a)
        guard mass > 1e-7 else {
            // The reading contradicts what was believed: believe the reading, and little of the rest.
            let width = min((high - low) / 4, sd)
            return (a > 0 ? low + width : high - width, width * width)
        }
        let da = a < -8 ? 0 : density(a)
        let db = b > 8 ? 0 : density(b)
        let shift = (da - db) / mass
        let curve = ((a < -8 ? 0 : a * da) - (b > 8 ? 0 : b * db)) / mass
        return (mean + sd * shift, max(variance * (1 + curve - shift * shift), variance * 1e-4))
    }
}
