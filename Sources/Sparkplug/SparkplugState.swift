/// The STATE message of a primary host application: edge nodes that wait for their host look at it (Sparkplug 3.0, chapter 5).
///
/// Published retained at QoS 1 after the connection stands and the subscriptions are made. The will is the same with `isOnline` false and
/// **the same timestamp**: an edge node takes an offline message only when it is no older than the online one.
public enum SparkplugState {
    /// `spBv1.0/STATE/{host}`, or nil when `host` cannot be a level of a topic.
    public static func topic(host: String) -> String? { SparkplugTopic.isLevel(host) ? "spBv1.0/STATE/\(host)" : nil }

    /// `{"online":true,"timestamp":…}` with the time of the connect in milliseconds since 1970.
    public static func payload(isOnline: Bool, timestampMilliseconds: Int64) -> [UInt8] {
        Array("{\"online\":\(isOnline),\"timestamp\":\(timestampMilliseconds)}".utf8)
    }
}
