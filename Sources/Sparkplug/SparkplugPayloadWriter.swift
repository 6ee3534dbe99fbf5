/// Writes a Sparkplug B payload: commands for edge nodes and their devices, and the fixtures of the tests.
public struct SparkplugPayloadWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    /// `seq` is for edge nodes; what a host sends has none.
    public init(timestampMilliseconds: Int64?, seq: UInt64? = nil) {
        if let time = timestampMilliseconds { Self.field(1, UInt64(bitPattern: time), &bytes) }
        if let seq { Self.field(3, seq, &bytes) }
    }

    /// Adds one metric, by name, by alias, or both. `datatype` nil leaves the type to the birth, which data messages may.
    ///
    /// Throws when the value cannot be of the datatype; nothing is written then.
    public mutating func add(
        name: String? = nil, alias: UInt64? = nil, timestampMilliseconds: Int64? = nil, datatype: SparkplugDatatype,
        value: SparkplugValue, isHistorical: Bool = false, writesDatatype: Bool = true
    ) throws(SparkplugValueProblem) {
        var metric: [UInt8] = []
        if let name { Self.field(1, name, &metric) }
        if let alias { Self.field(2, alias, &metric) }
        if let time = timestampMilliseconds { Self.field(3, UInt64(bitPattern: time), &metric) }
        if writesDatatype { Self.field(4, UInt64(datatype.rawValue), &metric) }
        if isHistorical { Self.field(5, 1, &metric) }
        try Self.value(value, datatype, &metric)
        Self.varint(2 << 3 | 2, &bytes)
        Self.varint(UInt64(metric.count), &bytes)
        bytes += metric
    }

    private static func value(_ value: SparkplugValue, _ datatype: SparkplugDatatype, _ out: inout [UInt8]) throws(SparkplugValueProblem) {
        guard datatype.isScalar else { throw datatype == .unknown ? .noDatatype : .notScalar }
        switch (value, datatype) {
        case (.null, _): field(7, 1, &out)
        case (.bool(let flag), .boolean): field(14, flag ? 1 : 0, &out)
        case (.text(let text), _) where datatype.isText: field(15, text, &out)
        case (.number(let number), _): try self.number(number, datatype, &out)
        default: throw .mismatch
        }
    }

    /// Signed numbers travel as their two's complement in the unsigned fields.
    private static func number(_ number: Double, _ datatype: SparkplugDatatype, _ out: inout [UInt8]) throws(SparkplugValueProblem) {
        guard number.isFinite else { throw .notFinite }
        switch datatype {
        case .int8: field(10, UInt64(UInt32(bitPattern: Int32(try whole(number, Int8.self)))), &out)
        case .int16: field(10, UInt64(UInt32(bitPattern: Int32(try whole(number, Int16.self)))), &out)
        case .int32: field(10, UInt64(UInt32(bitPattern: try whole(number, Int32.self))), &out)
        case .int64: field(11, UInt64(bitPattern: try whole(number, Int64.self)), &out)
        case .uint8: field(10, UInt64(try whole(number, UInt8.self)), &out)
        case .uint16: field(10, UInt64(try whole(number, UInt16.self)), &out)
        case .uint32: field(10, UInt64(try whole(number, UInt32.self)), &out)
        case .uint64, .dateTime: field(11, try whole(number, UInt64.self), &out)
        case .float:
            guard Float(number).isFinite else { throw .outOfRange }
            varint(12 << 3 | 5, &out)
            withUnsafeBytes(of: Float(number).bitPattern.littleEndian) { out += $0 }
        case .double:
            varint(13 << 3 | 1, &out)
            withUnsafeBytes(of: number.bitPattern.littleEndian) { out += $0 }
        default: throw .mismatch
        }
    }

    private static func whole<Number: FixedWidthInteger>(_ number: Double, _: Number.Type) throws(SparkplugValueProblem) -> Number {
        guard let whole = Number(exactly: number) else { throw .outOfRange }
        return whole
    }

    private static func field(_ number: UInt64, _ value: UInt64, _ out: inout [UInt8]) {
        varint(number << 3, &out)
        varint(value, &out)
    }

    private static func field(_ number: UInt64, _ text: String, _ out: inout [UInt8]) {
        varint(number << 3 | 2, &out)
        varint(UInt64(text.utf8.count), &out)
        out += text.utf8
    }

    private static func varint(_ value: UInt64, _ out: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(rest))
    }
}
