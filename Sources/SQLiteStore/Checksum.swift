import CXXHash

/// XXH3 with 64 bits (Collet), seeded with what went before: finds damage by accident, not by intent.
struct Checksum: Equatable {
    private(set) var value: UInt64

    init(_ seed: Int64 = 0) { value = UInt64(bitPattern: seed) }

    mutating func add(_ bytes: UnsafeRawBufferPointer) { value = steward_xxh3(bytes.baseAddress, bytes.count, value) }

    mutating func add(_ number: Int64) {
        withUnsafeBytes(of: number.littleEndian) { add($0) }
    }

    /// As SQLite stores it.
    var signed: Int64 { Int64(bitPattern: value) }

    /// Of one row of the inbox. It holds the checksum of the row before, so that the rows are a chain.
    static func ofSegment(
        previous: Int64, firstEvent: Int64, count: Int64, arrivalMilliseconds: Int64, bytes: UnsafeRawBufferPointer
    ) -> Int64 {
        var checksum = Checksum(previous)
        checksum.add(bytes)
        withUnsafeBytes(of: (firstEvent.littleEndian, count.littleEndian, arrivalMilliseconds.littleEndian)) { checksum.add($0) }
        return checksum.signed
    }
}

/// FNV-1a with 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv), with which snapshots of the first stores were written.
struct FNVChecksum {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var hash = value
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        value = hash
    }

    mutating func add(_ number: Int64) {
        withUnsafeBytes(of: number.littleEndian) { add($0) }
    }

    var signed: Int64 { Int64(bitPattern: value) }
}
