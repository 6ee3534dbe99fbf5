/// What happened to the connection, for the log and the metrics.
public enum ConnectionEvent: Sendable, Equatable {
    /// The broker accepted us. `sessionPresent`: it had kept our session, and sends what came in the meantime.
    case connected(sessionPresent: Bool)
    /// The connection ended, or could not be made; it is tried again by itself.
    case disconnected(MQTTError)
    /// The broker answered, and said no; it is tried again by itself, since the broker may be mended.
    case refused(MQTTError)
    /// The broker has granted every wanted topic filter, at QoS 1.
    case subscribed
    /// Topic filters that are no longer wanted are out of the session.
    case unsubscribed(filters: [String])
    /// The broker refused one topic filter, or granted less than QoS 1, so that messages could be lost.
    case subscriptionRefused(filter: String, MQTTError)
}
