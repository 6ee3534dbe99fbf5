/// Writes fixed-width little-endian numbers and counted byte strings: the format of snapshots and of the inbox's control events.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func write(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ number: Double) { write(number.bitPattern) }

    public mutating func write(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    public mutating func write(_ text: String) { write(blob: Array(text.utf8)) }

    public mutating func write(blob: some Collection<UInt8>) {
        write(UInt32(clamping: blob.count))
        bytes.append(contentsOf: blob)
    }

    /// Hands the bytes out and begins anew, so that a long snapshot needs little memory.
    public mutating func drain() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    public var count: Int { bytes.count }

    /// What `body` writes.
    public static func bytes(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        body(&writer)
        return writer.bytes
    }
}

/// Reads what `ByteWriter` wrote; damaged input throws.
public struct ByteReader {
    private let bytes: [UInt8]
    private var offset = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public var isAtEnd: Bool { offset == bytes.count }
    public var position: Int { offset }
    /// What was not read yet.
    public var rest: ArraySlice<UInt8> { bytes[offset...] }

    public mutating func integer<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(ByteCodingError) -> Number {
        let width = MemoryLayout<Number>.size
        guard bytes.count - offset >= width else { throw ByteCodingError(offset: offset) }
        defer { offset += width }
        return bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
    }

    public mutating func double() throws(ByteCodingError) -> Double { Double(bitPattern: try integer(UInt64.self)) }

    public mutating func bool() throws(ByteCodingError) -> Bool { try integer(UInt8.self) != 0 }

    public mutating func blob() throws(ByteCodingError) -> [UInt8] {
        let count = Int(try integer(UInt32.self))
        guard bytes.count - offset >= count else { throw ByteCodingError(offset: offset) }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    /// A count and as many elements. No memory is taken on the word of the count, which damaged bytes may have made.
    public mutating func list<Element>(_ element: (inout ByteReader) throws -> Element) throws -> [Element] {
        var elements: [Element] = []
        for _ in 0..<(try integer(UInt32.self)) { elements.append(try element(&self)) }
        return elements
    }

    public mutating func text() throws(ByteCodingError) -> String { String(decoding: try blob(), as: UTF8.self) }
}

/// The input ended before it should, or says what cannot be, at this offset.
public struct ByteCodingError: Error, Sendable, CustomStringConvertible {
    public let offset: Int

    public init(offset: Int) { self.offset = offset }

    public var description: String { "the data is damaged at byte \(offset)" }
}
