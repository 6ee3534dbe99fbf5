/// What a metric says. Whole numbers beyond 2^53 lose their last digits in `number`.
public enum SparkplugValue: Equatable, Sendable {
    case number(Double)
    case bool(Bool)
    case text(String)
    /// The edge node says that it does not know.
    case null
}

/// Why a metric has no value that can be used.
public enum SparkplugValueProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// A table, a file, a template or an array: Steward judges single values.
    case notScalar
    /// The type is in neither the message nor the birth, and the number could be signed or not.
    case noDatatype
    case mismatch, outOfRange, notFinite

    public var description: String {
        switch self {
        case .notScalar: "is no single value"
        case .noDatatype: "has no datatype"
        case .mismatch: "has a value of another type than its datatype"
        case .outOfRange: "has a number that its datatype cannot hold"
        case .notFinite: "is infinite or no number"
        }
    }
}

extension SparkplugMetric {
    /// The value, read as `datatype`: the message's own where it has one, else that of the birth.
    ///
    /// Texts are cut after `maximumTextBytes`.
    @inline(__always)
    public func value(
        as datatype: SparkplugDatatype, in payload: UnsafeRawBufferPointer, maximumTextBytes: Int = 1024
    ) throws(SparkplugValueProblem) -> SparkplugValue {
        if flags.contains(.isNull) || field == .none { return .null }
        switch field {
        case .double: return .number(try floating(Double(bitPattern: bits), datatype))
        case .float: return .number(try floating(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))), datatype))
        case .int, .long: return try whole(datatype)
        case .boolean:
            guard datatype == .boolean || datatype == .unknown else { throw .mismatch }
            return .bool(bits != 0)
        case .string:
            guard datatype.isText || datatype == .unknown else { throw .mismatch }
            return .text(Self.text(counted(in: payload), maximumTextBytes))
        case .none, .bytes, .dataSet, .template: throw .notScalar
        }
    }

    private func floating(_ number: Double, _ datatype: SparkplugDatatype) throws(SparkplugValueProblem) -> Double {
        guard datatype == .double || datatype == .float || datatype == .unknown else { throw .mismatch }
        guard number.isFinite else { throw .notFinite }
        return number
    }

    /// Whole numbers. Libraries differ in the field they use (Tahu for Java sends UInt32 as a long) and in how they extend a small
    /// negative number, so both fields and both extensions are read, and what fits neither is refused rather than cut.
    private func whole(_ datatype: SparkplugDatatype) throws(SparkplugValueProblem) -> SparkplugValue {
        switch datatype {
        case .int8: return .number(try signed(Int8.self))
        case .int16: return .number(try signed(Int16.self))
        case .int32: return .number(try signed(Int32.self))
        case .int64: return .number(Double(Int64(bitPattern: bits)))
        case .uint8: return .number(try unsigned(UInt8.self))
        case .uint16: return .number(try unsigned(UInt16.self))
        case .uint32: return .number(try unsigned(UInt32.self))
        case .uint64, .dateTime: return .number(Double(bits))
        case .float, .double: return .number(Double(field == .int ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)))
        case .boolean:
            guard bits <= 1 else { throw .mismatch }
            return .bool(bits == 1)
        case .unknown: throw .noDatatype
        default: throw datatype.isScalar ? .mismatch : .notScalar
        }
    }

    private func signed<Number: FixedWidthInteger & SignedInteger>(_: Number.Type) throws(SparkplugValueProblem) -> Double {
        let extended = field == .int ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
        if let number = Number(exactly: extended) { return Double(number) }
        guard bits >> UInt64(Number.bitWidth) == 0 else { throw .outOfRange }
        return Double(Number(truncatingIfNeeded: bits))
    }

    private func unsigned<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type) throws(SparkplugValueProblem) -> Double {
        guard let number = Number(exactly: bits) else { throw .outOfRange }
        return Double(number)
    }

    /// Cut where a character begins, so that a cut text is still a text.
    private static func text(_ bytes: UnsafeRawBufferPointer, _ maximum: Int) -> String {
        var count = min(bytes.count, max(maximum, 0))
        if count < bytes.count {
            while count > 0, bytes[count] & 0xC0 == 0x80 { count -= 1 }
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
