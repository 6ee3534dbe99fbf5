/// One message of a recording, or of a broker, for proposing a profile from it.
public struct RecordedMessage: Sendable, Equatable {
    public var topic: String
    public var payload: [UInt8]
    /// Milliseconds since 1970.
    public var arrivalMilliseconds: Int64

    public init(topic: String, payload: [UInt8], arrivalMilliseconds: Int64) {
        self.topic = topic
        self.payload = payload
        self.arrivalMilliseconds = arrivalMilliseconds
    }

    /// A line of a recording as `steward replay` reads it. Throws what is wrong with it, in words.
    public init(line: ArraySlice<UInt8>) throws(ConfigurationError) {
        let parsed = try ReplayLine(line)
        self.init(
            topic: String(decoding: parsed.topic, as: UTF8.self), payload: Array(parsed.payload),
            arrivalMilliseconds: parsed.timeMilliseconds)
    }
}

/// Messages up to a bound on their number and bytes; what is beyond is counted.
public struct RecordedMessages: Sendable {
    public static let maximumMessages = 200_000
    public static let maximumBytes = 256 << 20

    public private(set) var messages: [RecordedMessage] = []
    public private(set) var droppedMessages = 0
    private var bytes = 0

    public init() {}

    public mutating func add(_ message: RecordedMessage) {
        let size = message.payload.count + message.topic.utf8.count
        guard messages.count < Self.maximumMessages, bytes + size <= Self.maximumBytes else {
            droppedMessages += 1
            return
        }
        bytes += size
        messages.append(message)
    }
}
