import CXXHash

/// The last commit of a store, as recorded outside the store.
public struct CommitRecord: Sendable, Equatable {
    /// Made with the store, and kept in it.
    public var storeID: Int64
    public var lastEvent: Int64
    /// The checksum of the inbox's last row, which stands for all rows before it.
    public var chain: Int64
    /// When the last batch arrived, since 1970.
    public var milliseconds: Int64
}

/// Keeps the newest `CommitRecord` in a piece of mapped memory, by plain stores after each commit.
///
/// It survives every end of the program. After a loss of power it may be older than the store, which is no contradiction; it is never newer,
/// because the commit was flushed before.
public struct CommitWitness: @unchecked Sendable {
    // @unchecked: written by the thread that owns the store, and read at start before that.
    /// Two records take turns: a program that is killed while it writes the one leaves the other.
    public static let byteCount = 2 * slotBytes
    private static let slotBytes = 48
    private let memory: UnsafeMutableRawPointer
    private var slot = 0
    private var sequence: Int64 = 0

    /// `memory` has `byteCount` bytes, is aligned to 8, and outlives the value.
    public init(memory: UnsafeMutableRawPointer) {
        precondition(UInt(bitPattern: memory) % 8 == 0, "the memory of the commit record is not aligned to 8 bytes")
        self.memory = memory
        guard let newest = Self.newest(memory) else { return }
        slot = 1 - newest.slot
        sequence = newest.sequence
    }

    /// Nothing was ever written.
    public var isBlank: Bool { UnsafeRawBufferPointer(start: memory, count: Self.byteCount).allSatisfy { $0 == 0 } }

    /// The newest whole record.
    public var record: CommitRecord? { Self.newest(memory)?.record }

    public mutating func note(_ record: CommitRecord) {
        let place = memory + slot * Self.slotBytes
        sequence &+= 1
        place.storeBytes(of: record.storeID.littleEndian, toByteOffset: 0, as: Int64.self)
        place.storeBytes(of: record.lastEvent.littleEndian, toByteOffset: 8, as: Int64.self)
        place.storeBytes(of: record.chain.littleEndian, toByteOffset: 16, as: Int64.self)
        place.storeBytes(of: record.milliseconds.littleEndian, toByteOffset: 24, as: Int64.self)
        place.storeBytes(of: sequence.littleEndian, toByteOffset: 32, as: Int64.self)
        place.storeBytes(of: Self.checksum(place).littleEndian, toByteOffset: 40, as: UInt64.self)
        slot = 1 - slot
    }

    private static func newest(_ memory: UnsafeMutableRawPointer) -> (record: CommitRecord, sequence: Int64, slot: Int)? {
        var newest: (record: CommitRecord, sequence: Int64, slot: Int)?
        for slot in 0...1 {
            let place = memory + slot * slotBytes
            func word(_ index: Int) -> Int64 { Int64(littleEndian: place.load(fromByteOffset: index * 8, as: Int64.self)) }
            guard word(0) != 0, UInt64(bitPattern: word(5)) == checksum(place) else { continue }
            if let other = newest, other.sequence > word(4) { continue }
            let record = CommitRecord(storeID: word(0), lastEvent: word(1), chain: word(2), milliseconds: word(3))
            newest = (record, word(4), slot)
        }
        return newest
    }

    private static func checksum(_ place: UnsafeMutableRawPointer) -> UInt64 { steward_xxh3(place, 40, 0x5374_7764) }
}
