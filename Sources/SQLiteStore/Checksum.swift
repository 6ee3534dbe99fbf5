/// FNV-1a with 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv): finds damage by accident, not by intent.
struct Checksum {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var hash = value
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        value = hash
    }

    mutating func add(_ number: Int64) {
        withUnsafeBytes(of: number.littleEndian) { add($0) }
    }

    /// As SQLite stores it.
    var signed: Int64 { Int64(bitPattern: value) }
}
