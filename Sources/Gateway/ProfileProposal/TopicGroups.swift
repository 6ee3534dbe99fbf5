import Documents

/// The topics of a recording, sorted into groups of devices of one kind, with the level that names the device.
struct TopicGroups {
    /// One topic with its messages.
    struct Topic {
        var levels: [String]
        var messages: [RecordedMessage]
        /// What tells payloads of one form from others: the names of the members, or what kind of text it is.
        var signature: Set<String>
    }

    struct Group {
        /// The level of all its topics that is the device's name.
        var device: Int
        var topics: [Topic]
    }

    private var topics: [String: Topic] = [:]

    /// - Returns: why the message is left out; nil when it is taken.
    mutating func add(_ message: RecordedMessage) -> String? {
        if message.payload.isEmpty { return nil }
        if topics[message.topic] != nil {
            topics[message.topic]?.messages.append(message)
            return nil
        }
        guard message.topic.utf8.count <= 512, !message.topic.isEmpty else { return "left out: a topic that is long or empty" }
        if message.topic.hasPrefix("$") { return "left out: topics of the broker itself ($SYS)" }
        guard topics.count < RecordingDraft.maximumTopics else {
            return "left out: topics beyond the first \(RecordingDraft.maximumTopics)"
        }
        let levels = message.topic.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        topics[message.topic] = Topic(levels: levels, messages: [message], signature: Self.signature(message.payload))
        return nil
    }

    private static func signature(_ payload: [UInt8]) -> Set<String> {
        if payload.first == UInt8(ascii: "{"), let members = (try? DocumentParser.parse(payload, file: ""))?.members {
            return Set(members.prefix(200).map(\.key))
        }
        if payload.first == UInt8(ascii: "[") { return ["a list"] }
        return [Double(ValueTemplate.trimmed(String(decoding: payload.prefix(64), as: UTF8.self))) == nil ? "a word" : "a number"]
    }

    /// Groups by the first level; where that is itself the device's name, all topics of that form together.
    func groups() -> [Group] {
        let all = topics.keys.sorted().compactMap { topics[$0] }
        var rest: [Topic] = []
        var groups: [Group] = []
        let roots = Dictionary(grouping: all) { $0.levels[0] }
        let first = Self.gain(all, level: 0)
        // Devices that publish below their own names: most topics have a twin of another first level.
        if roots.count > 1, first * 2 >= all.count {
            let twins = Self.twins(all, level: 0)
            groups.append(Group(device: 0, topics: all.filter { twins.contains($0.levels[0]) }))
            rest = all.filter { !twins.contains($0.levels[0]) }
        } else {
            rest = all
        }
        for (_, topics) in Dictionary(grouping: rest, by: { $0.levels[0] }).sorted(by: { $0.key < $1.key }) {
            groups += Self.group(topics)
        }
        return Self.merged(groups)
    }

    /// Two profiles cannot read one topic: groups that share a form become one.
    private static func merged(_ groups: [Group]) -> [Group] {
        var result: [(forms: Set<String>, group: Group)] = []
        for group in groups {
            let forms = Set(group.topics.compactMap { form($0, group.device) })
            if let same = result.firstIndex(where: { $0.group.device == group.device && !$0.forms.isDisjoint(with: forms) }) {
                result[same].forms.formUnion(forms)
                result[same].group.topics += group.topics
            } else {
                result.append((forms, group))
            }
        }
        return result.map(\.group)
    }

    private static func group(_ topics: [Topic]) -> [Group] {
        let depth = topics.map(\.levels.count).max() ?? 0
        let gains = (0..<depth).filter { $0 > 0 }.map { level in
            (level: level, gain: gain(topics, level: level) / (isGeneric(topics, level) ? 4 : 1))
        }
        // What stands behind the name of a device is told by many of them as well, so the first level that explains much counts.
        let most = gains.map(\.gain).max() ?? 0
        if let best = gains.first(where: { $0.gain > 0 && $0.gain * 2 >= most }) {
            let reach = topics.filter { $0.levels.count > best.level }
            let short = topics.filter { $0.levels.count <= best.level }
            return [Group(device: best.level, topics: reach)] + (short.isEmpty ? [] : single(short))
        }
        return single(topics)
    }

    /// Whether a good part of the words at that level are such as stand behind a name.
    private static func isGeneric(_ topics: [Topic], _ level: Int) -> Bool {
        let words = Set(topics.compactMap { $0.levels.count > level ? $0.levels[level] : nil })
        return words.filter(DeviceLevel.isGeneric).count * 3 > words.count
    }

    /// The topics of one device.
    private static func single(_ topics: [Topic]) -> [Group] {
        let isValue = topics.allSatisfy { $0.signature == ["a word"] || $0.signature == ["a number"] }
        let level = DeviceLevel.find(topics.map(\.levels), names: [], isValue: isValue) ?? 0
        return [Group(device: level, topics: topics)]
    }

    private static func form(_ topic: Topic, _ level: Int) -> String? {
        guard topic.levels.count > level else { return nil }
        var levels = topic.levels
        levels[level] = "{device}"
        return levels.joined(separator: "/")
    }

    /// How many topics are like another one that differs from it in this level only, and have payloads of the same form.
    private static func gain(_ topics: [Topic], level: Int) -> Int {
        alike(topics, level).reduce(0) { $0 + $1.count - 1 }
    }

    private static func twins(_ topics: [Topic], level: Int) -> Set<String> {
        Set(alike(topics, level).filter { $0.count > 1 }.flatMap { $0.map { $0.levels[level] } })
    }

    private static func alike(_ topics: [Topic], _ level: Int) -> [[Topic]] {
        let forms = Dictionary(grouping: topics) { form($0, level) ?? "" }
        return forms.filter { !$0.key.isEmpty }.values.map { same in
            let reference = same.map(\.signature).max { $0.count < $1.count } ?? []
            return same.filter { topic in
                let common = topic.signature.intersection(reference).count
                return common * 2 >= min(topic.signature.count, reference.count) && common > 0
            }
        }
    }
}
