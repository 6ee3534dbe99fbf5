/// Changes bytes of a valid input at random, so that a reader meets what is nearly right.
public enum Mutator {
    private static let pieces = [
        "null", "true", "-1", "1e999", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "\"\"", "{}", "[]", "{\"a\":",
        "[[[[", "]]", "\\ud800", "\\u0000", "\u{0}", "\"ts\":", "\"temp\":1,\"temp\":2", "\"supply.black\":5", ",", "0.1e-400", "NaN",
        "\u{FFFD}",
    ].map { Array($0.utf8) }

    /// One change at a random place.
    public static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let at = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &generator) }
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0..<9, using: &generator)))
        case 2: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &generator)], at: at)
        case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 30)], at: at)
        case 4: if at < bytes.count { bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
        case 5: bytes.insert(contentsOf: "\"n\(Int.random(in: 0..<9999, using: &generator))\":\(at),".utf8, at: min(1, bytes.count))
        default: bytes.removeLast(min(bytes.count, Int.random(in: 0..<4, using: &generator)))
        }
    }
}
