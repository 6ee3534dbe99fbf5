/// The STATE message of a primary host application: edge nodes that wait for their host look at it.
///
/// Published retained at QoS 1 after the connection stands and the subscriptions are made. The will is the same with `isOnline` false.
public enum SparkplugState: String, CaseIterable, Sendable {
    /// Sparkplug 3.0, chapter 5: `spBv1.0/STATE/{host}` with the time of the connect. The will has **the same timestamp**: an edge node takes an
    /// offline message only when it is no older than the online one.
    case version30 = "3.0"
    /// Sparkplug 2.2, chapter 9: `STATE/{host}` with a word.
    case version22 = "2.2"

    /// The topic, or nil when `host` cannot be a level of a topic.
    public func topic(host: String) -> String? {
        guard SparkplugTopic.isLevel(host) else { return nil }
        return self == .version30 ? "spBv1.0/STATE/\(host)" : "STATE/\(host)"
    }

    /// `{"online":true,"timestamp":…}` with the time of the connect in milliseconds since 1970, or `ONLINE` and `OFFLINE`.
    public func payload(isOnline: Bool, timestampMilliseconds: Int64) -> [UInt8] {
        switch self {
        case .version30: Array("{\"online\":\(isOnline),\"timestamp\":\(timestampMilliseconds)}".utf8)
        case .version22: Array((isOnline ? "ONLINE" : "OFFLINE").utf8)
        }
    }
}
