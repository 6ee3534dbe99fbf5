/// One value of one metric. The names are those that the host keeps, so they cost no memory here.
public struct SparkplugReading: Equatable, Sendable {
    /// "group/node" or "group/node/device".
    public var device: String
    public var name: String
    /// The metric's number, the same as long as `generation` is: for what a reader of many messages wants to look up once.
    public var metric: Int32
    public var generation: UInt32
    public var value: SparkplugValue
    /// The metric's own time, else the payload's; nil when neither was sent.
    public var timestampMilliseconds: Int64?
    /// When the node made the message; nil when it does not say.
    public var payloadMilliseconds: Int64?
    /// A value of the past that was sent later (`is_historical`): it goes to the history and triggers nothing.
    public var isHistorical: Bool
}

/// What follows from a message or from the passing of time, in order.
public enum SparkplugEvent: Equatable, Sendable {
    /// A node ("group/node") or a device ("group/node/device") is there; readings of all its metrics follow.
    case birth(device: String, timestampMilliseconds: Int64?)
    /// It is gone, and every metric of it stale. The time is nil for a node's will, which was written at its connect: take the arrival.
    case death(device: String, timestampMilliseconds: Int64?)
    /// A range of `SparkplugOutput.readings`.
    case readings(Range<Int>)
    /// To be published at QoS 0, not retained.
    case rebirthRequest(topic: String, payload: [UInt8])
    /// In words, for the operator; what could be used was used.
    case problem(String)
}

/// What one call of `SparkplugHost` yields. The arrays are reused from call to call.
public struct SparkplugOutput: Sendable {
    public static let maximumProblems = 8

    public internal(set) var events: [SparkplugEvent] = []
    public internal(set) var readings: [SparkplugReading] = []
    /// Units that births told beside their metrics (`engUnit`), by the metrics' numbers.
    public internal(set) var units: [Int32: String] = [:]
    /// The metrics before this call's birth of the node, when messages that had waited were read by them: readings of an earlier `generation`
    /// than the host's have their numbers here.
    public internal(set) var formerMetrics: [SparkplugHost.Metric] = []
    /// Why nothing of the message can be used: one for the dead letters.
    public internal(set) var refusal: SparkplugPayloadError?
    /// Repeats, and messages of another session or of a node that is offline.
    public internal(set) var ignoredMessages = 0
    /// Messages that came after their place in the order was given up.
    public internal(set) var lateMessages = 0
    /// Metrics without a reading: tables, files, mismatched types, names and aliases that no birth told.
    public internal(set) var unreadMetrics = 0
    private(set) var problems = 0

    public init(reserving count: Int = 64) { readings.reserveCapacity(count) }

    mutating func clear() {
        events.removeAll(keepingCapacity: true)
        readings.removeAll(keepingCapacity: true)
        if !units.isEmpty { units = [:] }
        if !formerMetrics.isEmpty { formerMetrics = [] }
        refusal = nil
        ignoredMessages = 0
        lateMessages = 0
        unreadMetrics = 0
        problems = 0
    }

    /// The text is only made when there is room for it: a hostile node could else make thousands with one message.
    mutating func problem(_ text: @autoclosure () -> String) {
        problems += 1
        if problems <= Self.maximumProblems { events.append(.problem(text())) }
    }
}
