import Documents

/// A JSON value of the API as the status page and the client read it. A member that is absent, null or of another kind reads as nil, so that the
/// answers of older and newer gateways can be shown as well.
public struct APIValue: Sendable {
    public let node: DocumentNode?

    public init(_ node: DocumentNode?) { self.node = node }

    /// Reads at most 4 MiB (`DocumentParser.maximumBytes`).
    public init(parsing bytes: [UInt8]) throws(Diagnostic) {
        node = try DocumentParser.parse(bytes, file: "answer")
    }

    public subscript(key: String) -> APIValue {
        guard case .object(let members)? = node?.value else { return APIValue(nil) }
        return APIValue(members.first { $0.key == key }?.node)
    }

    /// The items of a list; empty for anything else.
    public var items: [APIValue] {
        guard case .array(let items)? = node?.value else { return [] }
        return items.map { APIValue($0) }
    }

    /// The members of an object in their order; empty for anything else.
    public var members: [(name: String, value: APIValue)] {
        guard case .object(let members)? = node?.value else { return [] }
        return members.map { ($0.key, APIValue($0.node)) }
    }

    public var string: String? {
        guard case .string(let text)? = node?.value else { return nil }
        return text
    }

    public var number: Double? {
        guard case .number(let number, _)? = node?.value, number.isFinite else { return nil }
        return number
    }

    public var integer: Int64? {
        guard case .number(let number, let text)? = node?.value else { return nil }
        return Int64(text) ?? Int64(exactly: number.rounded())
    }

    public var bool: Bool? {
        guard case .bool(let flag)? = node?.value else { return nil }
        return flag
    }

    /// Absent or null.
    public var isNull: Bool {
        guard let value = node?.value else { return true }
        return value == .null
    }
}
