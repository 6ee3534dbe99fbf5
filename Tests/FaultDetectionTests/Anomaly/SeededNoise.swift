import Glibc

/// Splitmix64: small, and the same everywhere.
struct SeededNoise {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func bits() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 0 up to 1.
    mutating func uniform() -> Double { Double(bits() >> 11) / 9_007_199_254_740_992 }

    mutating func gaussian() -> Double { (-2 * log(max(uniform(), 1e-300))).squareRoot() * cos(2 * Double.pi * uniform()) }

    mutating func poisson(_ mean: Double) -> Double {
        let end = exp(-mean)
        var product = uniform()
        var count = 0.0
        while product > end {
            product *= uniform()
            count += 1
        }
        return count
    }
}
