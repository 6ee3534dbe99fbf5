/// Names for things that the core creates: the same causes give the same name in every run, on every gateway.
public enum StableID {
    /// 16 hexadecimal digits from the parts.
    public static func make(_ parts: String...) -> String {
        let hash = parts.reduce(ContentHash.seed) { ContentHash.combine($0, $1) }
        // A second round spreads short inputs over all bits.
        let digits = String(ContentHash.combine(hash, hash >> 7), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
