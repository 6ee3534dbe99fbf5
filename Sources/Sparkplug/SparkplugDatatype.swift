/// The types of a metric, by their numbers in the Sparkplug specification 3.0 (`DataType` of sparkplug_b.proto).
public enum SparkplugDatatype: UInt8, Sendable {
    case unknown = 0
    case int8, int16, int32, int64, uint8, uint16, uint32, uint64, float, double
    case boolean, string, dateTime, text, uuid
    case dataSet, bytes, file, template, propertySet, propertySetList
    case int8Array, int16Array, int32Array, int64Array, uint8Array, uint16Array, uint32Array, uint64Array
    case floatArray, doubleArray, booleanArray, stringArray, dateTimeArray

    init(number: UInt64) { self = UInt8(exactly: number).flatMap(Self.init(rawValue:)) ?? .unknown }

    /// Whether a metric of this type is one value that Steward can judge, not a table or a file.
    public var isScalar: Bool { rawValue >= Self.int8.rawValue && rawValue <= Self.uuid.rawValue }

    var isText: Bool { self == .string || self == .text || self == .uuid }
}
