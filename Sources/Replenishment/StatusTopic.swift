/// Where suppliers answer over MQTT: a topic with `{order}` as one whole level, such as `orders/{order}/status`.
public struct StatusTopic: Equatable, Sendable {
    public let text: String
    private let levels: [[UInt8]]
    private let place: Int

    /// Nil unless `{order}` is one level of it, and it has neither wildcards nor empty text.
    public init?(_ text: String) {
        let levels = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Array($0) }
        let places = levels.indices.filter { levels[$0] == Array("{order}".utf8) }
        guard places.count == 1, levels.count > 1,
            !text.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") || $0 == 0 })
        else {
            return nil
        }
        self.text = text
        self.levels = levels
        place = places[0]
    }

    /// The filter to subscribe to.
    public var subscription: String {
        levels.enumerated().map { $0.offset == place ? "+" : String(decoding: $0.element, as: UTF8.self) }.joined(separator: "/")
    }

    /// The order's id in a topic of this form; nil for any other topic.
    public func order(in topic: UnsafeRawBufferPointer) -> String? {
        let parts = topic.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == levels.count else { return nil }
        for (index, part) in parts.enumerated() where index != place {
            guard part.elementsEqual(levels[index]) else { return nil }
        }
        let id = parts[place]
        guard (1...64).contains(id.count), id.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return String(decoding: id, as: UTF8.self)
    }
}
