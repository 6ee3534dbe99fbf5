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

    /// P(Z ≤ z) for eight values at once, to 8 × 10⁻⁸ (Abramowitz and Stegun 26.2.17). A forecast asks for hundreds of these, and
    /// one `erfc` after the other takes ten times as long.
    @inline(__always)
    static func cumulative(_ z: SIMD8<Double>) -> SIMD8<Double> {
        let negative = z .< 0
        let size = z.replacing(with: -z, where: negative)
        let x = size.replacing(with: 8, where: size .> 8)
        let t = 1 / (1 + 0.231_641_9 * x)
        var tail = SIMD8(repeating: 1.330_274_429) * t - 1.821_255_978
        tail = tail * t + 1.781_477_937
        tail = tail * t - 0.356_563_782
        tail = (tail * t + 0.319_381_530) * t * 0.398_942_280_401_432_7 * exponential(-0.5 * x * x)
        return (1 - tail).replacing(with: tail, where: negative)
    }

    /// eˣ for x in −700...0, to 3 × 10⁻⁹ of its value: a power of two, and a polynomial for the rest.
    @inline(__always)
    private static func exponential(_ x: SIMD8<Double>) -> SIMD8<Double> {
        // Adding 1.5 × 2⁵² rounds to a whole number and leaves it in the low bits.
        let rounding = SIMD8(repeating: 6_755_399_441_055_744.0)
        let shifted = x * 1.442_695_040_888_963_4 + rounding
        let powers = shifted - rounding
        let rest = x - powers * 0.693_147_180_559_945_3
        var sum = SIMD8(repeating: 1.0 / 5040) * rest + 1.0 / 720
        sum = sum * rest + 1.0 / 120
        sum = sum * rest + 1.0 / 24
        sum = sum * rest + 1.0 / 6
        sum = sum * rest + 0.5
        sum = (sum * rest + 1) * rest + 1
        let exponents = unsafeBitCast(shifted, to: SIMD8<Int64>.self) &- unsafeBitCast(rounding, to: SIMD8<Int64>.self) &+ 1023
        return sum * unsafeBitCast(exponents &<< 52, to: SIMD8<Double>.self)
    }

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
