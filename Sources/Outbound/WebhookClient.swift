import CCurl

/// Sends requests by libcurl, one at a time, and keeps connections open for the next. `send` blocks: call it on a worker thread, and
/// have one client for each thread.
///
/// Redirects are not followed, as a receiver could point us into the local network. Proxies of the environment are not used, so that a
/// stray variable cannot lead orders elsewhere. TLS certificates are always verified: for a private authority give its certificate.
public final class WebhookClient: Sendable {
    public struct Configuration: Sendable {
        /// PEM file of the authorities to trust instead of the system's.
        public var caFile: String?
        public var userAgent = "steward"

        public init(caFile: String? = nil) { self.caFile = caFile }
    }

    private let configuration: Configuration
    private let handle: CurlHandle

    public init(configuration: Configuration = Configuration()) throws(CurlUnavailable) {
        self.configuration = configuration
        handle = try CurlHandle()
    }

    /// Breaks off what is being sent, within a second or so, and refuses what comes later: for shutting down.
    public func cancel() { handle.cancel() }

    /// Sends and waits. A status of any kind is a `response`; `failure` means that none came.
    public func send(_ request: WebhookRequest) -> WebhookResult {
        if let reason = RequestCheck.reasonToRefuse(request) { return .failure(WebhookFailure(kind: .invalidRequest, reason: reason)) }
        // Without `Expect:` libcurl would wait a second for `100 Continue` before it sends a body of more than 1 MiB.
        let lines = request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" } + ["Expect:"]
        let transfer = WebhookTransfer(handle, limitBytes: request.maximumResponseBytes)
        let outcome = handle.perform(transfer, list: CURLOPT_HTTPHEADER, lines: lines) { apply(request, to: &$0) }
        // Where the client broke off because it had enough, there is an answer all the same.
        let hasEnough = outcome.code == CURLE_WRITE_ERROR && transfer.isTruncated
        guard outcome.code == CURLE_OK || hasEnough, outcome.reply > 0 else {
            return .failure(WebhookFailure(kind: Self.kind(outcome.code), reason: outcome.reason))
        }
        return .response(
            WebhookResponse(
                status: outcome.reply, body: transfer.body, isTruncated: transfer.isTruncated, retryAfterSeconds: outcome.retryAfterSeconds)
        )
    }

    private func apply(_ request: WebhookRequest, to settings: inout CurlSettings) {
        settings.string(CURLOPT_URL, request.url)
        settings.string(CURLOPT_PROTOCOLS_STR, "http,https")
        settings.long(CURLOPT_FOLLOWLOCATION, 0)
        settings.seconds(CURLOPT_TIMEOUT_MS, request.timeoutSeconds)
        settings.seconds(CURLOPT_CONNECTTIMEOUT_MS, 10)
        settings.string(CURLOPT_USERAGENT, configuration.userAgent)
        if let caFile = configuration.caFile { settings.string(CURLOPT_CAINFO, caFile) }
        switch request.method {
        case .get: settings.long(CURLOPT_HTTPGET, 1)
        case .post:
            settings.long(CURLOPT_POST, 1)
            settings.offset(CURLOPT_POSTFIELDSIZE_LARGE, Int64(request.body.count))
            // Copied, for the buffer ends here. An empty array has no address, and without one libcurl would ask for bytes to send.
            if request.body.isEmpty {
                settings.string(CURLOPT_COPYPOSTFIELDS, "")
            } else {
                request.body.withUnsafeBytes { settings.pointer(CURLOPT_COPYPOSTFIELDS, $0.baseAddress) }
            }
        }
    }

    private static func kind(_ code: CURLcode) -> WebhookFailure.Kind {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .nameNotFound
        case CURLE_COULDNT_CONNECT: .connectionFailed
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER:
            .tls
        case CURLE_ABORTED_BY_CALLBACK: .cancelled
        default: .other
        }
    }
}

/// The answer to one request.
private final class WebhookTransfer: CurlTransfer {
    /// Headers beyond this end the transfer: this version of libcurl itself sets no limit to all of them together.
    private static let headerLimitBytes = 256 << 10

    private let limitBytes: Int
    private var headerBytes = 0
    private(set) var body: [UInt8] = []
    private(set) var isTruncated = false

    init(_ handle: CurlHandle, limitBytes: Int) {
        self.limitBytes = max(0, limitBytes)
        super.init(handle)
    }

    override func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        let count = min(bytes.count, limitBytes - body.count)
        body.append(contentsOf: bytes.prefix(count))
        if count < bytes.count { isTruncated = true }
        return count
    }

    override func receiveHeader(_ count: Int) -> Int {
        headerBytes += count
        return headerBytes > Self.headerLimitBytes ? 0 : count
    }
}

/// What is refused before libcurl sees it.
enum RequestCheck {
    static func reasonToRefuse(_ request: WebhookRequest) -> String? {
        let scheme = request.url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https", request.url.dropFirst(scheme.count).hasPrefix("://") else {
            return "the URL must begin with http:// or https://"
        }
        // Printable ASCII only: a NUL would cut the text in C, a line feed could begin a header of its own.
        guard request.url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "the URL has a blank or a character that is not ASCII; percent-encode it"
        }
        guard request.timeoutSeconds.isFinite, request.timeoutSeconds > 0 else { return "the time-out must be a number of seconds above 0" }
        for header in request.headers {
            guard !header.name.isEmpty, header.name.utf8.allSatisfy(isTokenByte) else {
                return "a header name has a character that HTTP does not allow"
            }
            guard header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                return "the header \(header.name) has a control character in its value"
            }
        }
        return nil
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
