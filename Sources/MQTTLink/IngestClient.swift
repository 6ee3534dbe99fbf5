import CMosquitto
import Glibc

/// Reads the QoS 1 messages of a persistent session, and acknowledges them only when told to.
///
/// One thread owns it and goes round: `receive`, commit what came, `acknowledge`, `maintain`. No PUBACK reaches the wire between
/// `receive` and `acknowledge`: without `acknowledge` the broker sends the messages again after the next connect. So a message
/// may come more than once, and it may come without ever having been acknowledged; it is never acknowledged uncommitted.
///
/// Back-pressure is not calling `receive`. The keep-alive answers are then not read either, so after about two keep-alive
/// times the connection is made anew, which costs a repetition and no message.
public final class IngestClient {
    /// What one call of `receive` brought.
    public struct ReceiveResult: Sendable, Equatable {
        public var messages = 0
        /// Payload bytes.
        public var bytes = 0
        /// The owner's wake descriptor is readable.
        public var woken = false
        /// The batch ended at a bound: there is more, and the next `receive` does not wait.
        public var hasMore = false
    }

    /// What the PUBLISH packet says beside topic and payload.
    public struct Packet: Sendable, Equatable {
        /// 0 for a message of QoS 0.
        public var id: UInt16
        /// DUP: the broker sent this message before, on this connection or on one before it. It need not have come.
        public var isDuplicate: Bool
        public var isRetained: Bool
    }

    /// Topic (NUL-terminated), payload (empty when it has no bytes). The memory is valid during the call only.
    public typealias MessageHandler = (UnsafePointer<CChar>, UnsafeRawBufferPointer, Packet) -> Void

    private let configuration: MQTTConfiguration
    private let wakeDescriptor: Int32
    private let connection: Connection
    private let events: EventRelay
    private var mayHoldMore = false
    /// How long `acknowledge` waits for a socket that takes nothing before it leaves the rest to the next call.
    private let flushWaitMilliseconds: Int64 = 250

    /// Connects at the first `maintain`. Neither closure may call a method of this client.
    /// - Parameters:
    ///   - wakeDescriptor: polled together with the socket; the owner reads it. -1 for none.
    ///   - onMessage: the hot path, called once a message within `receive`.
    ///   - sessionFilters: topic filters that the session may hold from an earlier process. Those not wanted are unsubscribed.
    ///   - onConnectionChange: called within `receive` and `maintain`, never within `acknowledge` or `close`.
    /// - Throws: what is wrong in the configuration. A broker that is away is no error.
    public init(
        configuration: MQTTConfiguration, wakeDescriptor: Int32, sessionFilters: [String] = [], onMessage: @escaping MessageHandler,
        onConnectionChange: @escaping (ConnectionEvent) -> Void
    ) throws(MQTTError) {
        var configuration = configuration
        // To read, 3.1.1 has all that is needed, and there a message that matches two filters comes once.
        if configuration.version == .automatic { configuration.version = .v311 }
        self.configuration = configuration
        self.wakeDescriptor = wakeDescriptor
        let events = EventRelay(
            subscriptions: SubscriptionState(wanted: configuration.subscriptions, inSession: sessionFilters), onConnectionChange)
        self.events = events
        connection = try Connection(
            configuration, clientID: configuration.clientID, cleanSession: false, onEvent: { event in events.received(event) })
        connection.onMessage = onMessage
        connection.onSubscribed = { messageID, codes in
            for event in events.subscriptions.answered(messageID: messageID, codes: codes) { events.report(event) }
        }
        connection.onUnsubscribed = { messageID in
            for event in events.subscriptions.unsubscribed(messageID: messageID) { events.report(event) }
        }
    }

    /// Messages delivered since this client was made, repetitions among them.
    public var deliveredMessages: Int { connection.deliveredMessages }
    public var isConnected: Bool { connection.established != nil }
    /// What the session at the broker is believed to hold, sorted.
    public var sessionFilters: [String] { events.subscriptions.inSession.sorted() }
    public var grantedFilters: [String] { events.subscriptions.grantedFilters }
    /// Wanted topic filters that the broker refused when it was asked last. It is asked again, after 5 seconds and up to 5 minutes.
    public var refusals: [(filter: String, error: MQTTError)] { events.subscriptions.refusals }
    /// Messages delivered and not yet acknowledged.
    public var unacknowledgedMessages: Int { connection.unacknowledgedMessages }

    /// Waits for input or the wake descriptor, then reads until nothing more is there or a bound is reached.
    /// The bounds are exact but for the last message, which may exceed `maximumBytes` by its own length.
    /// - Throws: only when poll() itself fails; the end of a connection is an event.
    public func receive(timeoutMilliseconds: Int32, maximumMessages: Int, maximumBytes: Int) throws(MQTTError) -> ReceiveResult {
        events.open()
        defer { events.close() }
        connection.flush(waitMilliseconds: 0)
        var result = ReceiveResult()
        result.woken = try wait(timeoutMilliseconds: mayHoldMore ? 0 : timeoutMilliseconds)
        connection.finishAttempt()
        connection.flush(waitMilliseconds: 0)
        // PUBACKs released earlier that the socket has not taken yet must leave before new ones are queued behind them.
        guard !connection.hasUnwritten else { return result }
        connection.beginReading()
        drain(&result, maximumMessages: maximumMessages, maximumBytes: maximumBytes)
        return result
    }

    /// Lets the PUBACKs of everything delivered so far reach the wire. Call it only after these messages are committed.
    /// After a lost connection it does nothing: the broker repeats the messages. A connection that ends meanwhile is reported later.
    public func acknowledge() {
        connection.release()
        connection.flush(waitMilliseconds: flushWaitMilliseconds)
    }

    /// Keep-alive, connecting and reconnecting, subscribing; to be called several times a second. Never blocks on the network.
    /// - Parameter nowMilliseconds: of a clock that does not jump (CLOCK_MONOTONIC).
    public func maintain(nowMilliseconds: Int64) {
        events.open()
        defer { events.close() }
        connection.maintain(nowMilliseconds: nowMilliseconds)
        if connection.established != nil {
            for request in events.subscriptions.dueRequests(nowMilliseconds: nowMilliseconds) {
                // A SUBSCRIBE packet has one identifier for all of its filters.
                guard connection.knowsIdentifiers, case .subscribe(let filters) = request else {
                    send(request)
                    continue
                }
                for filter in filters { send(.subscribe([filter])) }
            }
            connection.flush(waitMilliseconds: 0)
        }
    }

    /// Takes other topic filters on the same connection: asks for those that are new, and gives up those that are not among them.
    /// - Throws: a filter that is none.
    public func want(_ filters: [String]) throws(MQTTError) {
        var changed = configuration
        changed.subscriptions = filters
        try changed.validate()
        events.subscriptions.want(filters)
    }

    /// Leaves with DISCONNECT, or without one if messages are inSession. The session stays at the broker.
    public func close() { connection.close() }

    private func wait(timeoutMilliseconds: Int32) throws(MQTTError) -> Bool {
        var requests = (connection.pollRequest, pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0))
        let count = withUnsafeMutablePointer(to: &requests) { pair in
            pair.withMemoryRebound(to: pollfd.self, capacity: 2) { poll($0, 2, timeoutMilliseconds) }
        }
        guard count >= 0 else {
            let systemError = errno
            guard systemError != EINTR else { return false }
            throw MQTTError.ofLibrary(MOSQ_ERR_ERRNO.rawValue, systemError: systemError, operation: "wait for input")
        }
        return requests.1.revents != 0
    }

    /// A call that delivers nothing has met the end of the input or a packet that is no message (PINGRESP, SUBACK), and the
    /// library does not say which; two such calls in a row end the drain. poll() cannot take this place: under TLS the bytes
    /// may be decrypted already and the socket empty.
    private func drain(_ result: inout ReceiveResult, maximumMessages: Int, maximumBytes: Int) {
        let messagesBefore = connection.deliveredMessages
        let bytesBefore = connection.deliveredBytes
        var last = messagesBefore
        var fruitless = 0
        while fruitless < 2, last - messagesBefore < maximumMessages, connection.deliveredBytes - bytesBefore < maximumBytes {
            connection.readOnePacket()
            fruitless = connection.deliveredMessages == last ? fruitless + 1 : 0
            last = connection.deliveredMessages
        }
        result.messages = last - messagesBefore
        result.bytes = connection.deliveredBytes - bytesBefore
        mayHoldMore = fruitless < 2 && connection.established != nil
        result.hasMore = mayHoldMore
    }

    /// Only queues the packet: it leaves with the next flush that may happen.
    private func send(_ request: SubscriptionState.Request) {
        guard let pointer = connection.established else { return }
        var list: [UnsafeMutablePointer<CChar>?] = request.filters.map { strdup($0) }
        defer { for filter in list { free(filter) } }
        var messageID: Int32 = 0
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        if connection.knowsIdentifiers, case .subscribe(let filters) = request, let filter = filters.first {
            // Without memory for it copies are counted twice, and nothing else.
            _ = mosquitto_property_add_varint(
                &properties, Int32(MQTT_PROP_SUBSCRIPTION_IDENTIFIER.rawValue), CopyFilter.identifier(of: filter))
        }
        let code: Int32
        switch request {
        case .subscribe: code = mosquitto_subscribe_multiple(pointer, &messageID, Int32(list.count), &list, 1, 0, properties)
        case .unsubscribe: code = mosquitto_unsubscribe_multiple(pointer, &messageID, Int32(list.count), &list, nil)
        }
        if code == MOSQ_ERR_SUCCESS.rawValue { return events.subscriptions.sent(request, messageID: messageID) }
        let error = MQTTError.ofLibrary(code, operation: "subscribe")
        for event in events.subscriptions.failed(request, error) { events.report(event) }
    }
}
