/// A retained message that a client publishes while it is connected, and the opposite message, which is its last will.
///
/// Both are made anew for each connection from the same moment, because a reader may take the will only when its time is that of the message
/// before it (Sparkplug 3.0, chapter 5.4).
public struct Announcement: Sendable {
    public var topic: String
    /// The payload for a connection that is opened at this time, in milliseconds since 1970.
    public var payload: @Sendable (_ isOnline: Bool, _ milliseconds: Int64) -> [UInt8]

    public init(topic: String, payload: @escaping @Sendable (_ isOnline: Bool, _ milliseconds: Int64) -> [UInt8]) {
        self.topic = topic
        self.payload = payload
    }

    /// Of one connection.
    struct Session: Sendable {
        var topic: String
        var online: [UInt8]
        var offline: [UInt8]
    }

    func session(atMilliseconds now: Int64) -> Session {
        Session(topic: topic, online: payload(true, now), offline: payload(false, now))
    }
}
