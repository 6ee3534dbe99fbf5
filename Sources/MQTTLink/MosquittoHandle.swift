import CMosquitto
import Glibc

/// One `struct mosquitto`, made for one connection and destroyed with it: nothing of an old connection (a half-written packet,
/// queued PUBACKs) can reach the next.
///
/// Unchecked because a handle is used by one thread at a time: by the thread of its `ConnectAttempt` until that has published
/// its outcome under a lock, and from then on only by the thread that owns the `Connection`. Whoever lets go last destroys it.
final class MosquittoHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    init(
        _ configuration: MQTTConfiguration, clientID: String, cleanSession: Bool, isVersion5: Bool, will: Announcement.Session? = nil
    ) throws(MQTTError) {
        try MosquittoLibrary.initialise()
        guard let pointer = mosquitto_new(clientID, cleanSession, nil) else {
            throw MQTTError.ofLibrary(MOSQ_ERR_ERRNO.rawValue, systemError: errno, operation: "make a client")
        }
        self.pointer = pointer
        // Without this the library writes every packet, PUBACK among them, at once.
        try MosquittoLibrary.check(mosquitto_threaded_set(pointer, true), "configure")
        let version = isVersion5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311
        try MosquittoLibrary.check(mosquitto_int_option(pointer, MOSQ_OPT_PROTOCOL_VERSION, version), "set mqtt.version")
        let receiveMaximum = Int32(configuration.receiveMaximum)
        try MosquittoLibrary.check(mosquitto_int_option(pointer, MOSQ_OPT_RECEIVE_MAXIMUM, receiveMaximum), "set mqtt.receiveMaximum")
        // A command must not wait for the acknowledgement of the packet before it (Nagle, and 40 ms of delayed ACK). Of the ingest
        // client's PUBACKs nobody waits, and Nagle packs thousands of them into few segments.
        if cleanSession { try MosquittoLibrary.check(mosquitto_int_option(pointer, MOSQ_OPT_TCP_NODELAY, 1), "configure") }
        try setCredentials(configuration)
        if let tls = configuration.tls { try setTLS(tls) }
        if let will {
            let code = mosquitto_will_set(pointer, will.topic, Int32(will.offline.count), will.offline, 1, true)
            try MosquittoLibrary.check(code, "set the last will")
        }
    }

    deinit { mosquitto_destroy(pointer) }

    private func setCredentials(_ configuration: MQTTConfiguration) throws(MQTTError) {
        guard let username = configuration.username else { return }
        let terminated = configuration.password.map { $0.map { CChar(bitPattern: $0) } + [0] }
        try MosquittoLibrary.check(mosquitto_username_pw_set(pointer, username, terminated), "set mqtt.username")
    }

    private func setTLS(_ tls: MQTTConfiguration.TLS) throws(MQTTError) {
        let directory = tls.authorityFile == nil ? "/etc/ssl/certs" : nil
        if directory != nil {
            try MosquittoLibrary.check(mosquitto_int_option(pointer, MOSQ_OPT_TLS_USE_OS_CERTS, 1), "set mqtt.tls")
        }
        // The pass-phrase callback answers "none": without it OpenSSL would ask at the terminal.
        let code = mosquitto_tls_set(pointer, tls.authorityFile, directory, tls.certificateFile, tls.keyFile) { _, _, _, _ in 0 }
        try MosquittoLibrary.check(code, "set mqtt.tls")
        // 1 is SSL_VERIFY_PEER; versions below TLS 1.2 are off by the library's default.
        try MosquittoLibrary.check(mosquitto_tls_opts_set(pointer, 1, nil, nil), "set mqtt.tls")
        try MosquittoLibrary.check(mosquitto_tls_insecure_set(pointer, false), "set mqtt.tls")
    }
}
