import Telemetry

/// Where suppliers answer over MQTT: a topic with `{order}` as one whole level, such as `orders/{order}/status`.
public struct StatusTopic: Equatable, Sendable {
    private let pattern: TopicPattern
    public var text: String { pattern.text }

    /// Nil unless `{order}` is one level of several, and all others are plain words.
    public init?(_ text: String) {
        guard let pattern = try? TopicPattern(text, needsDevice: false), pattern.levels.count > 1, pattern.captures == ["order"],
            pattern.levels.allSatisfy({ if case .literal = $0 { true } else { $0 == .named("order") } })
        else { return nil }
        self.pattern = pattern
    }

    /// The filter to subscribe to.
    public var subscription: String { pattern.filters.joined() }

    /// The order's id in a topic of this form; nil for any other topic.
    public func order(in topic: UnsafeRawBufferPointer) -> String? {
        guard pattern.match(topic) != nil, let id = pattern.captured(topic).first?.value else { return nil }
        return (1...64).contains(id.utf8.count) && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? id : nil
    }
}
