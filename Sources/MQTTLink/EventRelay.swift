import CMosquitto

/// Stands between the connection and the owner's closure, and remembers whether to subscribe.
///
/// A broker that kept the session kept the subscriptions, and a repeated SUBSCRIBE makes it send every retained message again.
/// So within one process it is repeated only until it succeeded once; a new process may have another list, and always subscribes.
final class EventRelay {
    private let handler: (ConnectionEvent) -> Void
    private var hasSubscribed = false
    var needsSubscription = false

    init(_ handler: @escaping (ConnectionEvent) -> Void) { self.handler = handler }

    func report(_ event: ConnectionEvent) { handler(event) }

    func take(_ event: ConnectionEvent) {
        if case .connected(let sessionPresent) = event { needsSubscription = !sessionPresent || !hasSubscribed }
        handler(event)
    }

    /// The SUBACK: one code a filter, 0 to 2 the granted QoS, 128 and above a refusal.
    func takeGranted(_ granted: [Int32], of filters: [String]) {
        hasSubscribed = true
        for (filter, code) in zip(filters, granted) where code != 1 {
            hasSubscribed = false
            let message =
                code < 128
                ? "the broker granted QoS \(code) instead of 1, so messages can be lost: raise its max_qos"
                : "the broker refused the subscription (\(MQTTError.reasonText(code))): check its access rules for mqtt.username"
            handler(.subscriptionRefused(filter: filter, MQTTError(code: code, operation: "subscribe", message: message)))
        }
        if hasSubscribed { handler(.subscribed) }
    }
}
