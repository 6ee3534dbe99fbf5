import Telemetry

/// Recognises what the broker sends again after a reconnect: committed by us, but its acknowledgement never reached the broker.
///
/// Packet ids are no help (MQTT reuses them), so messages are known by a hash of topic and payload. That alone would not do: a
/// device without a clock says "jam", "no jam", and after our restart "jam" again in the same bytes, and the last one is news.
/// A broker marks what it sends again (DUP); what it does not mark is a first delivery and never a repeat. A marked one need not
/// be a repeat either, as it may have been sent and not committed. So the filter looks only from a connect on, only at marked
/// messages, only for those among the last `capacity`, and for each only once. What is left: of two equal messages, one
/// committed, the other lost with the connection before its commit, the second is taken for the first.
struct RepeatFilter: Sendable {
    private var ring: [UInt64]
    private var next = 0
    private var filled = 0
    /// How many more messages may be repeats; 0 most of the time.
    private var watching = 0
    private var expected: [UInt64: Int32] = [:]

    init(capacity: Int) { ring = Array(repeating: 0, count: max(capacity, 1)) }

    mutating func connected(sessionPresent: Bool) {
        expected.removeAll(keepingCapacity: true)
        watching = 0
        guard sessionPresent else { return }
        for hash in ring.prefix(filled) { expected[hash, default: 0] += 1 }
        watching = filled * 2
    }

    /// True when this message is one that was committed before.
    @inline(__always)
    mutating func isRepeat(_ hash: UInt64, isFirstDelivery: Bool = false) -> Bool {
        if watching > 0, isExpected(hash, isFirstDelivery) { return true }
        ring[next] = hash
        next += 1
        if next == ring.count { next = 0 }
        if filled < ring.count { filled += 1 }
        return false
    }

    private mutating func isExpected(_ hash: UInt64, _ isFirstDelivery: Bool) -> Bool {
        watching -= 1
        defer { if watching == 0 { expected = [:] } }
        guard !isFirstDelivery, let count = expected[hash] else { return false }
        expected[hash] = count > 1 ? count - 1 : nil
        return true
    }

    func write(to writer: inout ByteWriter) {
        // Oldest first, so that the restored ring goes on in the same order.
        writer.write(UInt32(filled))
        for index in 0..<filled { writer.write(ring[(next + ring.count - filled + index) % ring.count]) }
        writer.write(Int64(watching))
        // Sorted, because a dictionary has no order of its own.
        writer.write(UInt32(expected.count))
        for (hash, count) in expected.sorted(by: { $0.key < $1.key }) {
            writer.write(hash)
            writer.write(count)
        }
    }

    mutating func read(from reader: inout ByteReader) throws(ByteCodingError) {
        let count = Int(try reader.integer(UInt32.self))
        for _ in 0..<count {
            let hash = try reader.integer(UInt64.self)
            ring[next] = hash
            next = (next + 1) % ring.count
            filled = min(filled + 1, ring.count)
        }
        watching = Int(try reader.integer(Int64.self))
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let hash = try reader.integer(UInt64.self)
            expected[hash] = try reader.integer(Int32.self)
        }
    }
}
