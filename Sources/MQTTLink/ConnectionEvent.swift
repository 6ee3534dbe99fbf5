/// What happened to the connection, for the log and the metrics.
public enum ConnectionEvent: Sendable, Equatable {
    /// The broker accepted us. `sessionPresent`: it had kept our session, and sends what came in the meantime.
    case connected(sessionPresent: Bool)
    /// The connection ended, or could not be made; it is tried again by itself.
    case disconnected(MQTTError)
    /// The broker answered, and said no; it is tried again by itself, since the broker may be mended.
    case refused(MQTTError)
    /// The broker took the subscription, all of it at QoS 1.
    case subscribed
    /// The broker refused one topic filter, or granted less than QoS 1, so that messages could be lost.
    case subscriptionRefused(filter: String, MQTTError)
}
