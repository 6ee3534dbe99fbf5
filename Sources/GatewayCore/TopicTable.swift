import Telemetry

/// Topic bytes → who sent it and how to read it. Found by hash, verified byte by byte; open addressing in flat arrays.
struct TopicTable: Sendable {
    struct Route: Equatable, Sendable {
        /// -1 where the payload names the devices; the number of the edge node for Sparkplug B.
        var device: Int32
        var profile: Int32
        /// Where the layout's walk begins for this topic.
        var root: Int32
        /// Index of the message rule, or -1 for a topic that carries only replies.
        var message: Int16
        /// Index of the reply rule, or -1.
        var reply: Int16
        /// Where a further rule for the topic stands, or -1.
        var next: Int32 = -1
    }

    private struct Entry {
        var hash: UInt64
        var offset: Int32
        var length: Int32
        var route: Route
    }

    private var entries: [Entry] = []
    private var buckets: [Int32]
    private var names: [UInt8] = []
    /// Rules that read a topic beside the one that counts.
    private(set) var further: [Route] = []
    let maximumTopics: Int

    init(maximumTopics: Int) {
        self.maximumTopics = maximumTopics
        buckets = Array(repeating: -1, count: 1024)
    }

    var count: Int { entries.count }
    var isFull: Bool { entries.count >= maximumTopics }

    @inline(__always)
    func find(_ topic: UnsafeRawBufferPointer, hash: UInt64) -> Route? {
        let mask = buckets.count - 1
        var bucket = Int(truncatingIfNeeded: hash) & mask
        while true {
            let index = buckets[bucket]
            guard index >= 0 else { return nil }
            let entry = entries[Int(index)]
            if entry.hash == hash, Int(entry.length) == topic.count, matches(entry, topic) { return entry.route }
            bucket = (bucket + 1) & mask
        }
    }

    private func matches(_ entry: Entry, _ topic: UnsafeRawBufferPointer) -> Bool {
        names.withUnsafeBytes { bytes in
            UnsafeRawBufferPointer(rebasing: bytes[Int(entry.offset)..<Int(entry.offset + entry.length)]).elementsEqual(topic)
        }
    }

    /// The caller has seen that the topic is new and that there is room.
    mutating func insert(_ topic: UnsafeRawBufferPointer, hash: UInt64, _ route: Route) {
        if (entries.count + 1) * 2 > buckets.count { grow() }
        entries.append(Entry(hash: hash, offset: Int32(names.count), length: Int32(topic.count), route: route))
        names.append(contentsOf: topic)
        place(Int32(entries.count - 1))
    }

    /// Says where the route stands now.
    mutating func keep(_ route: Route) -> Int32 {
        further.append(route)
        return Int32(further.count - 1)
    }

    private mutating func place(_ index: Int32) {
        let mask = buckets.count - 1
        var bucket = Int(truncatingIfNeeded: entries[Int(index)].hash) & mask
        while buckets[bucket] >= 0 { bucket = (bucket + 1) & mask }
        buckets[bucket] = index
    }

    private mutating func grow() {
        buckets = Array(repeating: -1, count: buckets.count * 2)
        for index in entries.indices { place(Int32(index)) }
    }

    mutating func removeAll() { self = TopicTable(maximumTopics: maximumTopics) }
}
