import CMosquitto
import Glibc
import Threading

/// The thread of a `CommandClient`: the only one that touches its connection.
final class CommandLoop {
    private let queue: CommandQueue
    private let connection: Connection
    /// Message ids of the present connection, and the commands they carry.
    private var keys: [Int32: UInt64] = [:]
    private let isFresh: FreshConnection
    private var acknowledgements = 0
    /// Whether the present connection has announced that the client is there, or that it is not; nil before the first announcement.
    private var hasAnnounced: Bool?

    /// Set by the connection's event, read by the loop.
    private final class FreshConnection {
        var value = false
    }

    init(_ configuration: MQTTConfiguration, _ queue: CommandQueue, _ announcement: Announcement?) throws(MQTTError) {
        self.queue = queue
        let isFresh = FreshConnection()
        self.isFresh = isFresh
        connection = try Connection(
            configuration, clientID: configuration.clientID + "-commands", cleanSession: true, announcement: announcement
        ) { event in
            switch event {
            case .connected:
                isFresh.value = true
                queue.setConnected(true)
            default: queue.setConnected(false)
            }
            queue.onConnectionChange(event)
        }
    }

    func run() {
        queue.begin()
        connection.onPublished = { [unowned self] messageID, reason in published(messageID, reason) }
        while !queue.isClosing {
            let now = Clock.monotonicMilliseconds()
            connection.maintain(nowMilliseconds: now)
            queue.failExpired(nowMilliseconds: now)
            wait()
            connection.finishAttempt()
            connection.flush(waitMilliseconds: 0)
            drain()
            sendDue()
            connection.flush(waitMilliseconds: 0)
        }
        // A DISCONNECT makes the broker forget the last will, so its message is published first.
        if hasAnnounced == true { announce(false) }
        connection.close()
    }

    private func announce(_ isOnline: Bool) {
        guard let pointer = connection.established, let announced = connection.announced else { return }
        let payload = isOnline ? announced.online : announced.offline
        guard mosquitto_publish(pointer, nil, announced.topic, Int32(payload.count), payload, 1, true) == MOSQ_ERR_SUCCESS.rawValue else {
            return
        }
        hasAnnounced = isOnline
    }

    /// At most a fifth of a second, so that time-outs and reconnects are not late by more.
    private func wait() {
        var requests = [connection.pollRequest, pollfd(fd: queue.wake.descriptor, events: Int16(POLLIN), revents: 0)]
        _ = poll(&requests, 2, 200)
        if requests[1].revents != 0 { queue.wake.clear() }
    }

    /// Nothing is subscribed, so only acknowledgements and answers to pings come in, no more than were sent: no bound is needed.
    /// Two calls without an acknowledgement end it, as in `IngestClient`.
    private func drain() {
        var fruitless = 0
        while fruitless < 2 {
            let before = acknowledgements
            connection.readOnePacket()
            fruitless = acknowledgements == before ? fruitless + 1 : 0
        }
    }

    private func sendDue() {
        guard let pointer = connection.established else { return }
        if isFresh.value { hasAnnounced = nil }
        let wantsAnnouncement = queue.isAnnouncing
        if wantsAnnouncement != (hasAnnounced ?? false) { announce(wantsAnnouncement) }
        let due: [Command]
        if isFresh.value {
            isFresh.value = false
            keys.removeAll(keepingCapacity: true)
            due = queue.allInFlight()
        } else {
            due = queue.drainFresh()
        }
        for command in due { send(command, pointer) }
    }

    private func send(_ command: Command, _ pointer: OpaquePointer) {
        var messageID: Int32 = 0
        var properties = expiry(of: command)
        defer { mosquitto_property_free_all(&properties) }
        let code = mosquitto_publish_v5(
            pointer, &messageID, command.topic, Int32(command.payload.count), command.payload, command.qualityOfService, false, properties)
        switch code {
        case MOSQ_ERR_SUCCESS.rawValue: keys[messageID] = command.key
        // Without a connection it stays in flight and goes out on the next.
        case MOSQ_ERR_NO_CONN.rawValue, MOSQ_ERR_CONN_LOST.rawValue: break
        default: queue.complete(command.key, .failed(MQTTError.ofLibrary(code, operation: "publish")))
        }
    }

    /// The message expiry interval: the whole seconds that are left of the command's time, anew at each sending. At least one, because 0 is
    /// no limit to some brokers. Nil where it does not expire.
    private func expiry(of command: Command) -> OpaquePointer? {
        guard command.expires, connection.isVersion5 else { return nil }
        let left = command.deadlineMilliseconds - Clock.monotonicMilliseconds()
        var properties: OpaquePointer?
        // Without memory for it the command goes as it is.
        _ = mosquitto_property_add_int32(
            &properties, Int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue), UInt32(clamping: max(1, left / 1000)))
        return properties
    }

    private func published(_ messageID: Int32, _ reason: Int32) {
        acknowledgements += 1
        guard let key = keys.removeValue(forKey: messageID) else { return }
        switch reason {
        case Int32(MQTT_RC_NO_MATCHING_SUBSCRIBERS.rawValue): queue.complete(key, .noSubscriber)
        case 128...: queue.complete(key, .failed(MQTTError.ofLibrary(reason, operation: "publish")))
        default: queue.complete(key, .acknowledged)
        }
    }
}
