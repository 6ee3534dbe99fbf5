/// Reads `org.eclipse.tahu.protobuf.Payload` (sparkplug_b.proto of the Sparkplug specification 3.0).
///
/// A reader of our own rather than protobuf-c: the message has two levels that matter, so it is smaller than the generated code, builds
/// no tree, and its limits are its own. Metadata and data sets are stepped over whole, and so are templates until `expandTemplates`; of
/// properties those that matter are read. That bounds the depth.
/// What is unknown is skipped; groups and numbers of more than 64 bits are refused. A field sent twice counts as its last, as protobuf says.
public struct SparkplugPayload: Sendable {
    public static let maximumBytes = 1 << 24
    public static let maximumMetrics = 16_384

    /// The metrics of the payload that was read last. The memory is reused.
    public internal(set) var metrics: [SparkplugMetric] = []
    /// When the payload was made, milliseconds since 1970.
    public private(set) var timestampMilliseconds: Int64?
    public private(set) var seq: UInt64?

    /// What metrics have beside their values; few have something.
    public internal(set) var properties: [SparkplugProperties] = []
    /// At least one metric has a template as its value.
    public internal(set) var hasTemplates = false
    /// The payload says that another one is packed in its body (5).
    public private(set) var isCompressed = false
    var body: Range<Int> = 0..<0
    /// What `SparkplugInflater` may make of a body.
    public let maximumInflatedBytes: Int

    public init(maximumInflatedBytes: Int = 1 << 20) {
        self.maximumInflatedBytes = min(maximumInflatedBytes, Self.maximumBytes)
        metrics.reserveCapacity(64)
    }

    /// Reads one payload; nothing is kept of the one before. An empty payload is a valid message without any field.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer) throws(SparkplugPayloadError) {
        metrics.removeAll(keepingCapacity: true)
        timestampMilliseconds = nil
        seq = nil
        if !properties.isEmpty { properties.removeAll(keepingCapacity: true) }
        hasTemplates = false
        isCompressed = false
        body = 0..<0
        guard bytes.count <= Self.maximumBytes else { throw SparkplugPayloadError(.tooManyBytes, offset: bytes.count) }
        var cursor = ProtobufCursor(bytes)
        do {
            while !cursor.isAtEnd { try field(&cursor) }
        } catch {
            // Half a message is no message.
            metrics.removeAll(keepingCapacity: true)
            throw error
        }
    }

    @inline(__always)
    private mutating func field(_ cursor: inout ProtobufCursor) throws(SparkplugPayloadError) {
        let (field, type) = try cursor.tag()
        switch (field, type) {
        case (2, .counted):
            let range = try cursor.counted()
            guard metrics.count < Self.maximumMetrics else { throw cursor.error(.tooManyMetrics) }
            let (position, end) = (cursor.position, cursor.end)
            (cursor.position, cursor.end) = (range.lowerBound, range.upperBound)
            var metric = SparkplugMetric()
            while !cursor.isAtEnd { try self.field(&cursor, of: &metric) }
            (cursor.position, cursor.end) = (position, end)
            metrics.append(metric)
        case (1, .varint): timestampMilliseconds = Int64(exactly: try cursor.varint())
        case (3, .varint): seq = try cursor.varint()
        case (4, .counted):
            let range = try cursor.counted()
            isCompressed = cursor.bytes[range].elementsEqual(Self.compressedMark.utf8)
        case (5, .counted): body = try cursor.counted()
        // What a later version may add.
        default: try cursor.skip(type)
        }
    }

    /// What was told beside a payload, where it does not tell it itself.
    mutating func inherit(timestampMilliseconds time: Int64?, seq: UInt64? = nil) {
        timestampMilliseconds = timestampMilliseconds ?? time
        self.seq = self.seq ?? seq
    }

    /// The uuid of a payload that holds a compressed one.
    static let compressedMark = "SPBV1.0_COMPRESSED"

    @inline(__always)
    mutating func field(_ cursor: inout ProtobufCursor, of metric: inout SparkplugMetric) throws(SparkplugPayloadError) {
        let (field, type) = try cursor.tag()
        switch type {
        case .varint: Self.number(field, try cursor.varint(), of: &metric)
        case .fixed32:
            let bits = try cursor.fixed32()
            if field == 12 { (metric.field, metric.bits) = (.float, UInt64(bits)) }
        case .fixed64:
            let bits = try cursor.fixed64()
            if field == 13 { (metric.field, metric.bits) = (.double, bits) }
        case .counted:
            let range = try cursor.counted()
            switch field {
            case 1: (metric.nameOffset, metric.nameLength) = (UInt32(range.lowerBound), UInt32(range.count))
            case 15: metric.setCounted(range, .string)
            case 16: metric.setCounted(range, .bytes)
            case 17: metric.setCounted(range, .dataSet)
            case 18:
                metric.setCounted(range, .template)
                hasTemplates = true
            case 9: try properties(cursor.bytes, range, of: &metric)
            default: break
            }
        }
    }

    /// A field that is a varint. Those of 32 bits are cut to them, as every protobuf reader does.
    @inline(__always)
    private static func number(_ field: UInt32, _ value: UInt64, of metric: inout SparkplugMetric) {
        switch field {
        case 2:
            metric.alias = value
            metric.flags.insert(.hasAlias)
        case 3:
            guard let time = Int64(exactly: value) else { return }
            metric.timestampMilliseconds = time
            metric.flags.insert(.hasTime)
        case 4: metric.datatype = SparkplugDatatype(number: value & 0xFFFF_FFFF)
        case 5: set(.isHistorical, value, of: &metric)
        case 6: set(.isTransient, value, of: &metric)
        case 7: set(.isNull, value, of: &metric)
        case 10: (metric.field, metric.bits) = (.int, value & 0xFFFF_FFFF)
        case 11: (metric.field, metric.bits) = (.long, value)
        case 14: (metric.field, metric.bits) = (.boolean, value == 0 ? 0 : 1)
        default: break
        }
    }

    private static func set(_ flag: SparkplugMetric.Flags, _ value: UInt64, of metric: inout SparkplugMetric) {
        if value == 0 { metric.flags.remove(flag) } else { metric.flags.insert(flag) }
    }
}
