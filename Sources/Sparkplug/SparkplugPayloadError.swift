/// Why the bytes of a message are no Sparkplug B payload, and where.
public struct SparkplugPayloadError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable { case truncated, longVarint, wireType, fieldNumber, tooManyMetrics, tooManyBytes, seq }

    public let reason: Reason
    /// The byte at which reading stopped.
    public let offset: Int

    init(_ reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public var description: String {
        switch reason {
        case .truncated: "not a Sparkplug B payload: a value goes beyond its end (byte \(offset))"
        case .longVarint: "not a Sparkplug B payload: a number has more than 64 bits (byte \(offset))"
        case .wireType: "not a Sparkplug B payload: a group or an unknown wire type (byte \(offset))"
        case .fieldNumber: "not a Sparkplug B payload: a field number that cannot be (byte \(offset))"
        case .tooManyMetrics: "the payload has more than \(SparkplugPayload.maximumMetrics) metrics"
        case .tooManyBytes: "the payload has more than \(SparkplugPayload.maximumBytes) bytes"
        case .seq: "seq is not between 0 and 255"
        }
    }
}
