import MQTTLink
import Threading

/// Reads what a broker has retained on some topics, and ends.
public enum DiscoveryListener {
    /// - Parameters:
    ///   - configuration: its part `mqtt` says how to reach the broker.
    ///   - clientID: another one than the gateway's, which would lose its connection.
    ///   - seconds: how long it listens at most; it ends earlier when nothing has come for two seconds.
    /// - Throws: why the broker cannot be reached, or refuses.
    public static func listen(
        _ configuration: GatewayConfiguration, filters: [String], clientID: String, seconds: Int64, nowMilliseconds: Int64
    ) throws -> RecordedMessages {
        var configuration = try GatewayRuntime.mqttSettings(configuration, [])
        configuration.clientID = clientID
        configuration.subscriptions = filters
        // The session ends with the connection, so that nothing waits for this listener ever after.
        configuration.version = .v5
        configuration.sessionExpirySeconds = 0
        let collected = Collected(now: nowMilliseconds)
        let client = try IngestClient(
            configuration: configuration, wakeDescriptor: -1,
            onMessage: { topic, payload, _ in
                collected.messages.add(
                    RecordedMessage(topic: String(cString: topic), payload: Array(payload), arrivalMilliseconds: collected.now))
                collected.hasHeard = true
            },
            onConnectionChange: { event in collected.problem = collected.problem ?? problem(event) })
        defer { client.close() }
        let start = Clock.monotonicMilliseconds()
        var lastHeard = start
        while true {
            let now = Clock.monotonicMilliseconds()
            client.maintain(nowMilliseconds: now)
            _ = try client.receive(timeoutMilliseconds: 100, maximumMessages: 1000, maximumBytes: 1 << 20)
            client.acknowledge()
            if collected.hasHeard { (collected.hasHeard, lastHeard) = (false, now) }
            if let problem = collected.problem { throw ConfigurationError(problem) }
            if let refused = client.refusals.first { throw ConfigurationError("the broker refuses \(refused.filter): \(refused.error)") }
            let isQuiet = !client.grantedFilters.isEmpty && now &- max(lastHeard, start) > 2000
            if isQuiet || now &- start > seconds * 1000 { break }
        }
        if !client.isConnected { throw ConfigurationError("the broker did not answer within \(seconds) s") }
        return collected.messages
    }

    private static func problem(_ event: ConnectionEvent) -> String? {
        switch event {
        case .refused(let error), .disconnected(let error): "\(error)"
        default: nil
        }
    }

    private final class Collected {
        var messages = RecordedMessages()
        var hasHeard = false
        var problem: String?
        let now: Int64

        init(now: Int64) { self.now = now }
    }
}
