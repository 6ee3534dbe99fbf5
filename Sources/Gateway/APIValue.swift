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

    public subscript(key: String) -> APIValue { APIValue(node?.member(key)) }

    /// The items of a list; empty for anything else.
    public var items: [APIValue] { node?.items?.map { APIValue($0) } ?? [] }

    /// The members of an object in their order; empty for anything else.
    public var members: [(name: String, value: APIValue)] {
        guard case .object(let members)? = node?.value else { return [] }
        return members.map { ($0.key, APIValue($0.node)) }
    }

    public var string: String? { node?.text }
    public var number: Double? { node?.number.flatMap { $0.isFinite ? $0 : nil } }
    public var bool: Bool? { node?.flag }

    public var integer: Int64? {
        guard case .number(let number, let text)? = node?.value else { return nil }
        return Int64(text) ?? Int64(exactly: number.rounded())
    }

    /// Absent or null.
    public var isNull: Bool { node == nil || node?.value == .null }
}
