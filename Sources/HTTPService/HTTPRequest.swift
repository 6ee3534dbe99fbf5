/// One request, with all of its body: bytes and strings only.
public struct HTTPRequest: Sendable {
    public struct QueryItem: Sendable, Equatable {
        public var name: String
        public var value: String
    }

    public var method: HTTPMethod
    /// The path split at `/` and then percent-decoded, so that `%2F` stays inside its segment. `/` has no segments; a trailing
    /// slash leaves an empty last one. No segment has NUL, invalid UTF-8, or is `.` or `..`; otherwise the text is the client's.
    public var path: [String]
    public var query: [QueryItem]
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// Numeric address of the peer without port, `127.0.0.1` or `::1`. Behind a reverse proxy it is the proxy's.
    public var remoteAddress: String
    /// What `{name}` parts of the route's pattern matched; filled by `Router`.
    public var parameters: [String: String] = [:]

    /// Whether the client has gone away, or at least sends no more; for answers that are long in the making.
    public var hasLeft: @Sendable () -> Bool = { false }

    public init(
        method: HTTPMethod, path: [String], query: [QueryItem] = [], headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [],
        remoteAddress: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// The first query value of a name.
    public func queryValue(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// The token of `Authorization: Bearer …` (RFC 6750 §2.1), or nil.
    public var bearerToken: String? {
        guard let value = headers["Authorization"] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, HTTPHeaders.sameName(String(parts[0]), "Bearer") else { return nil }
        let token = parts[1].drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }
}
