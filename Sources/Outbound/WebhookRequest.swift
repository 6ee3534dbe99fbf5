/// One delivery over HTTP.
public struct WebhookRequest: Sendable {
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    public var method: Method
    /// `http` or `https`.
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// For the whole of it, from the look-up of the name to the last byte.
    public var timeoutSeconds: Double
    /// What comes after these is not read, and the connection is closed.
    public var maximumResponseBytes: Int

    public init(
        method: Method = .post, url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [], timeoutSeconds: Double = 15,
        maximumResponseBytes: Int = 64 << 10
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutSeconds = timeoutSeconds
        self.maximumResponseBytes = maximumResponseBytes
    }
}

public enum WebhookResult: Sendable {
    case response(WebhookResponse)
    case failure(WebhookFailure)

    public var retryAfterSeconds: Int64? { if case .response(let response) = self { response.retryAfterSeconds } else { nil } }
}

public struct WebhookResponse: Sendable, Equatable {
    public var status: Int
    /// At most `maximumResponseBytes`; hostile, as anything from outside.
    public var body: [UInt8]
    public var isTruncated: Bool
    /// Of `Retry-After`, as seconds also where a date was given; nil when absent or over.
    public var retryAfterSeconds: Int64?
}

/// No whole answer came. The receiver may have acted on the request all the same.
public struct WebhookFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// Ours to mend: a URL or a header that cannot be sent.
        case invalidRequest
        case nameNotFound, connectionFailed, timeout, tls, cancelled, other
    }

    public var kind: Kind
    /// For people; without the URL, which may carry a secret.
    public var reason: String
    public var description: String { reason }
}
