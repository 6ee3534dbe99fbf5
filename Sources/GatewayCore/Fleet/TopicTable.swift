import Hashing

/// Topic bytes → who sent it and how to read it. Found by hash, verified byte by byte; open addressing in flat arrays.
///
/// It is a memory, not a register: what it has forgotten is resolved again, with the same outcome, and costs some microseconds. So it never
/// refuses a topic. When it is full, the oldest topic of whoever has most goes. A search looks at a few places only: topics that are made to
/// collide push one another out instead of making everybody's search long.
struct TopicTable: Sendable {
    struct Route: Equatable, Sendable {
        /// None where the payload names the devices.
        var device: DeviceIndex
        /// The number of the edge node for Sparkplug B, or -1.
        var node: Int32 = -1
        var profile: ProfileIndex
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
        /// -1 for one that was forgotten.
        var length: Int32
        var route: Route
        var owner: Int32
        /// The topics of one owner, from the oldest to the newest.
        var older: Int32 = -1
        var newer: Int32 = -1
    }

    private struct Owner {
        var oldest: Int32 = -1
        var newest: Int32 = -1
        var count: Int32 = 0
    }

    private static let empty: Int32 = -1
    private static let gone: Int32 = -2
    private static let maximumProbes = 32
    /// Of all names together, on average for each topic.
    private static let averageNameBytes = 128

    private var entries: [Entry] = []
    private var owners: [Owner] = []
    private var buckets: [Int32]
    private var names: [UInt8] = []
    private var forgottenEntries = 0
    /// Rules that read a topic beside the one that counts.
    private(set) var further: [Route] = []
    /// Topics that went because the table was full or because they collided.
    private(set) var forgotten: Int64 = 0
    private(set) var count = 0
    let maximumTopics: Int
    /// Topics come from strangers: without a secret they could all be made to fall into one bucket.
    let hash: KeyedHash

    init(maximumTopics: Int, hash: KeyedHash = KeyedHash()) {
        self.maximumTopics = max(maximumTopics, 1)
        self.hash = hash
        buckets = Array(repeating: Self.empty, count: 1024)
    }

    /// Whose topics they are: a device's, an edge node's, or everybody's, where the payload names the devices.
    static let everybody: Int32 = 0
    static func owner(device: DeviceIndex) -> Int32 { device.place * 2 + 1 }
    static func owner(node: Int32) -> Int32 { node * 2 + 2 }

    @inline(__always)
    func find(_ topic: UnsafeRawBufferPointer, hash: UInt64) -> Route? {
        let mask = buckets.count - 1
        var bucket = home(hash)
        for _ in 0..<Self.maximumProbes {
            let index = buckets[bucket]
            if index == Self.empty { return nil }
            if index >= 0 {
                let entry = entries[Int(index)]
                if entry.hash == hash, Int(entry.length) == topic.count, matches(entry, topic) { return entry.route }
            }
            bucket = (bucket + 1) & mask
        }
        return nil
    }

    /// The upper bits of a product depend on all bits of the hash, so names that are alike lie far apart.
    @inline(__always)
    private func home(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: (hash &* 0x9E37_79B9_7F4A_7C15) >> 32) & (buckets.count - 1)
    }

    private func matches(_ entry: Entry, _ topic: UnsafeRawBufferPointer) -> Bool {
        names.withUnsafeBytes { bytes in
            UnsafeRawBufferPointer(rebasing: bytes[Int(entry.offset)..<Int(entry.offset + entry.length)]).elementsEqual(topic)
        }
    }

    /// The caller has seen that the topic is new.
    mutating func insert(_ topic: UnsafeRawBufferPointer, hash: UInt64, _ route: Route, owner: Int32) {
        while count >= maximumTopics { forgetOldestOfGreediest() }
        if names.count + topic.count > maximumTopics * Self.averageNameBytes { makeRoom(for: topic.count) }
        if (entries.count + 1) * 2 > buckets.count || forgottenEntries > max(count, 256) { rebuild() }
        let index = Int32(entries.count)
        entries.append(Entry(hash: hash, offset: Int32(names.count), length: Int32(topic.count), route: route, owner: owner))
        names.append(contentsOf: topic)
        count += 1
        link(index)
        place(index)
    }

    /// Says where the route stands now.
    mutating func keep(_ route: Route) -> Int32 {
        further.append(route)
        return Int32(further.count - 1)
    }

    /// Forgets all topics of one owner.
    mutating func forget(owner: Int32) {
        guard owners.indices.contains(Int(owner)) else { return }
        while owners[Int(owner)].oldest >= 0 { remove(owners[Int(owner)].oldest) }
    }

    mutating func removeAll() { self = TopicTable(maximumTopics: maximumTopics, hash: hash) }

    // MARK: Room

    /// A scan of all owners costs some microseconds, and only a topic that is new to a full table pays for it.
    private mutating func forgetOldestOfGreediest() {
        guard let greediest = owners.indices.max(by: { owners[$0].count < owners[$1].count }), owners[greediest].oldest >= 0 else { return }
        forgotten += 1
        remove(owners[greediest].oldest)
    }

    /// Half of the names' room becomes free, so that this is rare.
    private mutating func makeRoom(for bytes: Int) {
        rebuild()
        while count > 0, names.count + bytes > maximumTopics * Self.averageNameBytes / 2 {
            for _ in 0..<max(count / 8, 1) { forgetOldestOfGreediest() }
            rebuild()
        }
    }

    private mutating func link(_ index: Int32) {
        let owner = Int(entries[Int(index)].owner)
        while owners.count <= owner { owners.append(Owner()) }
        let newest = owners[owner].newest
        entries[Int(index)].older = newest
        if newest >= 0 { entries[Int(newest)].newer = index } else { owners[owner].oldest = index }
        owners[owner].newest = index
        owners[owner].count += 1
    }

    private mutating func remove(_ index: Int32) {
        let entry = entries[Int(index)]
        if entry.older >= 0 { entries[Int(entry.older)].newer = entry.newer } else { owners[Int(entry.owner)].oldest = entry.newer }
        if entry.newer >= 0 { entries[Int(entry.newer)].older = entry.older } else { owners[Int(entry.owner)].newest = entry.older }
        owners[Int(entry.owner)].count -= 1
        entries[Int(index)].length = -1
        count -= 1
        forgottenEntries += 1
        let mask = buckets.count - 1
        var bucket = home(entry.hash)
        for _ in 0..<Self.maximumProbes {
            if buckets[bucket] == index {
                buckets[bucket] = Self.gone
                return
            }
            bucket = (bucket + 1) & mask
        }
    }

    private mutating func place(_ index: Int32) {
        let mask = buckets.count - 1
        let home = home(entries[Int(index)].hash)
        for step in 0..<Self.maximumProbes where buckets[(home + step) & mask] < 0 {
            buckets[(home + step) & mask] = index
            return
        }
        // All places that a search looks at are taken: the first of them gives way.
        forgotten += 1
        remove(buckets[home])
        buckets[home] = index
    }

    /// Makes everything anew without what was forgotten, in the same order.
    private mutating func rebuild() {
        let (oldEntries, oldNames, oldFurther) = (entries, names, further)
        let wanted = max(count + 1, 512)
        var size = 1024
        while size < wanted * 4, size < Int(Int32.max) { size *= 2 }
        entries = []
        entries.reserveCapacity(wanted + wanted / 2)
        names = []
        further = []
        owners = []
        count = 0
        forgottenEntries = 0
        buckets = Array(repeating: Self.empty, count: size)
        for old in oldEntries where old.length >= 0 {
            var entry = old
            (entry.older, entry.newer) = (-1, -1)
            entry.offset = Int32(names.count)
            names.append(contentsOf: oldNames[Int(old.offset)..<Int(old.offset + old.length)])
            entry.route.next = copy(old.route.next, from: oldFurther)
            entries.append(entry)
            count += 1
            link(Int32(entries.count - 1))
            place(Int32(entries.count - 1))
        }
    }

    private mutating func copy(_ next: Int32, from old: [Route]) -> Int32 {
        guard next >= 0 else { return -1 }
        var route = old[Int(next)]
        route.next = copy(route.next, from: old)
        return keep(route)
    }
}
