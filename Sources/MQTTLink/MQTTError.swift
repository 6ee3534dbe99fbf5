import CMosquitto
import Glibc
import Threading

/// What failed, in words that say what to do about it.
public struct MQTTError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A `mosq_err_t`, or an MQTT 5 reason code (128 and above).
    public var code: Int32
    /// The step that failed: "connect", "read", "publish".
    public var operation: String
    /// What happened and what to do.
    public var message: String

    public init(code: Int32, operation: String, message: String) {
        self.code = code
        self.operation = operation
        self.message = message
    }

    public var description: String { "MQTT \(operation): \(message)" }

    static func ofSystem(_ error: SystemError) -> MQTTError {
        ofLibrary(MOSQ_ERR_ERRNO.rawValue, systemError: error.code, operation: error.operation)
    }

    /// The return code of a function of the library, in words.
    /// - Parameters:
    ///   - systemError: errno right after the call.
    ///   - detail: what the library logged; for TLS only this names the cause.
    static func ofLibrary(_ code: Int32, systemError: Int32 = 0, operation: String, detail: String = "") -> MQTTError {
        var message: String
        switch code {
        // A refusal by the broker's side of TLS 1.3 arrives after the handshake, as a lost connection; only the log names it.
        case _ where detail.contains("OpenSSL"): message = tlsText(detail)
        case MOSQ_ERR_ERRNO.rawValue: message = systemText(systemError)
        case MOSQ_ERR_CONN_LOST.rawValue: message = "the broker closed the connection"
        case MOSQ_ERR_KEEPALIVE.rawValue: message = "the broker did not answer a keep-alive; check the network and mqtt.keepAliveSeconds"
        case MOSQ_ERR_TLS.rawValue, MOSQ_ERR_TLS_HANDSHAKE.rawValue: message = tlsText(detail)
        case MOSQ_ERR_EAI.rawValue: message = "the host name cannot be resolved; check mqtt.host and DNS"
        case MOSQ_ERR_PROTOCOL.rawValue: message = "the peer does not speak MQTT as expected; check mqtt.port, mqtt.tls and mqtt.version"
        case 128...255: message = reasonText(code)
        default: message = MosquittoLibrary.text(of: code)
        }
        if !detail.isEmpty, !message.contains(detail) { message += " (\(detail))" }
        return MQTTError(code: code, operation: operation, message: message)
    }

    /// A TLS connection that ended before the broker said anything.
    static func lostBeforeAnswer(_ code: Int32, operation: String) -> MQTTError {
        MQTTError(
            code: code, operation: operation,
            message: "the broker closed the TLS connection before it answered; it may want a certificate: "
                + "check mqtt.tls.certificateFile and keyFile, and the broker's log")
    }

    private static func systemText(_ systemError: Int32) -> String {
        switch systemError {
        case ECONNREFUSED: "nothing listens there; check that the broker runs, and mqtt.host and mqtt.port"
        case 0: "the connection failed"
        default: String(cString: strerror(systemError))
        }
    }

    /// OpenSSL's own words name the library's function, not the file to change.
    private static func tlsText(_ detail: String) -> String {
        if detail.contains("host name verification") {
            return "TLS: the broker's certificate is made out to another name than mqtt.host"
        }
        // The library does not always tell a wrong name from a wrong signature.
        if detail.contains("certificate verify failed") || detail.contains("unknown ca") {
            return
                "TLS: the broker's certificate is not signed by the authority in mqtt.tls.caFile, is out of date, or names another host than mqtt.host"
        }
        if detail.contains("certificate required") || detail.contains("handshake failure") || detail.contains("bad certificate") {
            return "TLS: the broker did not accept the client's certificate; check mqtt.tls.certificateFile and keyFile"
        }
        if detail.contains("wrong version number") {
            return "TLS: the peer does not speak TLS; check mqtt.port"
        }
        return "TLS failed; check mqtt.tls and the broker's log"
    }

    /// CONNACK return codes of MQTT 3.1.1 (table 3.1) and reason codes of MQTT 5 (2.4).
    static func ofRefusal(_ code: Int32) -> MQTTError {
        let message =
            switch code {
            case _ where isRefusalOfVersion(code): "the broker does not speak this version of MQTT: change mqtt.version"
            case 2, 0x85: "the broker refused the client id: check mqtt.clientId"
            case 3, 0x88: "the broker is not available; it is tried again"
            case 4, 5, 0x86, 0x87: "the broker refused the user name or password: check mqtt.username and mqtt.passwordFile"
            case 0x8A: "the broker has banned this client: ask its administrator"
            case 0x89, 0x97, 0x9F: "the broker is over its limits (\(reasonText(code))); it is tried again"
            default: "the broker refused the connection: \(reasonText(code))"
            }
        return MQTTError(code: code, operation: "connect", message: message)
    }

    static func isRefusalOfVersion(_ code: Int32) -> Bool { code == 1 || code == 0x84 }

    static func speaking311(_ code: Int32) -> MQTTError {
        let message = "the broker does not speak MQTT 5; commands are sent with 3.1.1 from now on, and have no expiry of their own"
        return MQTTError(code: code, operation: "connect", message: message)
    }

    static func reasonText(_ code: Int32) -> String {
        if code == 0x8E { return "another client connected with the same client id: mqtt.clientId must be used once only" }
        return String(cString: mosquitto_reason_string(code))
    }
}
