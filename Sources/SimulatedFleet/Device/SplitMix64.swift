import Glibc

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
///
/// The standard library may change how it draws from a range, which would change every simulated fleet, so the drawing is ours too.
public struct SplitMix64: Sendable, Equatable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// A stream of its own for each name, so that a device behaves alike however many others there are.
    public init(seed: UInt64, name: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        state = seed ^ hash
        _ = next()
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// At least 0 and below 1.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    public mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    public mutating func number(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }

    /// Both ends belong to the range.
    public mutating func integer(_ range: ClosedRange<Int64>) -> Int64 {
        let width = UInt64(bitPattern: range.upperBound &- range.lowerBound) &+ 1
        guard width != 0 else { return Int64(bitPattern: next()) }
        return range.lowerBound &+ Int64(bitPattern: next().multipliedFullWidth(by: width).high)
    }

    /// Between -amplitude and +amplitude, small values more often than large ones.
    public mutating func noise(_ amplitude: Double) -> Double { (unit() + unit() - 1) * amplitude }

    /// The waiting time for something that happens once in `mean` on average.
    public mutating func waiting(mean: Double) -> Double { -log(1 - unit()) * mean }

    /// Draws an index in proportion to the weights; 0 when there are none.
    public mutating func index(weights: [Double]) -> Int {
        var left = unit() * weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            left -= weight
            if left < 0 { return index }
        }
        return max(0, weights.count - 1)
    }
}

extension Double {
    func rounded(decimals: Int) -> Double {
        let factor = decimals == 0 ? 1.0 : (decimals == 1 ? 10.0 : 100.0)
        return (self * factor).rounded() / factor
    }
}
