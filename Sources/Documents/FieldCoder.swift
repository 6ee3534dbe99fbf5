/// Writes the fields of plain data, or reads them, by one and the same list: what is written in this order is read in this order.
///
/// A type says its fields once, in a `mutating` function that passes each of them to `code`. Snapshots of hundred thousands of such
/// values took most of their time in JSON.
public struct FieldCoder {
    private var writer = ByteWriter()
    private var reader: ByteReader?

    /// To throw for bytes that no state has.
    public var damage: ByteCodingError { ByteCodingError(offset: position) }

    /// For writing.
    public init() {}

    /// For reading.
    public init(reading bytes: [UInt8]) { reader = ByteReader(bytes) }

    public var bytes: [UInt8] { writer.bytes }
    public var isReading: Bool { reader != nil }
    /// Bytes written or read so far.
    public var position: Int { reader?.position ?? writer.count }
    /// Whether all bytes were read.
    public var isAtEnd: Bool { reader?.isAtEnd ?? true }

    public mutating func code(_ a: inout some FieldCoded) throws(ByteCodingError) { try a.code(by: &self) }

    // Several fields, one after the other.

    public mutating func code(_ a: inout some FieldCoded, _ b: inout some FieldCoded) throws(ByteCodingError) {
        try a.code(by: &self)
        try b.code(by: &self)
    }

    public mutating func code(_ a: inout some FieldCoded, _ b: inout some FieldCoded, _ c: inout some FieldCoded) throws(ByteCodingError) {
        try code(&a, &b)
        try c.code(by: &self)
    }

    public mutating func code(
        _ a: inout some FieldCoded, _ b: inout some FieldCoded, _ c: inout some FieldCoded, _ d: inout some FieldCoded
    ) throws(ByteCodingError) {
        try code(&a, &b)
        try code(&c, &d)
    }

    fileprivate mutating func integer<Number: FixedWidthInteger>(_ number: inout Number) throws(ByteCodingError) {
        if isReading { number = try reader?.integer() ?? number } else { writer.write(number) }
    }

    /// A number that is not negative and mostly small: seven bits a byte (LEB128). Throws where one that is read is above `maximum`.
    public mutating func code<Number: FixedWidthInteger>(compact number: inout Number, atMost maximum: Number = .max)
        throws(ByteCodingError)
    {
        var rest = UInt64(clamping: number)
        guard isReading else {
            while rest > 0x7F {
                writer.write(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            return writer.write(UInt8(rest))
        }
        rest = 0
        for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
            var byte: UInt8 = 0
            try code(&byte)
            rest |= UInt64(byte & 0x7F) << shift
            guard byte < 0x80 else { continue }
            guard rest <= UInt64(maximum) else { throw damage }
            number = Number(rest)
            return
        }
        throw damage
    }

    /// The same for a number of either sign: 0, −1, 1, −2 … are coded as 0, 1, 2, 3 …
    public mutating func code(signed number: inout Int64) throws(ByteCodingError) {
        var code = UInt64(bitPattern: number << 1 ^ number >> 63)
        try self.code(compact: &code)
        number = Int64(bitPattern: code >> 1) ^ -Int64(bitPattern: code & 1)
    }

    /// A value that may be missing; `empty` is what it is read into.
    public mutating func code<Value>(
        _ value: inout Value?, empty: Value, _ each: (inout Value, inout FieldCoder) throws(ByteCodingError) -> Void
    ) throws(ByteCodingError) {
        var isThere = value != nil
        try code(&isThere)
        guard isThere else {
            value = nil
            return
        }
        var present = value ?? empty
        try each(&present, &self)
        value = present
    }
}

/// A value that `FieldCoder` writes and reads.
public protocol FieldCoded {
    mutating func code(by coder: inout FieldCoder) throws(ByteCodingError)
}

extension FieldCoded where Self: FixedWidthInteger {
    public mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) { try coder.integer(&self) }
}

extension Int8: FieldCoded {}
extension UInt8: FieldCoded {}
extension Int32: FieldCoded {}
extension UInt32: FieldCoded {}
extension Int64: FieldCoded {}
extension UInt64: FieldCoded {}

/// Throws for what is no number: no state has it, and arithmetic would carry it everywhere.
extension Double: FieldCoded {
    public mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        var bits = bitPattern
        try coder.integer(&bits)
        self = Double(bitPattern: bits)
        guard isFinite else { throw coder.damage }
    }
}

extension Float: FieldCoded {
    public mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        var bits = bitPattern
        try coder.integer(&bits)
        self = Float(bitPattern: bits)
        guard isFinite else { throw coder.damage }
    }
}

extension Bool: FieldCoded {
    public mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        var byte: UInt8 = self ? 1 : 0
        try coder.integer(&byte)
        self = byte != 0
    }
}

extension FieldCoded where Self: SIMD, Scalar: FieldCoded {
    public mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        for lane in indices { try coder.code(&self[lane]) }
    }
}

extension SIMD4: FieldCoded where Scalar: FieldCoded {}
extension SIMD8: FieldCoded where Scalar: FieldCoded {}
extension SIMD32: FieldCoded where Scalar: FieldCoded {}

extension Optional: FieldCoded where Wrapped: FieldCoded & ExpressibleByIntegerLiteral {
    public mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        try coder.code(&self, empty: 0) { (value, coder) throws(ByteCodingError) in try value.code(by: &coder) }
    }
}
