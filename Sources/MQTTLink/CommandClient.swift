import CMosquitto
import Glibc
import Threading

/// Publishes commands at QoS 1, through a connection of its own (clean session, client id with "-commands"): flushing it cannot
/// release the PUBACKs of the `IngestClient`. May be used from any thread; it connects and reconnects on a thread of its own.
///
/// A command is sent again on each new connection until it is acknowledged, so a device may see it more than once.
public final class CommandClient: Sendable {
    private let queue: CommandQueue

    /// - Parameters:
    ///   - maximumInFlight: commands accepted and not yet completed; `publish` refuses what exceeds them.
    ///   - announcement: what the client says of itself while `setAnnouncing(true)` holds; its opposite is the last will of each connection.
    ///   - onConnectionChange: called on this client's thread.
    /// - Throws: what is wrong in the configuration. A broker that is away is no error.
    public init(
        configuration: MQTTConfiguration, maximumInFlight: Int = 1000, announcement: Announcement? = nil,
        onConnectionChange: @escaping @Sendable (ConnectionEvent) -> Void = { _ in }
    ) throws(MQTTError) {
        try configuration.validate()
        let queue = try CommandQueue(maximumInFlight: maximumInFlight, onConnectionChange: onConnectionChange)
        self.queue = queue
        let run: @Sendable () -> Void = {
            do throws(MQTTError) {
                try CommandLoop(configuration, queue, announcement).run()
            } catch {
                onConnectionChange(.disconnected(error))
                queue.failAll(error)
            }
            queue.finish()
        }
        do { try NamedThread("steward-commands", run).detach() } catch { throw .ofSystem(error) }
    }

    deinit { queue.requestClose() }

    public var isConnected: Bool { queue.isConnected }
    /// Commands accepted and not yet completed.
    public var inFlight: Int { queue.inFlight }

    /// Publishes the announcement, retained, now and on each new connection; or its opposite.
    public func setAnnouncing(_ flag: Bool) { queue.setAnnouncing(flag) }

    /// Accepts a command for sending; whether or not the broker is there now.
    /// - Parameters:
    ///   - key: the caller's name for this command; unique among those in flight.
    ///   - qualityOfService: 1, or 0 where a specification asks for it (Sparkplug's NCMD and DCMD); `acknowledged` then means "written".
    ///   - timeoutMilliseconds: from now until the completion says `failed`. The command may then still have been sent.
    ///   - expires: with MQTT 5, a broker that keeps the command for a session drops it when that time is over, to the second. MQTT 3.1.1 cannot say that.
    ///   - completion: called exactly once, on this client's thread.
    /// - Throws: a topic that cannot be published to, a key in flight, too many in flight, or a closed client.
    public func publish(
        topic: String, payload: [UInt8], key: UInt64, qualityOfService: Int32 = 1, timeoutMilliseconds: Int64 = 30_000,
        expires: Bool = false, completion: @escaping @Sendable (UInt64, PublishOutcome) -> Void
    ) throws(MQTTError) {
        try CommandTopic.check(topic)
        guard payload.count <= 1 << 20 else {
            let message = "the payload has \(payload.count) bytes; a command may have 1 MiB"
            throw MQTTError(code: MOSQ_ERR_PAYLOAD_SIZE.rawValue, operation: "publish", message: message)
        }
        let deadline = Clock.monotonicMilliseconds() + min(max(0, timeoutMilliseconds), 86_400_000)
        try queue.add(
            Command(
                key: key, topic: topic, payload: payload, qualityOfService: qualityOfService == 0 ? 0 : 1, deadlineMilliseconds: deadline,
                expires: expires, completion: completion))
    }

    /// Completes what is in flight as failed, leaves with DISCONNECT, and waits for the thread (but not from a completion).
    public func close() {
        queue.requestClose()
        queue.waitUntilFinished()
    }
}

/// What became of a command on its way to the broker (not to the device: that is told by the device's reply).
public enum PublishOutcome: Sendable, Equatable {
    case acknowledged
    /// MQTT 5: acknowledged, and no one subscribes to the topic, so the device is not there.
    case noSubscriber
    case failed(MQTTError)
}

enum CommandTopic {
    /// The rules of MQTT 3.1.1, 4.7: names have no wildcards, no NUL, and 1 to 65535 bytes of UTF-8.
    static func check(_ topic: String) throws(MQTTError) {
        let reason: String?
        if topic.isEmpty {
            reason = "the topic is empty"
        } else if topic.utf8.count > 65535 {
            reason = "the topic has \(topic.utf8.count) bytes; 65535 are the most"
        } else if topic.utf8.contains(0) {
            reason = "the topic has a NUL byte"
        } else if topic.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }) {
            reason = "the topic has a wildcard (+ or #); name one device"
        } else if mosquitto_validate_utf8(topic, Int32(topic.utf8.count)) != MOSQ_ERR_SUCCESS.rawValue {
            reason = "the topic has control characters"
        } else {
            reason = nil
        }
        if let reason { throw MQTTError(code: MOSQ_ERR_INVAL.rawValue, operation: "publish", message: reason) }
    }
}
