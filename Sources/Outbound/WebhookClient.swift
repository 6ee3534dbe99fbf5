import CCurl
import Synchronization

/// Sends requests by libcurl, one at a time, and keeps connections open for the next. `send` blocks: call it on a worker thread, and
/// have one client for each thread.
///
/// Redirects are not followed, as a receiver could point us into the local network. Proxies of the environment are not used, so that a
/// stray variable cannot lead orders elsewhere. TLS certificates are always verified: for a private authority give its certificate.
public final class WebhookClient: Sendable {
    public struct Configuration: Sendable {
        /// PEM file of the authorities to trust instead of the system's.
        public var caFile: String?
        /// `http://proxy.example:3128`, or nil for none.
        public var proxyURL: String?
        public var userAgent = "steward"
        public var connectTimeoutSeconds: Double = 10

        public init(caFile: String? = nil, proxyURL: String? = nil) {
            self.caFile = caFile
            self.proxyURL = proxyURL
        }
    }

    /// libcurl could not be set up; there is no memory.
    public struct Unavailable: Error, CustomStringConvertible {
        public var description: String { "libcurl could not be set up; check the memory of this machine" }
    }

    private let configuration: Configuration
    private let handle: Mutex<Handle>
    private let isCancelled = Atomic<Bool>(false)

    public init(configuration: Configuration = Configuration()) throws(Unavailable) {
        guard WebhookClient.isLibraryReady, let easy = curl_easy_init() else { throw Unavailable() }
        self.configuration = configuration
        handle = Mutex(Handle(address: UInt(bitPattern: easy)))
    }

    deinit { handle.withLock { curl_easy_cleanup($0.easy) } }

    /// Once for the process; Swift initialises statics under a lock, which curl_global_init wants.
    static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// The libcurl handle, as a bit pattern because pointers are not Sendable; the mutex keeps it to one thread at a time.
    private struct Handle: Sendable {
        let address: UInt
        var easy: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: address) }
    }

    /// Sends and waits. A status of any kind is a `response`; `failure` means that none came.
    public func send(_ request: WebhookRequest) -> WebhookResult {
        if let reason = RequestCheck.reasonToRefuse(request) { return .failure(WebhookFailure(kind: .invalidRequest, reason: reason)) }
        return handle.withLock { handle in
            guard let easy = handle.easy else { return .failure(WebhookFailure(kind: .other, reason: "the client is closed")) }
            return perform(request, easy)
        }
    }

    /// Breaks off what is being sent, within a second or so, and refuses what comes later: for shutting down.
    public func cancel() { isCancelled.store(true, ordering: .relaxed) }

    private func perform(_ request: WebhookRequest, _ easy: UnsafeMutableRawPointer) -> WebhookResult {
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        // Without this libcurl would wait a second for `100 Continue` before it sends a body of more than 1 MiB.
        for line in request.headers.map({ $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }) + ["Expect:"] {
            guard let longer = curl_slist_append(list, line) else { return .failure(WebhookFailure(kind: .other, reason: "out of memory")) }
            list = longer
        }
        // Connections and names survive a reset, options do not: nothing of one request can leak into the next.
        curl_easy_reset(easy)
        var settings = CurlSettings(easy: easy)
        apply(request, to: &settings)
        settings.list(CURLOPT_HTTPHEADER, list)

        let transfer = Transfer(limitBytes: request.maximumResponseBytes, client: self)
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        settings.callbacks(context)
        let code: CURLcode = withExtendedLifetime(transfer) {
            request.body.withUnsafeBytes { body in
                transfer.errorText.withUnsafeMutableBufferPointer { text in
                    if request.method != .get {
                        settings.offset(CURLOPT_POSTFIELDSIZE_LARGE, Int64(body.count))
                        // An empty array has no address, and without one libcurl would ask a read callback.
                        if body.isEmpty {
                            settings.string(CURLOPT_COPYPOSTFIELDS, "")
                        } else {
                            settings.pointer(CURLOPT_POSTFIELDS, body.baseAddress)
                        }
                    }
                    settings.pointer(CURLOPT_ERRORBUFFER, text.baseAddress.map { UnsafeRawPointer($0) })
                    defer {
                        // The handle outlives these buffers.
                        _ = steward_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, nil)
                        _ = steward_curl_set_pointer(easy, CURLOPT_POSTFIELDS, nil)
                        _ = steward_curl_set_list(easy, CURLOPT_HTTPHEADER, nil)
                    }
                    return settings.failure ?? curl_easy_perform(easy)
                }
            }
        }
        return WebhookClient.result(code, transfer, easy)
    }

    private func apply(_ request: WebhookRequest, to settings: inout CurlSettings) {
        settings.string(CURLOPT_URL, request.url)
        settings.string(CURLOPT_PROTOCOLS_STR, "http,https")
        settings.long(CURLOPT_FOLLOWLOCATION, 0)
        // Signals belong to the shell; libcurl would use SIGALRM for time-outs.
        settings.long(CURLOPT_NOSIGNAL, 1)
        settings.long(CURLOPT_TIMEOUT_MS, RequestCheck.milliseconds(request.timeoutSeconds))
        settings.long(CURLOPT_CONNECTTIMEOUT_MS, RequestCheck.milliseconds(configuration.connectTimeoutSeconds))
        settings.long(CURLOPT_SSL_VERIFYPEER, 1)
        settings.long(CURLOPT_SSL_VERIFYHOST, 2)
        // CURL_SSLVERSION_TLSv1_2.
        settings.long(CURLOPT_SSLVERSION, 6)
        settings.string(CURLOPT_USERAGENT, configuration.userAgent)
        settings.string(CURLOPT_PROXY, configuration.proxyURL ?? "")
        if let caFile = configuration.caFile { settings.string(CURLOPT_CAINFO, caFile) }
        switch request.method {
        case .get: settings.long(CURLOPT_HTTPGET, 1)
        case .post: settings.long(CURLOPT_POST, 1)
        case .put:
            settings.long(CURLOPT_POST, 1)
            settings.string(CURLOPT_CUSTOMREQUEST, "PUT")
        }
    }

    private static func result(_ code: CURLcode, _ transfer: Transfer, _ easy: UnsafeMutableRawPointer) -> WebhookResult {
        var status = 0
        _ = steward_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        // We broke off because there was enough, so this is an answer all the same.
        guard code == CURLE_OK || (code == CURLE_WRITE_ERROR && transfer.isTruncated), status > 0 else {
            return .failure(failure(code, transfer))
        }
        var retryAfter: curl_off_t = 0
        _ = steward_curl_get_offset(easy, CURLINFO_RETRY_AFTER, &retryAfter)
        return .response(
            WebhookResponse(
                status: status, body: transfer.body, isTruncated: transfer.isTruncated,
                retryAfterSeconds: retryAfter > 0 ? Int64(retryAfter) : nil))
    }

    private static func failure(_ code: CURLcode, _ transfer: Transfer) -> WebhookFailure {
        let kind: WebhookFailure.Kind =
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
        let general = String(cString: curl_easy_strerror(code))
        let detail = String(decoding: transfer.errorText.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return WebhookFailure(kind: kind, reason: detail.isEmpty || detail == general ? general : "\(general): \(detail)")
    }

    fileprivate var wasCancelled: Bool { isCancelled.load(ordering: .relaxed) }
}

/// What the callbacks of one transfer fill; they run within curl_easy_perform, on its thread.
final class Transfer {
    /// Headers beyond this end the transfer: this version of libcurl itself sets no limit to all of them together.
    static let headerLimitBytes = 256 << 10

    let limitBytes: Int
    let client: WebhookClient
    var body: [UInt8] = []
    var headerBytes = 0
    var isTruncated = false
    var errorText = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))

    init(limitBytes: Int, client: WebhookClient) {
        self.limitBytes = max(0, limitBytes)
        self.client = client
    }

    /// Returns how many bytes were taken; fewer than given end the transfer.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        let taken = min(bytes.count, limitBytes - body.count)
        body.append(contentsOf: bytes.prefix(taken))
        if taken < bytes.count { isTruncated = true }
        return taken
    }

    func receiveHeader(_ count: Int) -> Int {
        headerBytes += count
        return headerBytes > Transfer.headerLimitBytes ? 0 : count
    }

    var isCancelled: Bool { client.wasCancelled }
}

/// Sets options, and remembers the first that failed, so that each call need not be checked.
struct CurlSettings {
    let easy: UnsafeMutableRawPointer
    private(set) var failure: CURLcode?

    init(easy: UnsafeMutableRawPointer) { self.easy = easy }

    private mutating func check(_ code: CURLcode) {
        if code != CURLE_OK, failure == nil { failure = code }
    }

    mutating func note(_ code: CURLcode) { check(code) }
    mutating func long(_ option: CURLoption, _ value: Int) { check(steward_curl_set_long(easy, option, value)) }
    mutating func offset(_ option: CURLoption, _ value: Int64) { check(steward_curl_set_offset(easy, option, Int(value))) }
    mutating func string(_ option: CURLoption, _ value: String) { check(steward_curl_set_string(easy, option, value)) }
    mutating func pointer(_ option: CURLoption, _ value: UnsafeRawPointer?) { check(steward_curl_set_pointer(easy, option, value)) }
    mutating func list(_ option: CURLoption, _ value: UnsafeMutablePointer<curl_slist>?) {
        check(steward_curl_set_list(easy, option, value))
    }

    mutating func callbacks(_ context: UnsafeMutableRawPointer) {
        check(
            steward_curl_set_bytes_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                guard let context else { return 0 }
                let buffer = UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : size * count)
                return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(buffer)
            })
        check(
            steward_curl_set_bytes_callback(easy, CURLOPT_HEADERFUNCTION) { _, size, count, context in
                guard let context else { return 0 }
                return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receiveHeader(size * count)
            })
        check(
            steward_curl_set_progress_callback(easy) { context, _, _, _, _ in
                guard let context else { return 0 }
                return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().isCancelled ? 1 : 0
            })
        pointer(CURLOPT_WRITEDATA, context)
        pointer(CURLOPT_HEADERDATA, context)
        pointer(CURLOPT_XFERINFODATA, context)
        long(CURLOPT_NOPROGRESS, 0)
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

    /// At least 1, as 0 means no limit to libcurl; at most a day.
    static func milliseconds(_ seconds: Double) -> Int {
        seconds.isFinite ? Int(min(max(seconds * 1_000, 1), 86_400_000)) : 86_400_000
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
