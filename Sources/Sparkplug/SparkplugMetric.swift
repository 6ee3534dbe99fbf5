/// One metric as it lies in a payload: numbers by value, names and texts as places in the payload's bytes.
///
/// A plain struct without references, so that an array of them is reused from message to message and costs nothing.
public struct SparkplugMetric: Equatable, Sendable {
    /// Which member of the protobuf `oneof value` was sent.
    public enum Field: UInt8, Sendable { case none, int, long, float, double, boolean, string, bytes, dataSet, template }

    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let hasAlias = Flags(rawValue: 1)
        public static let isHistorical = Flags(rawValue: 2)
        public static let isTransient = Flags(rawValue: 4)
        public static let isNull = Flags(rawValue: 8)
        public static let hasTime = Flags(rawValue: 16)
    }

    public internal(set) var alias: UInt64 = 0
    /// Milliseconds since 1970 when `flags` has `hasTime`.
    public internal(set) var timestampMilliseconds: Int64 = 0
    /// The number's bits; for strings, bytes, data sets and templates the offset (high half) and the length (low half).
    public internal(set) var bits: UInt64 = 0
    public internal(set) var nameOffset: UInt32 = 0
    /// 0 when the metric has no name.
    public internal(set) var nameLength: UInt32 = 0
    public internal(set) var datatype = SparkplugDatatype.unknown
    public internal(set) var field = Field.none
    public internal(set) var flags: Flags = []
    /// What the node says of the value beside it: the place among `SparkplugPayload.properties` and one, or 0 when it says nothing.
    public internal(set) var properties: UInt32 = 0

    /// The name's bytes within the payload that the metric was read from.
    @inline(__always)
    public func name(in payload: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: payload[Int(nameOffset)..<Int(nameOffset) + Int(nameLength)])
    }

    /// The bytes of a counted value within the payload.
    func counted(in payload: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let offset = Int(bits >> 32)
        return UnsafeRawBufferPointer(rebasing: payload[offset..<offset + Int(bits & 0xFFFF_FFFF)])
    }

    mutating func setCounted(_ range: Range<Int>, _ field: Field) {
        bits = UInt64(range.lowerBound) << 32 | UInt64(range.count)
        self.field = field
    }
}

/// Of a metric's property set, what is read.
public struct SparkplugProperties: Equatable, Sendable {
    /// The one that says that the value holds (Sparkplug 3.0, 6.4.10: `Quality` is 0 for bad, 192 for good, 500 for stale).
    public static let goodQuality: Int64 = 192

    /// The property `Quality`; nil when there is none.
    public internal(set) var quality: Int64?
    /// The place of the text of `engUnit` in the payload's bytes; empty when there is none.
    public internal(set) var unit: Range<Int> = 0..<0
}
