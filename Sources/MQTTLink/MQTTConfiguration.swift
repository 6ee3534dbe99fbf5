/// How to reach the broker and what to read there. Values only: files named here are read by libmosquitto when it connects,
/// at every connection anew, so a renewed certificate is taken up by the next reconnect.
public struct MQTTConfiguration: Sendable, Equatable {
    /// The protocol spoken.
    public enum Version: Sendable, Equatable {
        /// 3.1.1 to read; to send commands version 5, where an expiry goes with them, or 3.1.1 with a broker that does not know 5.
        case automatic
        case v311
        case v5
    }

    /// TLS of the connection; paths are PEM files.
    public struct TLS: Sendable, Equatable {
        /// Certificates the broker's must chain to; nil takes the operating system's.
        public var authorityFile: String?
        /// The client's own certificate and key, for mutual TLS: both or neither. A key may not have a pass phrase.
        public var certificateFile: String?
        public var keyFile: String?

        public init(authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    public var host: String
    public var port: Int
    public var clientID: String
    public var version = Version.automatic
    public var username: String?
    /// Bytes without a NUL, which libmosquitto could not carry.
    public var password: [UInt8]?
    public var tls: TLS?
    /// Topic filters, all subscribed at QoS 1: at QoS 2 PUBREC would leave before the message is committed.
    public var subscriptions: [String] = []
    /// Seconds, 5 to 65535, or 0 for none.
    public var keepAliveSeconds = 60
    /// MQTT 5: how many unacknowledged messages the broker may have under way to us, 1 to 65535. Under 3.1.1 the broker's own
    /// `max_inflight_messages` says so.
    public var receiveMaximum = 10_000
    /// MQTT 5: larger packets are not sent to us by the broker. Under 3.1.1 the broker has to bound them (`message_size_limit`).
    public var maximumPacketBytes = 1 << 20
    /// MQTT 5: how long the broker keeps the session of an absent client; `UInt32.max` is for ever.
    public var sessionExpirySeconds: UInt32 = .max
    /// From the start of an attempt to the broker's CONNACK.
    public var connectTimeoutSeconds = 15
    /// The first delay of the exponential back-off, and the largest.
    public var minimumRetryMilliseconds: Int64 = 500
    public var maximumRetryMilliseconds: Int64 = 30_000

    public init(host: String, port: Int = 1883, clientID: String) {
        self.host = host
        self.port = port
        self.clientID = clientID
    }
}
