/// Which version of MQTT a client speaks. Where the configuration leaves it open, the broker's answers tell.
///
/// Version 5 is tried first, because only there a command carries its own end. A broker that does not know it says so, or closes the connection
/// without an answer, as a few old ones do; then both versions take turns until one is accepted.
struct ProtocolChoice: Equatable {
    /// A network that is just failing closes connections, too: one is no sign.
    private static let silentFailures = 2

    let configured: MQTTConfiguration.Version
    private(set) var isVersion5: Bool
    private var isAccepted = false
    private var failures = 0

    init(_ configured: MQTTConfiguration.Version) {
        self.configured = configured
        isVersion5 = configured != .v311
    }

    mutating func accepted() {
        isAccepted = true
        failures = 0
    }

    /// The broker has said that it does not speak this version. False when there is no other to try.
    mutating func refused() -> Bool {
        guard configured == .automatic, isVersion5 else { return false }
        (isVersion5, isAccepted, failures) = (false, false, 0)
        return true
    }

    /// The connection stood and ended before the broker answered.
    mutating func endedWithoutAnswer() {
        guard configured == .automatic, !isAccepted else { return }
        failures += 1
        guard failures >= Self.silentFailures else { return }
        (isVersion5, failures) = (!isVersion5, 0)
    }
}
