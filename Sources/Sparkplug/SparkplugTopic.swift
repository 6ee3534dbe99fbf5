/// A topic of the namespace `spBv1.0`, as places in the topic's bytes.
public struct SparkplugTopic: Equatable, Sendable {
    public enum Kind: UInt8, Sendable, CaseIterable {
        case nodeBirth, nodeDeath, nodeData, nodeCommand, deviceBirth, deviceDeath, deviceData, deviceCommand, state

        /// The word in the topic.
        public var word: StaticString { Self.words[Int(rawValue)] }
        /// In the order of the cases.
        private static let words: [StaticString] = [
            "NBIRTH", "NDEATH", "NDATA", "NCMD", "DBIRTH", "DDEATH", "DDATA", "DCMD", "STATE",
        ]

        /// Whether the topic has a fourth level behind the node.
        public var isOfDevice: Bool { rawValue >= Self.deviceBirth.rawValue && rawValue <= Self.deviceCommand.rawValue }
    }

    public static let maximumBytes = 1024

    public let kind: Kind
    /// Empty for a STATE, unless it stands in a group.
    public let group: Range<Int>
    /// The edge node; for a STATE the host's id.
    public let node: Range<Int>
    /// Empty unless `kind.isOfDevice`.
    public let device: Range<Int>

    /// Reads a topic without allocating.
    public init(_ topic: UnsafeRawBufferPointer) throws(SparkplugTopicError) {
        guard topic.count <= Self.maximumBytes else { throw .tooLong }
        var parts = InlineArray<5, Range<Int>>(repeating: 0..<0)
        let count = try Self.split(topic, &parts)
        guard count >= 1, Self.equals(topic, parts[0], "spBv1.0") else { throw .otherNamespace }
        if count == 3, Self.equals(topic, parts[1], "STATE") {
            (kind, group, node, device) = (.state, 0..<0, parts[2], 0..<0)
            return
        }
        guard count >= 4 else { throw .levels }
        let word = parts[2]
        // mqtt-spb-wrapper 2.1.2 publishes the state of a host in a group.
        if count == 4, Self.equals(topic, word, "STATE") {
            (kind, group, node, device) = (.state, parts[1], parts[3], 0..<0)
            return
        }
        guard let kind = Kind.allCases.first(where: { $0 != .state && Self.equals(topic, word, $0.word) }) else { throw .unknownKind }
        guard count == (kind.isOfDevice ? 5 : 4) else { throw .levels }
        (self.kind, group, node, device) = (kind, parts[1], parts[3], kind.isOfDevice ? parts[4] : 0..<0)
    }

    /// Five levels at most; each has at least one byte and none that a published topic must not have.
    private static func split(
        _ topic: UnsafeRawBufferPointer, _ parts: inout InlineArray<5, Range<Int>>
    ) throws(SparkplugTopicError) -> Int {
        var count = 0
        var start = 0
        for index in 0...topic.count {
            if index < topic.count, topic[index] != UInt8(ascii: "/") {
                let byte = topic[index]
                guard byte >= 0x20, byte != 0x7F, byte != UInt8(ascii: "+"), byte != UInt8(ascii: "#") else { throw .forbiddenCharacter }
                continue
            }
            guard index > start else { throw .emptyLevel }
            guard count < parts.count else { throw .levels }
            parts[count] = start..<index
            count += 1
            start = index + 1
        }
        return count
    }

    private static func equals(_ topic: UnsafeRawBufferPointer, _ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where topic[range.lowerBound + offset] != word.utf8Start[offset] { return false }
        return true
    }

    /// The topic of a message to or from an edge node, or nil when a name cannot be a level of a topic.
    public static func text(_ kind: Kind, group: String, node: String, device: String? = nil) -> String? {
        guard kind != .state, kind.isOfDevice == (device != nil), isLevel(group), isLevel(node), device.map(isLevel) ?? true else {
            return nil
        }
        return "spBv1.0/\(group)/\(kind.word)/\(node)" + (device.map { "/\($0)" } ?? "")
    }

    static func isLevel(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 256
            && name.utf8.allSatisfy {
                $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "#")
            }
    }
}

/// Why a topic is none of Sparkplug B.
public enum SparkplugTopicError: Error, Equatable, Sendable, CustomStringConvertible {
    case otherNamespace, levels, emptyLevel, unknownKind, forbiddenCharacter, tooLong

    public var description: String {
        switch self {
        case .otherNamespace: "not a Sparkplug B topic: it does not begin with spBv1.0/"
        case .levels: "a Sparkplug B topic is spBv1.0/group/kind/node, with /device for kinds that begin with D"
        case .emptyLevel: "a level of the Sparkplug B topic is empty"
        case .unknownKind: "the third level of the Sparkplug B topic is no kind of message, such as NBIRTH or DDATA"
        case .forbiddenCharacter: "the Sparkplug B topic has a wildcard or a control character"
        case .tooLong: "the Sparkplug B topic has more than \(SparkplugTopic.maximumBytes) bytes"
        }
    }
}
