/// Reads what `StateEncoder` wrote. A field that is missing, because a program that did not know it wrote the state, is zero, empty, false or
/// nil; a field of a program that knows more is passed over.
///
/// A type for which zero is not the right default decodes itself with `decodeIfPresent`.
public enum StateDecoder {
    /// - Throws: `DecodingError` for bytes that are damaged, and for a missing field that has no empty value (an enumeration).
    public static func decode<Value: Decodable>(_: Value.Type = Value.self, from bytes: [UInt8]) throws -> Value {
        try bytes.withUnsafeBytes { try Content(bytes: $0).value() }
    }
}

/// What a missing field is.
private protocol EmptyValued {
    init()
}

extension Bool: EmptyValued {}
extension String: EmptyValued {}
extension Double: EmptyValued {}
extension Float: EmptyValued {}
extension Int: EmptyValued {}
extension Int8: EmptyValued {}
extension Int16: EmptyValued {}
extension Int32: EmptyValued {}
extension Int64: EmptyValued {}
extension UInt: EmptyValued {}
extension UInt8: EmptyValued {}
extension UInt16: EmptyValued {}
extension UInt32: EmptyValued {}
extension UInt64: EmptyValued {}
extension Array: EmptyValued {}
extension Set: EmptyValued {}
extension Dictionary: EmptyValued {}

private func damaged(_ what: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: [], debugDescription: "the state is damaged: \(what)"))
}

/// The content of one value. The pointer is valid for as long as `StateDecoder.decode` runs, and nothing keeps it longer.
private struct Content: Decoder {
    let bytes: UnsafeRawBufferPointer
    var isNil = false
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy _: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(KeyedContents(reader: FrameReader(bytes: bytes)))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try ElementContents(reader: FrameReader(bytes: bytes)) }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleContent(content: self) }

    func value<Value: Decodable>() throws -> Value {
        if Value.self == String.self, let text = try text() as? Value { return text }
        if Value.self == [UInt8].self, let raw = Array(bytes) as? Value { return raw }
        return try Value(from: self)
    }

    func text() throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw damaged("a text is not UTF-8") }
        return text
    }

    func flag() throws -> Bool {
        guard bytes.count == 1, bytes[0] < 2 else { throw damaged("a truth value has \(bytes.count) bytes") }
        return bytes[0] == 1
    }

    func number() throws -> Double {
        guard bytes.count == 8 else { throw damaged("a number has \(bytes.count) bytes") }
        return Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)))
    }

    func integer<Number: FixedWidthInteger>() throws -> Number {
        guard bytes.count <= Number.bitWidth / 8 else { throw damaged("an integer has \(bytes.count) bytes") }
        var number: Number = Number.isSigned && (bytes.last ?? 0) & 0x80 != 0 ? ~0 : 0
        for byte in bytes.reversed() { number = number << 8 | Number(truncatingIfNeeded: byte) }
        return number
    }
}

/// Walks over fields and elements.
private struct FrameReader {
    let bytes: UnsafeRawBufferPointer
    var offset = 0

    var isAtEnd: Bool { offset == bytes.count }

    private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count <= bytes.count - offset else { throw damaged("it ends in the middle of a field") }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    mutating func name() throws -> UnsafeRawBufferPointer {
        try take(Int(UInt16(littleEndian: try take(2).loadUnaligned(as: UInt16.self))))
    }

    mutating func content() throws -> Content {
        let length = UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self))
        if length == StateEncoder.nilLength { return Content(bytes: try take(0), isNil: true) }
        return Content(bytes: try take(length == StateEncoder.openLength ? bytes.count - offset : Int(length)))
    }
}

private struct KeyedContents<Key: CodingKey>: KeyedDecodingContainerProtocol {
    /// Stands before the field that was found last: fields are asked for in the order in which they were written.
    private let place: Place
    var codingPath: [any CodingKey] { [] }

    /// Reading a field moves it, and `decode` cannot be `mutating`.
    private final class Place {
        var reader: FrameReader
        init(_ reader: FrameReader) { self.reader = reader }
    }

    init(reader: FrameReader) { place = Place(reader) }

    var allKeys: [Key] {
        var reader = FrameReader(bytes: place.reader.bytes)
        var keys: [Key] = []
        while !reader.isAtEnd, let name = try? reader.name(), (try? reader.content()) != nil {
            if let key = Key(stringValue: String(decoding: name, as: UTF8.self)) { keys.append(key) }
        }
        return keys
    }

    /// The content of a field; nil when it is missing.
    private func find(_ key: Key) throws -> Content? {
        var name = key.stringValue
        return try name.withUTF8 { wanted in
            let start = place.reader.offset
            var reader = place.reader
            var hasWrapped = false
            while true {
                if reader.isAtEnd {
                    if hasWrapped || start == 0 { return nil }
                    hasWrapped = true
                    reader.offset = 0
                }
                if hasWrapped, reader.offset >= start { return nil }
                let before = reader
                let found = try reader.name()
                let content = try reader.content()
                if found.count == wanted.count, found.elementsEqual(UnsafeRawBufferPointer(wanted)) {
                    place.reader = before
                    return content
                }
            }
        }
    }

    private func field<Value>(_ key: Key, _ read: (Content) throws -> Value) throws -> Value {
        if let content = try find(key) { return try read(content) }
        if let type = Value.self as? any EmptyValued.Type, let empty = type.init() as? Value { return empty }
        throw DecodingError.keyNotFound(key, .init(codingPath: [], debugDescription: "the field \(key.stringValue) is missing"))
    }

    func contains(_ key: Key) -> Bool { (try? find(key)) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try find(key)?.isNil ?? true }
    func decode(_: Bool.Type, forKey key: Key) throws -> Bool { try field(key) { try $0.flag() } }
    func decode(_: String.Type, forKey key: Key) throws -> String { try field(key) { try $0.text() } }
    func decode(_: Double.Type, forKey key: Key) throws -> Double { try field(key) { try $0.number() } }
    func decode(_: Float.Type, forKey key: Key) throws -> Float { Float(try field(key) { try $0.number() }) }
    func decode(_: Int.Type, forKey key: Key) throws -> Int { try field(key) { try $0.integer() } }
    func decode(_: Int8.Type, forKey key: Key) throws -> Int8 { try field(key) { try $0.integer() } }
    func decode(_: Int16.Type, forKey key: Key) throws -> Int16 { try field(key) { try $0.integer() } }
    func decode(_: Int32.Type, forKey key: Key) throws -> Int32 { try field(key) { try $0.integer() } }
    func decode(_: Int64.Type, forKey key: Key) throws -> Int64 { try field(key) { try $0.integer() } }
    func decode(_: UInt.Type, forKey key: Key) throws -> UInt { try field(key) { try $0.integer() } }
    func decode(_: UInt8.Type, forKey key: Key) throws -> UInt8 { try field(key) { try $0.integer() } }
    func decode(_: UInt16.Type, forKey key: Key) throws -> UInt16 { try field(key) { try $0.integer() } }
    func decode(_: UInt32.Type, forKey key: Key) throws -> UInt32 { try field(key) { try $0.integer() } }
    func decode(_: UInt64.Type, forKey key: Key) throws -> UInt64 { try field(key) { try $0.integer() } }
    func decode<Value: Decodable>(_: Value.Type, forKey key: Key) throws -> Value { try field(key) { try $0.value() } }

    func nestedContainer<Nested: CodingKey>(keyedBy _: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        try field(key) { try $0.container(keyedBy: Nested.self) }
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try field(key) { try $0.unkeyedContainer() } }
    func superDecoder() throws -> any Decoder { throw damaged("state has no superclasses") }
    func superDecoder(forKey _: Key) throws -> any Decoder { throw damaged("state has no superclasses") }
}

private struct ElementContents: UnkeyedDecodingContainer {
    private var reader: FrameReader
    private(set) var count: Int?
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var isAtEnd: Bool { reader.isAtEnd }

    init(reader: FrameReader) throws {
        self.reader = reader
        var (walk, count) = (reader, 0)
        while !walk.isAtEnd {
            _ = try walk.content()
            count += 1
        }
        self.count = count
    }

    mutating func decodeNil() throws -> Bool {
        var next = reader
        guard try next.content().isNil else { return false }
        (reader, currentIndex) = (next, currentIndex + 1)
        return true
    }

    mutating func decode<Value: Decodable>(_: Value.Type) throws -> Value {
        currentIndex += 1
        return try reader.content().value()
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy _: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        throw damaged("state has no containers that are nested in a list by hand")
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw damaged("state has no containers that are nested in a list by hand")
    }
    mutating func superDecoder() throws -> any Decoder { throw damaged("state has no superclasses") }
}

private struct SingleContent: SingleValueDecodingContainer {
    let content: Content
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { content.isNil }
    func decode(_: Bool.Type) throws -> Bool { try content.flag() }
    func decode(_: String.Type) throws -> String { try content.text() }
    func decode(_: Double.Type) throws -> Double { try content.number() }
    func decode(_: Float.Type) throws -> Float { Float(try content.number()) }
    func decode(_: Int.Type) throws -> Int { try content.integer() }
    func decode(_: Int8.Type) throws -> Int8 { try content.integer() }
    func decode(_: Int16.Type) throws -> Int16 { try content.integer() }
    func decode(_: Int32.Type) throws -> Int32 { try content.integer() }
    func decode(_: Int64.Type) throws -> Int64 { try content.integer() }
    func decode(_: UInt.Type) throws -> UInt { try content.integer() }
    func decode(_: UInt8.Type) throws -> UInt8 { try content.integer() }
    func decode(_: UInt16.Type) throws -> UInt16 { try content.integer() }
    func decode(_: UInt32.Type) throws -> UInt32 { try content.integer() }
    func decode(_: UInt64.Type) throws -> UInt64 { try content.integer() }
    func decode<Value: Decodable>(_: Value.Type) throws -> Value { try content.value() }
}
