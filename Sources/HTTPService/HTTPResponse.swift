/// One response. The server adds the security headers that the handler did not set itself.
public struct HTTPResponse: Sendable {
    /// 200...599.
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]

    public init(status: Int = 200, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.init(status: status, headers: HTTPHeaders([("Content-Type", contentType)]), body: body)
    }

    /// `bytes` are JSON already.
    public static func json(_ bytes: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "application/json", body: bytes)
    }

    public static func text(_ text: String) -> HTTPResponse {
        HTTPResponse(contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// A problem document (RFC 9457). Its type `about:blank` says that the title means no more than the status does.
    public static func problem(status: Int, title: String, detail: String? = nil) -> HTTPResponse {
        var text = "{\"type\":\"about:blank\",\"title\":\(TextEscaping.json(title)),\"status\":\(status)"
        if let detail { text += ",\"detail\":\(TextEscaping.json(detail))" }
        text += "}\n"
        return HTTPResponse(status: status, contentType: "application/problem+json", body: Array(text.utf8))
    }

    func with(_ name: String, _ value: String) -> HTTPResponse {
        var copy = self
        copy.headers[name] = value
        return copy
    }

    /// The response with the headers that protect a browser, where the handler did not choose its own.
    func secured() -> HTTPResponse {
        let isPage = headers["Content-Type"]?.hasPrefix("text/html") ?? false
        let policy =
            isPage
            ? "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
                + "form-action 'self'; frame-ancestors 'none'"
            : "default-src 'none'; frame-ancestors 'none'"
        var secured = self
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"), ("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer"),
            ("X-Frame-Options", "DENY"), ("Cross-Origin-Resource-Policy", "same-origin"), ("Cache-Control", "no-store"),
        ] where secured.headers[name] == nil {
            secured.headers.add(name, value)
        }
        return secured
    }
}
