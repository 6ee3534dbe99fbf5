import CMosquitto
import Glibc
import Threading

/// One client's connection: opened, kept alive, and opened again when it ends. Belongs to one thread.
///
/// It ensures that nothing acknowledged is lost: while a delivered message is not committed (`unacknowledgedMessages` above 0), nothing queued is
/// written, since a PUBACK may be anywhere in the library's one queue. `flush` is the only function that writes.
final class Connection {
    private enum Phase {
        /// Nothing under way until then; nil means the delay is fixed at the next `maintain`, which knows the time.
        case waiting(untilMilliseconds: Int64?)
        case connecting(ConnectAttempt, deadlineMilliseconds: Int64)
        /// TCP stands; TLS and CONNACK are awaited.
        case opening(deadlineMilliseconds: Int64)
        case up(sinceMilliseconds: Int64?)
        case closed
    }

    typealias MessageHandler = IngestClient.MessageHandler

    private let configuration: MQTTConfiguration
    private let clientID: String
    private let cleanSession: Bool
    private let announcement: Announcement?
    /// The announcement of the present connection.
    private(set) var announced: Announcement.Session?
    private let onEvent: (ConnectionEvent) -> Void
    private var phase = Phase.waiting(untilMilliseconds: 0)
    private var backoff: Backoff
    private var choice: ProtocolChoice
    private var handle: MosquittoHandle?

    // Set by the library's callbacks during a call into it; `settle` acts on it afterwards.
    private var acceptance: (code: Int32, sessionPresent: Bool)?
    private var libraryLog = ""
    private var messagesOfConnection = 0
    private var isLogOff = false
    /// The library's log is listened to up to this number of messages of the connection.
    private var logUntilMessages = mostInFlight
    /// More than a broker may have in flight: after this many messages of a connection it has sent all repetitions.
    private static let mostInFlight = 65_536
    /// A broker that sends again on the same connection does so after many seconds. 65,536 messages are 66 batches of the gateway; where
    /// none of them took this long, none of the messages waited for an acknowledgement for more than half a minute.
    private static let slowMilliseconds: Int64 = 500
    private var unacknowledgedSinceMilliseconds: Int64 = 0
    private var lastReadMilliseconds: Int64?
    /// The DUP flag of the packet being read.
    private var isDuplicate = false
    private var copies = CopyFilter()
    /// The broker takes identifiers of subscriptions, and tells for which of them a message comes.
    private(set) var knowsIdentifiers = false
    private let publishLogPrefix: [CChar]

    /// Messages delivered since the last `release`: their PUBACKs must not leave.
    private(set) var unacknowledgedMessages = 0
    /// Messages and payload bytes delivered in all.
    private(set) var deliveredMessages = 0
    private(set) var deliveredBytes = 0

    var onMessage: MessageHandler?
    var onSubscribed: ((_ messageID: Int32, _ granted: [Int32]) -> Void)?
    var onUnsubscribed: ((_ messageID: Int32) -> Void)?
    var onPublished: ((_ messageID: Int32, _ reason: Int32) -> Void)?

    init(
        _ configuration: MQTTConfiguration, clientID: String, cleanSession: Bool, announcement: Announcement? = nil,
        onEvent: @escaping (ConnectionEvent) -> Void
    ) throws(MQTTError) {
        try configuration.validate()
        try MosquittoLibrary.initialise()
        self.configuration = configuration
        self.clientID = clientID
        self.cleanSession = cleanSession
        self.announcement = announcement
        self.onEvent = onEvent
        choice = ProtocolChoice(configuration.version)
        publishLogPrefix = "Client \(clientID) received PUBLISH (d".utf8.map { CChar(bitPattern: $0) }
        backoff = Backoff(
            minimumMilliseconds: configuration.minimumRetryMilliseconds, maximumMilliseconds: configuration.maximumRetryMilliseconds)
    }

    /// The handle while the broker has accepted us, for subscribing and publishing.
    var established: OpaquePointer? {
        guard case .up = phase else { return nil }
        return handle?.pointer
    }

    /// The present connection, or the next one, speaks MQTT 5.
    var isVersion5: Bool { choice.isVersion5 }

    /// True while released packets wait for the socket to take them.
    var hasUnwritten: Bool {
        guard unacknowledgedMessages == 0, let pointer = established else { return false }
        return mosquitto_want_write(pointer)
    }

    /// What to poll for; a descriptor of -1 is ignored by poll().
    var pollRequest: pollfd {
        if case .connecting(let attempt, _) = phase { return pollfd(fd: attempt.done.descriptor, events: Int16(POLLIN), revents: 0) }
        guard let pointer = handle?.pointer else { return pollfd(fd: -1, events: 0, revents: 0) }
        var events = Int16(POLLIN)
        if unacknowledgedMessages == 0, mosquitto_want_write(pointer) { events = hasUnwritten ? Int16(POLLOUT) : Int16(POLLIN | POLLOUT) }
        return pollfd(fd: mosquitto_socket(pointer), events: events, revents: 0)
    }

    // MARK: Time

    /// Starts attempts that are due, gives up those that take too long, and queues keep-alives.
    func maintain(nowMilliseconds now: Int64) {
        switch phase {
        case .closed: return
        case .waiting(nil): phase = .waiting(untilMilliseconds: now + backoff.next())
        case .waiting(.some(let until)):
            if now >= until { startAttempt(nowMilliseconds: now) }
        case .connecting(_, let deadline):
            finishAttempt()
            if case .connecting = phase, now >= deadline { timedOut() }
        case .opening(let deadline):
            if now >= deadline {
                choice.endedWithoutAnswer()
                timedOut()
            }
        case .up(nil): phase = .up(sinceMilliseconds: now)
        case .up(.some(let since)):
            // Only a connection that lasted resets the back-off: two clients of one id disconnect each other at once, for ever.
            if backoff.failures > 0, now - since >= 2 * backoff.ceilingMilliseconds { backoff.reset() }
        }
        if let pointer = established {
            settle(mosquitto_loop_misc(pointer), "keep-alive")
            flush(waitMilliseconds: 0)
        }
    }

    private func startAttempt(nowMilliseconds now: Int64) {
        do {
            let attempt = try ConnectAttempt(
                configuration, clientID: clientID, cleanSession: cleanSession, isVersion5: choice.isVersion5,
                announcement: announcement?.session(atMilliseconds: Clock.systemMilliseconds()))
            try attempt.start()
            phase = .connecting(attempt, deadlineMilliseconds: now + Int64(configuration.connectTimeoutSeconds) * 1000)
        } catch {
            end(.disconnected(error))
        }
    }

    private func timedOut() {
        let message =
            "the broker did not answer within \(configuration.connectTimeoutSeconds) s; check mqtt.host, mqtt.port and the network"
        end(.disconnected(MQTTError(code: MOSQ_ERR_TIMEOUT.rawValue, operation: "connect", message: message)))
    }

    /// Takes over the handle of an attempt that has come to its end.
    func finishAttempt() {
        guard case .connecting(let attempt, let deadline) = phase, let outcome = attempt.outcome else { return }
        guard outcome.code == MOSQ_ERR_SUCCESS.rawValue else {
            let error = MQTTError.ofLibrary(
                outcome.code, systemError: outcome.systemError, operation: "connect", detail: outcome.log)
            return end(.disconnected(error))
        }
        handle = attempt.handle
        announced = attempt.announcement
        messagesOfConnection = 0
        isLogOff = false
        logUntilMessages = Self.mostInFlight
        lastReadMilliseconds = nil
        installCallbacks(attempt.handle.pointer)
        phase = .opening(deadlineMilliseconds: deadline)
    }

    // MARK: Input and output

    /// One call of `mosquitto_loop_read`: at most one packet, and often none.
    func readOnePacket() {
        guard let pointer = handle?.pointer else { return }
        settle(mosquitto_loop_read(pointer, 1), "read")
    }

    /// The owner has committed: what is queued may leave.
    func release() {
        guard unacknowledgedMessages > 0 else { return }
        messagesOfConnection += unacknowledgedMessages
        unacknowledgedMessages = 0
        if Clock.monotonicMilliseconds() - unacknowledgedSinceMilliseconds > Self.slowMilliseconds { return expectRepeats() }
        // The library makes two log lines a message while a callback is set. They are not needed after the repetitions.
        guard messagesOfConnection > logUntilMessages, !isLogOff, let pointer = established else { return }
        isLogOff = true
        mosquitto_log_callback_set(pointer, nil)
    }

    /// To be called before a batch is read.
    func beginReading() {
        let now = Clock.monotonicMilliseconds()
        if let last = lastReadMilliseconds, now - last > Self.slowMilliseconds { expectRepeats() }
        lastReadMilliseconds = now
    }

    /// Messages may have waited so long that the broker sends them again on this connection; only the log tells their DUP flag.
    private func expectRepeats() {
        logUntilMessages = messagesOfConnection + Self.mostInFlight
        guard isLogOff, let pointer = established else { return }
        isLogOff = false
        listenToLog(pointer)
    }

    /// Writes what is queued, waiting for the socket at most that long; the rest stays for the next call.
    func flush(waitMilliseconds: Int64) {
        guard unacknowledgedMessages == 0 else { return }
        let deadline = Clock.monotonicMilliseconds() + waitMilliseconds
        while let pointer = handle?.pointer, mosquitto_want_write(pointer) {
            settle(mosquitto_loop_write(pointer, 1), "write")
            guard let pointer = handle?.pointer, mosquitto_want_write(pointer) else { return }
            let remaining = deadline - Clock.monotonicMilliseconds()
            guard remaining > 0 else { return }
            var request = pollfd(fd: mosquitto_socket(pointer), events: Int16(POLLOUT), revents: 0)
            _ = poll(&request, 1, Int32(clamping: remaining))
        }
    }

    /// Ends for good. DISCONNECT is left out while messages are unacknowledged, because their PUBACKs would be written before it.
    func close() {
        if unacknowledgedMessages == 0, let pointer = established {
            // The library closes its descriptor with the DISCONNECT; this one keeps the connection a moment longer.
            let socket = dup(mosquitto_socket(pointer))
            if mosquitto_disconnect(pointer) == MOSQ_ERR_SUCCESS.rawValue {
                phase = .closed
                flush(waitMilliseconds: 500)
                Self.awaitEnd(socket, waitMilliseconds: 250)
            }
            if socket >= 0 { Glibc.close(socket) }
        }
        phase = .closed
        handle = nil
        unacknowledgedMessages = 0
    }

    /// Reads what the broker still sends until it closes. Closing with input unread would reset the connection, and a broker that
    /// is reset throws away the PUBACKs it has not read yet, and sends all those messages again.
    private static func awaitEnd(_ socket: Int32, waitMilliseconds: Int64) {
        let deadline = Clock.monotonicMilliseconds() + waitMilliseconds
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        while socket >= 0 {
            let remaining = deadline - Clock.monotonicMilliseconds()
            var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard remaining > 0, poll(&request, 1, Int32(clamping: remaining)) > 0 else { return }
            let count = read(socket, &bytes, bytes.count)
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { return }
        }
    }

    // MARK: What the callbacks noted

    /// - Parameter subscription: the identifier of the subscription for which it came; 0 where the broker tells none.
    func deliver(_ message: UnsafePointer<mosquitto_message>, subscription: UInt32) {
        if unacknowledgedMessages == 0 { unacknowledgedSinceMilliseconds = Clock.monotonicMilliseconds() }
        unacknowledgedMessages += 1
        deliveredMessages += 1
        let length = Int(message.pointee.payloadlen)
        let packet = IngestClient.Packet(
            id: message.pointee.qos == 0 ? 0 : UInt16(truncatingIfNeeded: message.pointee.mid), isDuplicate: isDuplicate,
            isRetained: message.pointee.retain)
        isDuplicate = false
        deliveredBytes += length
        if let topic = message.pointee.topic {
            let payload = UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.payload == nil ? 0 : length)
            let name = UnsafeRawBufferPointer(start: topic, count: subscription == 0 ? 0 : strlen(topic))
            if !copies.isCopy(topic: name, payload: payload, identifier: subscription) { onMessage?(topic, payload, packet) }
        }
        stopReadingAfterThisPacket()
    }

    func accept(code: Int32, sessionPresent: Bool, knowsIdentifiers: Bool) {
        acceptance = (code, sessionPresent)
        self.knowsIdentifiers = isVersion5 && knowsIdentifiers
        stopReadingAfterThisPacket()
    }

    /// The library hands the DUP flag to nobody but its log, where the line of a PUBLISH comes just before the message. Where another
    /// version's line reads otherwise, no message counts as a repeat: twice is better than never.
    func noteDuplicate(_ line: UnsafePointer<CChar>) {
        guard strncmp(line, publishLogPrefix, publishLogPrefix.count) == 0 else { return }
        isDuplicate = line[publishLogPrefix.count] != CChar(bitPattern: UInt8(ascii: "0"))
    }

    /// Several lines may belong to one failure (the cause, then OpenSSL's consequence); a broken peer may cause many.
    func log(_ line: String) {
        guard libraryLog.utf8.count < 500 else { return }
        libraryLog += (libraryLog.isEmpty ? "" : "; ") + line
    }

    /// Under TLS `mosquitto_loop_read` goes on as long as libssl holds decrypted bytes, whatever the number of packets it was
    /// asked for, unless errno says EAGAIN after a packet. A batch is bounded only if it stops after each.
    private func stopReadingAfterThisPacket() { errno = EAGAIN }

    /// Acts on the outcome of a call into the library, once the library is left: a handle may not be destroyed in its callback.
    private func settle(_ code: Int32, _ operation: String) {
        let systemError = errno
        guard let pointer = handle?.pointer else { return }
        if case .opening = phase, let acceptance, acceptance.code == 0 {
            phase = .up(sinceMilliseconds: nil)
            choice.accepted()
            onEvent(.connected(sessionPresent: acceptance.sessionPresent))
        }
        if code == MOSQ_ERR_SUCCESS.rawValue, mosquitto_socket(pointer) >= 0 { return }
        if case .closed = phase { return }
        if let acceptance, acceptance.code != 0 {
            let isOtherVersion = MQTTError.isRefusalOfVersion(acceptance.code) && choice.refused()
            return end(.refused(isOtherVersion ? .speaking311(acceptance.code) : .ofRefusal(acceptance.code)))
        }
        if case .opening = phase { choice.endedWithoutAnswer() }
        let lost = code == MOSQ_ERR_SUCCESS.rawValue ? MOSQ_ERR_CONN_LOST.rawValue : code
        let reason = disconnectReason ?? lost
        // A refusal of TLS 1.3 may be overtaken by the end of the connection, and then nothing names it.
        if case .opening = phase, configuration.tls != nil, libraryLog.isEmpty, disconnectReason == nil {
            return end(.disconnected(MQTTError.lostBeforeAnswer(lost, operation: operation)))
        }
        end(.disconnected(MQTTError.ofLibrary(reason, systemError: systemError, operation: operation, detail: libraryLog)))
    }

    /// What an MQTT 5 broker's DISCONNECT said.
    var disconnectReason: Int32?

    private func end(_ event: ConnectionEvent) {
        handle = nil
        phase = .waiting(untilMilliseconds: nil)
        acceptance = nil
        disconnectReason = nil
        libraryLog = ""
        // The queue of PUBACKs went with the handle: the broker sends these messages again.
        unacknowledgedMessages = 0
        onEvent(event)
    }
}
