import CMosquitto
import Glibc

extension MQTTConfiguration {
    /// Refuses what libmosquitto would refuse only as "invalid arguments", with the key to mend.
    func validate() throws(MQTTError) {
        try require(!host.isEmpty && !Self.hasNUL(host), "mqtt.host must name the broker")
        try require((1...65535).contains(port), "mqtt.port is \(port); it must be 1 to 65535")
        try require(
            (1...65535).contains(clientID.utf8.count) && !Self.hasNUL(clientID),
            "mqtt.clientId must have 1 to 65535 bytes: without it the broker cannot keep a session")
        try require(
            keepAliveSeconds == 0 || (5...65535).contains(keepAliveSeconds),
            "mqtt.keepAliveSeconds is \(keepAliveSeconds); it must be 0 or 5 to 65535")
        try require((1...65535).contains(receiveMaximum), "mqtt.receiveMaximum is \(receiveMaximum); it must be 1 to 65535")
        try require(
            (1024...268_435_460).contains(maximumPacketBytes),
            "mqtt.maximumPacketBytes is \(maximumPacketBytes); it must be 1024 to 268435460")
        try require(connectTimeoutSeconds > 0, "mqtt.connectTimeoutSeconds must be at least 1")
        try require(
            minimumRetryMilliseconds > 0 && maximumRetryMilliseconds >= minimumRetryMilliseconds
                && maximumRetryMilliseconds <= 86_400_000,
            "the retry delays must be above 0, at most a day, and the largest not below the first")
        try validateCredentials()
        try validateSubscriptions()
    }

    private func validateCredentials() throws(MQTTError) {
        if let username {
            try require(username.utf8.count <= 65535 && !Self.hasNUL(username), "mqtt.username has a NUL byte or is too long")
        }
        if let password {
            try require(username != nil, "mqtt.passwordFile needs mqtt.username: MQTT 3.1.1 has no password without a name")
            try require(!password.contains(0) && password.count <= 65535, "the MQTT password has a NUL byte or is too long")
        }
        guard let tls else { return }
        try require(
            (tls.certificateFile == nil) == (tls.keyFile == nil), "mqtt.tls needs certificateFile and keyFile together, or neither")
        for path in [tls.authorityFile, tls.certificateFile, tls.keyFile] {
            guard let path else { continue }
            guard access(path, R_OK) == 0 else {
                throw MQTTError(
                    code: MOSQ_ERR_INVAL.rawValue, operation: "configure",
                    message: "cannot read \(path) of mqtt.tls: \(String(cString: strerror(errno)))")
            }
        }
    }

    private func validateSubscriptions() throws(MQTTError) {
        for filter in subscriptions {
            try require(
                !filter.isEmpty && !Self.hasNUL(filter) && filter.utf8.count <= 65535
                    && mosquitto_sub_topic_check2(filter, filter.utf8.count) == MOSQ_ERR_SUCCESS.rawValue,
                "'\(filter)' in mqtt.subscriptions is not a topic filter: + and # stand alone between slashes, # only at the end")
        }
    }

    private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(MQTTError) {
        guard condition else {
            throw MQTTError(code: MOSQ_ERR_INVAL.rawValue, operation: "configure", message: message())
        }
    }

    /// C strings end at a NUL, so one inside would silently shorten the value.
    static func hasNUL(_ string: String) -> Bool { string.utf8.contains(0) }
}
