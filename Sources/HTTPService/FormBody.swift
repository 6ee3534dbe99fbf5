/// The body of a form of one of the server's own pages (`application/x-www-form-urlencoded`).
extension HTTPRequest {
    public static let formContentType = "application/x-www-form-urlencoded"

    /// Its fields; nil for a body that no form sends: a broken percent code, a NUL byte, not UTF-8, or too many fields.
    public var formFields: [QueryItem]? { try? RequestTarget.items(body[...]) }
}
