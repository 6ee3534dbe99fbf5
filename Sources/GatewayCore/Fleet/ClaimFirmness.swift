/// How firmly a message rule says that the devices of its topic are of its profile.
enum ClaimFirmness: UInt8, Comparable, Sendable {
    /// The rule is `general`: it yields to every other profile.
    case yielding
    /// The topic begins with a wildcard, so other programs may write the like.
    case broad
    /// The topic begins with a word.
    case firm

    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
