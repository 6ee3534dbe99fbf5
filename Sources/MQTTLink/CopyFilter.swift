/// Tells the copies of a message that an MQTT 5 broker sends once for each topic filter that the topic matches (specification, 3.3.4).
///
/// Each filter is subscribed under an identifier of its own, and a broker sends the copies of one message close together. So what has the topic and
/// the payload of a message just before, and another identifier, is a copy; with the same identifier it was published twice. No message is
/// dropped that did not come under another identifier before, whatever the broker granted.
struct CopyFilter {
    /// Copies lie within so many messages. Of a publisher that repeats itself later nothing is a copy.
    private static let window = 256

    private struct Entry {
        var hash: UInt64 = 0
        var identifier: UInt32 = 0
        var number = Int.min / 2
    }

    /// By the low bits of the hash: an entry that another message has overwritten costs a message that counts twice, and no other.
    private var entries = [Entry](repeating: Entry(), count: window)
    private var number = 0

    /// The identifier of a filter, 1 to 268,435,455: the same in each process, because the session outlives it.
    static func identifier(of filter: String) -> UInt32 {
        // FNV-1a.
        let hash = filter.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return UInt32(hash % 268_435_455) + 1
    }

    /// Whether this message is a copy. `identifier` is that of the subscription for which it came; 0: the broker does not say.
    mutating func isCopy(topic: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, identifier: UInt32) -> Bool {
        guard identifier != 0 else { return false }
        number += 1
        var hasher = Hasher()
        hasher.combine(topic.count)
        hasher.combine(bytes: topic)
        hasher.combine(bytes: payload)
        let hash = UInt64(bitPattern: Int64(hasher.finalize()))
        let place = Int(hash % UInt64(Self.window))
        let known = entries[place]
        if known.hash == hash, known.identifier != identifier, number - known.number <= Self.window { return true }
        entries[place] = Entry(hash: hash, identifier: identifier, number: number)
        return false
    }
}
