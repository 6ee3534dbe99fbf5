import Documents

/// The announcements that devices make to Home Assistant, retained on a broker or in a recording.
///
/// `PREFIX/COMPONENT/[NODE/]OBJECT/config` announces one entity, `PREFIX/device/[NODE/]ID/config` a device with its `components`.
struct DiscoveryReader {
    static let maximumAnnouncements = 20_000
    static let maximumEntities = 20_000

    private(set) var entities: [DiscoveryEntity] = []
    /// What could not be read, and where.
    private(set) var notes: [String] = []

    init(_ messages: [RecordedMessage], prefix: String) {
        let prefix = prefix.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var newest: [String: [UInt8]] = [:]
        var order: [String] = []
        for message in messages {
            guard let levels = Self.levels(message.topic, behind: prefix), levels.last == "config", (3...4).contains(levels.count) else {
                continue
            }
            if newest[message.topic] == nil {
                guard order.count < Self.maximumAnnouncements else { continue }
                order.append(message.topic)
            }
            newest[message.topic] = message.payload
        }
        for topic in order.sorted() {
            // An empty announcement takes an entity back.
            guard let payload = newest[topic], !payload.isEmpty, let levels = Self.levels(topic, behind: prefix) else { continue }
            read(topic, levels, payload)
        }
    }

    private static func levels(_ topic: String, behind prefix: [String]) -> [String]? {
        guard topic.utf8.count <= 1024 else { return nil }
        let levels = topic.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard levels.count > prefix.count, Array(levels.prefix(prefix.count)) == prefix else { return nil }
        return Array(levels.dropFirst(prefix.count))
    }

    private mutating func read(_ topic: String, _ levels: [String], _ payload: [UInt8]) {
        let node = levels.count == 4 ? levels[1] : nil
        let object = levels[levels.count - 2]
        let root: DocumentNode
        do { root = try DocumentParser.parse(payload, file: topic) } catch {
            return note("\(topic): \(error.message)")
        }
        guard let members = root.members else { return note("\(topic): it is no JSON object") }
        let whole = DiscoveryKeys.expanded(members)
        guard levels[0] == "device" else { return add(levels[0], object, node, topic, whole) }
        guard let components = whole["components"]?.members else { return note("\(topic): it has no components") }
        for component in components {
            guard let own = component.node.members.map({ DiscoveryKeys.expanded($0) }) else { continue }
            // A component that is only named is taken away.
            guard let platform = own["platform"]?.word, own.count > 1 else { continue }
            var merged = whole.merging(own) { $1 }
            merged["components"] = nil
            add(platform, component.key, object, topic, merged)
        }
    }

    private mutating func add(_ component: String, _ object: String, _ node: String?, _ topic: String, _ members: [String: DocumentNode]) {
        guard entities.count < Self.maximumEntities else { return }
        entities.append(DiscoveryEntity(component: component, object: object, node: node, place: topic, members: members))
    }

    private mutating func note(_ text: String) { if notes.count < ProposedProfile.maximumNotes { notes.append("left out: " + text) } }
}
