/// What a detector remembers of some keys only: small tables in one piece of memory that grows with what is remembered.
///
/// Each table holds entries of one size, sorted by their key, a byte. What has no entry was never met. A dense form would be zeros mostly:
/// a detector meets the last of its half-hours after a week, and few bins of sizes ever.
struct SparseTables: Sendable {
    struct Table {
        /// By slot: mean and spread as floats, and a count in a byte (`SeasonTable`).
        static let season = Table(index: 0)
        /// By bin: a weight in two bytes, for each table of `BlockMaxima`.
        static func maxima(_ kind: Int) -> Table { Table(index: 1 + kind) }

        fileprivate let index: Int

        /// Bytes of an entry, its key among them.
        @inline(__always)
        fileprivate var entryBytes: Int { index == 0 ? 10 : 3 }
    }

    /// It grows by so much at a time.
    private static let growthBytes = 64

    private var bytes: [UInt8] = []
    private var counts = SIMD8<UInt8>(repeating: 0)

    /// Memory beside the value itself, as the allocator gives it, with the head of an array.
    var heapBytes: Int { bytes.capacity == 0 ? 0 : bytes.capacity + 40 }

    @inline(__always)
    func count(_ table: Table) -> Int { Int(counts[table.index]) }

    @inline(__always)
    private func start(_ table: Table) -> Int {
        // The season is asked at each tick and lies at the front.
        guard table.index > 0 else { return 0 }
        var start = Int(counts[0]) * Table.season.entryBytes
        var index = 1
        while index < table.index {
            start += Int(counts[index]) * 3
            index += 1
        }
        return start
    }

    /// The place of the first entry whose key is not below `key`.
    @inline(__always)
    private func lowerBound(_ table: Table, _ key: UInt8) -> Int {
        let first = start(table)
        var low = 0
        var high = count(table)
        while low < high {
            let middle = (low + high) / 2
            if bytes[first + middle * table.entryBytes] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Where the bytes behind the key of an entry begin; nil when there is none.
    @inline(__always)
    func find(_ table: Table, _ key: UInt8) -> Int? {
        let place = lowerBound(table, key)
        let offset = start(table) + place * table.entryBytes
        return place < count(table) && bytes[offset] == key ? offset + 1 : nil
    }

    /// The same, with a new entry of zeros when there was none.
    mutating func findOrInsert(_ table: Table, _ key: UInt8) -> Int {
        if let known = find(table, key) { return known }
        let offset = start(table) + lowerBound(table, key) * table.entryBytes
        if bytes.count + table.entryBytes > bytes.capacity { bytes.reserveCapacity(bytes.count + Self.growthBytes) }
        bytes.insert(contentsOf: repeatElement(0, count: table.entryBytes), at: offset)
        bytes[offset] = key
        counts[table.index] += 1
        return offset + 1
    }

    mutating func remove(_ table: Table, at place: Int) {
        let offset = start(table) + place * table.entryBytes
        bytes.removeSubrange(offset..<offset + table.entryBytes)
        counts[table.index] -= 1
    }

    /// The key of an entry by its place in the order of the keys, and where its bytes begin.
    @inline(__always)
    func entry(_ table: Table, at place: Int) -> (key: UInt8, offset: Int) {
        let offset = start(table) + place * table.entryBytes
        return (bytes[offset], offset + 1)
    }

    /// The value of some bytes of an entry; the type says how many.
    @inline(__always)
    func load<Value: BitwiseCopyable>(_ offset: Int, as type: Value.Type) -> Value {
        precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= bytes.count, "an offset of another state of the tables")
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }

    @inline(__always)
    mutating func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= bytes.count, "an offset of another state of the tables")
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: value, toByteOffset: offset, as: Value.self) }
    }
}
