/// Why the bytes of a message are no Sparkplug B payload, and where.
public struct SparkplugPayloadError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        case truncated, longVarint, wireType, fieldNumber, tooManyMetrics, tooManyBytes, seq
        /// Of compressed payloads: another algorithm than GZIP and DEFLATE, bytes that are none of it, more bytes than are taken, and one in another.
        case unknownCompression, damagedCompression, inflatedTooLarge, compressedTwice
    }

    public let reason: Reason
    /// The byte at which reading stopped; the limit for `inflatedTooLarge`.
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
        case .unknownCompression: "the payload is compressed in another way than GZIP or DEFLATE"
        case .damagedCompression: "the payload is said to be compressed, and cannot be unpacked (byte \(offset) of its body)"
        case .inflatedTooLarge: "the compressed payload has more than \(offset) bytes (limits.payloadBytes)"
        case .compressedTwice: "the compressed payload holds another compressed one"
        case .seq: "seq is not between 0 and 255"
        }
    }
}
