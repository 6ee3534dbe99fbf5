import CCrypto

/// Names for things that the core creates: the same causes give the same name in every run, on every gateway.
public enum StableID {
    /// 32 hexadecimal digits: the first half of the SHA-256 (FIPS 180-4) over the parts, each with its length in bytes before it as a
    /// little-endian number of 64 bits.
    ///
    /// Devices choose what they are called, and whoever could choose a name that gives the id of another device's order would own that
    /// order. To find one for a given id takes 2^128 tries.
    public static func make(_ parts: String...) -> String { make(parts) }

    public static func make(_ parts: [String]) -> String {
        var bytes: [UInt8] = []
        for part in parts {
            withUnsafeBytes(of: UInt64(part.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: part.utf8)
        }
        var digest = [UInt8](repeating: 0, count: 32)
        // libcrypto fails only where memory is short, as any other allocation would.
        precondition(SHA256(bytes, bytes.count, &digest) != nil, "libcrypto has no memory for SHA-256")
        return String(unsafeUninitializedCapacity: 32) { text in
            for place in 0..<16 {
                text[2 * place] = Self.digit(digest[place] >> 4)
                text[2 * place + 1] = Self.digit(digest[place] & 15)
            }
            return 32
        }
    }

    private static func digit(_ number: UInt8) -> UInt8 { number < 10 ? 0x30 + number : 0x57 + number }

    /// 16 digits of a hash that is quick and that can be computed backwards. It recognises what an earlier version has named, beside a
    /// comparison of the fields, and names what only the operator's own files describe.
    public static func short(_ parts: String...) -> String {
        let hash = parts.reduce(ContentHash.seed) { ContentHash.combine($0, $1) }
        // A second round spreads short inputs over all bits.
        let digits = String(ContentHash.combine(hash, hash >> 7), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
