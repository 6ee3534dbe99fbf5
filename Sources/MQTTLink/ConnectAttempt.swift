import CMosquitto
import Glibc
import Synchronization
import Threading

/// Resolves the name and opens the TCP connection on a thread of its own, because both may block for minutes (a dead DNS server,
/// a network that swallows packets) and neither getaddrinfo nor the library can be told a limit.
///
/// An attempt given up on is simply let go of: its thread ends when the kernel does (about two minutes) and destroys the handle.
final class ConnectAttempt: Sendable {
    struct Outcome: Sendable {
        var code: Int32
        var systemError: Int32
        var log: String
    }

    let handle: MosquittoHandle
    /// Readable once the outcome is there.
    let done: WakeEvent
    private let configuration: MQTTConfiguration
    private let cleanSession: Bool
    private let isVersion5: Bool
    /// What this connection says of itself; its last will is set.
    let announcement: Announcement.Session?
    private let log = Mutex("")
    private let result = Mutex<Outcome?>(nil)

    init(
        _ configuration: MQTTConfiguration, clientID: String, cleanSession: Bool, isVersion5: Bool,
        announcement: Announcement.Session? = nil
    ) throws(MQTTError) {
        self.announcement = announcement
        self.configuration = configuration
        self.cleanSession = cleanSession
        self.isVersion5 = isVersion5
        handle = try MosquittoHandle(
            configuration, clientID: clientID, cleanSession: cleanSession, isVersion5: isVersion5, will: announcement)
        do { done = try WakeEvent() } catch { throw .ofSystem(error) }
    }

    func start() throws(MQTTError) {
        do { try NamedThread("steward-connect") { [self] in run() }.detach() } catch { throw .ofSystem(error) }
    }

    /// The outcome, or nil while the attempt is under way. Afterwards the handle belongs to the caller's thread.
    var outcome: Outcome? { result.withLock { $0 } }

    private func run() {
        // Unretained is right: the thread's closure holds self, and the owner sets its own user data after the outcome.
        mosquitto_user_data_set(handle.pointer, Unmanaged.passUnretained(self).toOpaque())
        mosquitto_log_callback_set(handle.pointer) { _, context, level, text in
            guard let context, let text, level == MOSQ_LOG_ERR || level == MOSQ_LOG_WARNING else { return }
            let line = String(cString: text)
            Unmanaged<ConnectAttempt>.fromOpaque(context).takeUnretainedValue().log.withLock { $0 = line }
        }
        let (code, systemError) = connect()
        let line = log.withLock { $0 }
        result.withLock { $0 = Outcome(code: code, systemError: systemError, log: line) }
        done.signal()
    }

    private func connect() -> (code: Int32, systemError: Int32) {
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        if isVersion5 {
            let code = addProperties(&properties)
            guard code == MOSQ_ERR_SUCCESS.rawValue else { return (code, 0) }
        }
        errno = 0
        let code = mosquitto_connect_bind_v5(
            handle.pointer, configuration.host, Int32(configuration.port), Int32(configuration.keepAliveSeconds), nil, properties)
        return (code, errno)
    }

    private func addProperties(_ properties: inout OpaquePointer?) -> Int32 {
        var code = MOSQ_ERR_SUCCESS.rawValue
        if !cleanSession {
            code = mosquitto_property_add_int32(
                &properties, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue), configuration.sessionExpirySeconds)
        }
        guard code == MOSQ_ERR_SUCCESS.rawValue else { return code }
        return mosquitto_property_add_int32(
            &properties, Int32(MQTT_PROP_MAXIMUM_PACKET_SIZE.rawValue), UInt32(configuration.maximumPacketBytes))
    }
}
