import Hashing

/// Chance that can be repeated: a number for each name, from a seed. Whoever knows the seed can check it, and a name that comes later changes
/// no other's.
enum SeededDraw {
    /// 0 up to but not 1, in steps of 2⁻⁵²: the first digits of SHA-256 over seed and names.
    static func fraction(_ seed: UInt64, _ names: String...) -> Double {
        let digits = StableID.make([String(seed)] + names).prefix(13)
        return Double(UInt64(digits, radix: 16) ?? 0) * 0x1p-52
    }

    /// Names in the order of their numbers; of two the same number, which comes once in 10¹⁵, the lesser name is first.
    static func shuffled(_ names: [String], _ seed: UInt64, _ purpose: String) -> [String] {
        names.map { (fraction(seed, purpose, $0), $0) }.sorted { $0 < $1 }.map(\.1)
    }
}
