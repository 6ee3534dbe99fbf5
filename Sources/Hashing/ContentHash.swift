/// A quick 64-bit hash over bytes, eight at a time, that is the same in every run, which Swift's own is not. It resists nobody who looks for
/// a collision, so it may only tell that something may have changed; what names things is `StableID`.
public enum ContentHash {
    public static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

    public static func combine(_ hash: UInt64, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = hash
        var index = 0
        // Eight bytes at a time; the multiplication mixes upwards, the shift brings it down again.
        while index + 8 <= bytes.count {
            hash = (hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
            index += 8
        }
        while index < bytes.count {
            hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3
            index += 1
        }
        hash ^= hash >> 29
        return hash
    }

    public static func combine(_ hash: UInt64, _ number: UInt64) -> UInt64 {
        let mixed = (hash ^ number) &* 0x9E37_79B9_7F4A_7C15
        return mixed ^ (mixed >> 32)
    }

    public static func combine(_ hash: UInt64, _ text: String) -> UInt64 {
        var text = text
        return text.withUTF8 { combine(combine(hash, UInt64($0.count)), UnsafeRawBufferPointer($0)) }
    }
}
