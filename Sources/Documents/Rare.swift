/// A part that most values do not have: 8 bytes where there is none, and memory of its own where there is one.
///
/// Copies share it until one is changed. It is coded as an optional is.
@propertyWrapper
public struct Rare<Value> {
    /// At most one.
    private var parts: [Value] = []

    public init() {}

    public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    public var wrappedValue: Value? {
        @inline(__always) get { parts.first }
        set {
            if let newValue {
                if parts.isEmpty { parts = [newValue] } else { parts[0] = newValue }
            } else if !parts.isEmpty {
                parts = []
            }
        }
    }

    /// For what can be asked without copying the part.
    public var projectedValue: Self {
        @inline(__always) get { self }
    }

    public var isNone: Bool {
        @inline(__always) get { parts.isEmpty }
    }

    /// As the allocator gives it, with the head of an array.
    public var heapBytes: Int { parts.isEmpty ? 0 : MemoryLayout<Value>.stride + 40 }
}

extension Rare: Sendable where Value: Sendable {}
extension Rare: Equatable where Value: Equatable {}

extension Rare: Encodable where Value: Encodable {
    public func encode(to encoder: any Encoder) throws { try wrappedValue.encode(to: encoder) }
}

extension Rare: Decodable where Value: Decodable {
    public init(from decoder: any Decoder) throws { self.init(wrappedValue: try Value?(from: decoder)) }
}

extension KeyedEncodingContainer {
    /// No key where there is no part.
    public mutating func encode<Value: Encodable>(_ rare: Rare<Value>, forKey key: Key) throws {
        try encodeIfPresent(rare.wrappedValue, forKey: key)
    }
}

extension KeyedDecodingContainer {
    public func decode<Value: Decodable>(_ type: Rare<Value>.Type, forKey key: Key) throws -> Rare<Value> {
        Rare(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
    }
}
