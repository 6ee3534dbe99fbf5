/// The hash of tables whose keys strangers choose: with a secret that is drawn at each start, nobody can prepare keys that fall into one place
/// and make every look-up walk over all of them.
///
/// The secret moves entries within a table and nothing else. What is stored, compared or told never comes from here.
/// Two words at a time are multiplied to 128 bits whose halves are folded, as wyhash and foldhash do.
public struct KeyedHash: Equatable, Sendable {
    private let first: UInt64
    private let second: UInt64

    /// Every seed gives the same results; tests and replays need no secret.
    public init(seed: UInt64 = 0) {
        first = Self.spread(seed &+ 0x9E37_79B9_7F4A_7C15)
        second = Self.spread(seed &+ 0x3C6E_F372_FE94_F82A) | 1
    }

    /// SplitMix64's finaliser (Steele et al., OOPSLA 2014).
    private static func spread(_ seed: UInt64) -> UInt64 {
        var z = seed
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    /// `salt` tells apart equal bytes that mean different things.
    @inline(__always)
    public func callAsFunction(_ bytes: UnsafeRawBufferPointer, salt: UInt64 = 0) -> UInt64 {
        let count = bytes.count
        var hash = first ^ Self.fold(UInt64(truncatingIfNeeded: count) ^ second, salt ^ first)
        guard count >= 8 else {
            var last: UInt64 = 0
            for index in 0..<count { last |= UInt64(bytes[index]) << UInt64(8 * index) }
            hash = Self.fold(hash ^ last, second)
            return Self.fold(hash, first)
        }
        func word(_ offset: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        var offset = 0
        while offset + 16 < count {
            hash = Self.fold(word(offset) ^ hash, word(offset + 8) ^ second)
            offset += 16
        }
        // The last words may overlap those before; with the length in the hash that is no ambiguity.
        if count - offset > 8 { hash = Self.fold(word(offset) ^ hash, second) }
        hash = Self.fold(word(count - 8) ^ hash, second)
        return Self.fold(hash, first)
    }
}
