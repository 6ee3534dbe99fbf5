/// The methods this server answers. Anything else gets 405 with `Allow`.
public enum HTTPMethod: String, Sendable, Hashable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"

    /// Whether the method may change state, so that a page of another site must not be able to send it.
    public var changesState: Bool { self != .get && self != .head }

    static let allowHeader = allCases.map(\.rawValue).joined(separator: ", ")
}
