import Glibc

/// Student's t: what a difference of two means follows when its error is estimated from few units.
public enum StudentT {
    /// P(T > t) for any finite `t`; the normal distribution's where `freedom` is above 10⁷ or not finite.
    ///
    /// - Parameter freedom: degrees of freedom, above 0; need not be whole.
    public static func upperTail(_ t: Double, freedom: Double) -> Double {
        guard t >= 0 else { return 1 - upperTail(-t, freedom: freedom) }
        guard freedom <= 1e7 else { return 0.5 * erfc(t * 0.5.squareRoot()) }
        return 0.5 * SpecialFunctions.incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
    }

    /// The t that is exceeded with probability `tail`, to about 12 digits.
    ///
    /// - Parameter tail: above 0 and at most 0.5.
    public static func upperQuantile(_ tail: Double, freedom: Double) -> Double {
        guard tail < 0.5 else { return 0 }
        var high = 2.0
        while upperTail(high, freedom: freedom) > tail, high < 1e150 { high *= high }
        var low = 0.0
        // The tail falls steadily, so halving finds the place; the loop ends where doubles have no further one between.
        for _ in 0..<200 {
            let middle = 0.5 * (low + high)
            guard middle > low, middle < high, high - low > 1e-13 * high else { break }
            if upperTail(middle, freedom: freedom) > tail { low = middle } else { high = middle }
        }
        return 0.5 * (low + high)
    }
}

/// The distribution of a sum of squares, which counts that deviate from what was planned follow.
public enum ChiSquare {
    /// P(X > x).
    ///
    /// - Parameter freedom: degrees of freedom, above 0.
    public static func upperTail(_ x: Double, freedom: Double) -> Double {
        x > 0 ? SpecialFunctions.upperIncompleteGamma(freedom / 2, x / 2) : 1
    }
}

/// The functions behind the distributions, by the series and continued fractions of the NIST Digital Library of Mathematical Functions.
enum SpecialFunctions {
    private static let tiny = 1e-300
    private static let precision = 1e-15

    /// The regularised incomplete beta function Iₓ(a, b), DLMF 8.17.22 by the modified Lentz method.
    static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        // The fraction converges quickly on this side; the other follows from symmetry (8.17.4).
        guard x <= (a + 1) / (a + b + 2) else { return 1 - incompleteBeta(1 - x, b, a) }
        let front = exp(lgamma(a + b).0 - lgamma(a).0 - lgamma(b).0 + a * log(x) + b * log1p(-x)) / a
        var c = 1.0
        var d = 1 / nonzero(1 - (a + b) * x / (a + 1))
        var fraction = d
        for step in 1..<20_000 {
            let m = Double(step)
            for numerator in [
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            ] {
                d = 1 / nonzero(1 + numerator * d)
                c = nonzero(1 + numerator / c)
                fraction *= c * d
            }
            if abs(c * d - 1) < precision { break }
        }
        return front * fraction
    }

    /// The regularised upper incomplete gamma function Q(a, x): the series DLMF 8.7.1 for small x, the continued fraction 8.9.2 else.
    static func upperIncompleteGamma(_ a: Double, _ x: Double) -> Double {
        let front = exp(a * log(x) - x - lgamma(a).0)
        if x < a + 1 {
            var term = 1 / a
            var sum = term
            for step in 1..<20_000 {
                term *= x / (a + Double(step))
                sum += term
                if term < sum * precision { break }
            }
            return 1 - front * sum
        }
        var b = x + 1 - a
        var c = 1 / tiny
        var d = 1 / nonzero(b)
        var fraction = d
        for step in 1..<20_000 {
            let numerator = -Double(step) * (Double(step) - a)
            b += 2
            d = 1 / nonzero(numerator * d + b)
            c = nonzero(b + numerator / c)
            fraction *= c * d
            if abs(c * d - 1) < precision { break }
        }
        return front * fraction
    }

    private static func nonzero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
}
