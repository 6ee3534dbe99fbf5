/// Steps through the protobuf wire format in untrusted bytes: every step is checked against `end`.
///
/// There is no recursion: embedded messages are entered by narrowing `end`, at most one level deep, or stepped over whole.
struct ProtobufCursor {
    enum WireType: UInt8 {
        case varint = 0
        case fixed64 = 1
        case counted = 2
        case fixed32 = 5
    }

    let bytes: UnsafeRawBufferPointer
    var position: Int
    var end: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    var isAtEnd: Bool { position >= end }

    func error(_ reason: SparkplugPayloadError.Reason) -> SparkplugPayloadError { SparkplugPayloadError(reason, offset: position) }

    @inline(__always)
    mutating func varint() throws(SparkplugPayloadError) -> UInt64 {
        guard position < end else { throw error(.truncated) }
        let first = bytes[position]
        if first < 0x80 {
            position += 1
            return UInt64(first)
        }
        return try longVarint()
    }

    private mutating func longVarint() throws(SparkplugPayloadError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var at = position
        while at < end {
            let byte = bytes[at]
            at += 1
            // The tenth byte has room for one bit only; anything more is a number that does not fit, or never ends.
            if shift == 63, byte > 1 { throw error(.longVarint) }
            value |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 {
                position = at
                return value
            }
            shift += 7
        }
        throw error(.truncated)
    }

    /// The field's number and how its value is laid out. Groups were taken out of protobuf long ago and would need recursion.
    @inline(__always)
    mutating func tag() throws(SparkplugPayloadError) -> (field: UInt32, type: WireType) {
        let tag = try varint()
        guard let type = WireType(rawValue: UInt8(truncatingIfNeeded: tag & 7)) else { throw error(.wireType) }
        guard tag >= 8, tag <= UInt64(UInt32.max) else { throw error(.fieldNumber) }
        return (UInt32(truncatingIfNeeded: tag >> 3), type)
    }

    /// The place of a counted value; the cursor stands behind it.
    @inline(__always)
    mutating func counted() throws(SparkplugPayloadError) -> Range<Int> {
        let count = try varint()
        guard count <= UInt64(end - position) else { throw error(.truncated) }
        let start = position
        position += Int(count)
        return start..<position
    }

    @inline(__always)
    mutating func fixed32() throws(SparkplugPayloadError) -> UInt32 {
        guard end - position >= 4 else { throw error(.truncated) }
        defer { position += 4 }
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
    }

    @inline(__always)
    mutating func fixed64() throws(SparkplugPayloadError) -> UInt64 {
        guard end - position >= 8 else { throw error(.truncated) }
        defer { position += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    mutating func skip(_ type: WireType) throws(SparkplugPayloadError) {
        switch type {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed64()
        case .fixed32: _ = try fixed32()
        case .counted: _ = try counted()
        }
    }
}
