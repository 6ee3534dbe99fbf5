import Documents

/// One entity that a device announces to Home Assistant: a sensor, a switch, a button, …
struct DiscoveryEntity {
    struct Availability: Equatable {
        var topic: String
        var template: String?
        var online: String
        var offline: String
    }

    /// `sensor`, `binary_sensor`, `switch`, …
    let component: String
    /// What the announcement calls it, for the name of its metric.
    let object: String
    /// The topic of the announcement, for what is said of it.
    let place: String
    /// The key by which entities of one device are found: its first identifier, or another word that is the same for all.
    let deviceKey: String
    /// Its identifiers, its name, and the word of the topic that stands for it.
    let deviceNames: [String]
    let deviceTitle: String
    let model: String
    private let members: [String: DocumentNode]
    private let base: String

    /// - Parameters:
    ///   - members: with long keys; those of the component lie over those of the whole announcement.
    init(component: String, object: String, node: String?, place: String, members: [String: DocumentNode]) {
        self.component = component
        self.object = object
        self.place = place
        self.members = members
        base = members["~"]?.word ?? ""
        let device = DiscoveryKeys.expanded(members["device"]?.members ?? [], ofDevice: true)
        let identifiers = (device["identifiers"]?.words ?? []) + Self.addresses(device["connections"])
        let name = device["name"]?.word
        deviceKey = identifiers.first ?? name ?? node ?? object
        deviceNames = identifiers + [name, node].compactMap { $0 }
        deviceTitle = name ?? identifiers.first ?? node ?? object
        model = [device["manufacturer"]?.word, device["model"]?.word].compactMap { $0 }.joined(separator: " ")
    }

    /// `connections: [["mac", "…"]]`
    private static func addresses(_ node: DocumentNode?) -> [String] {
        guard case .array(let pairs)? = node?.value else { return [] }
        return pairs.prefix(8).compactMap { $0.words.count == 2 ? $0.words[1] : nil }
    }

    func word(_ key: String) -> String? { members[key]?.word }
    func words(_ key: String) -> [String] { members[key]?.words ?? [] }
    var keys: [String] { members.keys.sorted() }

    /// A topic, with `~` at its beginning or end filled in.
    func topic(_ key: String) -> String? { word(key).map(filled) }

    private func filled(_ topic: String) -> String {
        if topic.hasPrefix("~") { return base + topic.dropFirst() }
        if topic.hasSuffix("~") { return topic.dropLast() + base }
        return topic
    }

    var availabilities: [Availability] {
        let online = word("payload_available") ?? "online"
        let offline = word("payload_not_available") ?? "offline"
        if let topic = topic("availability_topic") {
            return [Availability(topic: topic, template: word("availability_template"), online: online, offline: offline)]
        }
        let items: [DocumentNode] =
            switch members["availability"]?.value {
            case .array(let items)?: items
            case .object?: [members["availability"]].compactMap { $0 }
            default: []
            }
        return items.prefix(16).compactMap { item in
            let own = DiscoveryKeys.expanded(item.members ?? [])
            guard let topic = own["topic"]?.word else { return nil }
            return Availability(
                topic: filled(topic), template: own["value_template"]?.word, online: own["payload_available"]?.word ?? online,
                offline: own["payload_not_available"]?.word ?? offline)
        }
    }
}
