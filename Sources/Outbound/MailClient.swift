import CCurl
import Synchronization

/// Sends mails by SMTP with libcurl, one at a time. `send` blocks: call it on a worker thread, and have one client for each thread.
public final class MailClient: Sendable {
    public struct Configuration: Sendable {
        /// `smtp://host:port` or `smtps://host:port`.
        public var url: String
        public var username: String?
        public var password: String?
        /// With `smtp://`: whether the connection has to become encrypted (STARTTLS) before anything is said.
        public var requiresTLS = true
        /// PEM file of the authorities to trust instead of the system's.
        public var caFile: String?
        public var timeoutSeconds: Double = 30

        public init(url: String) { self.url = url }
    }

    public enum Outcome: Sendable, Equatable {
        case sent
        /// A later try may do.
        case retry(reason: String)
        /// The server says that it never will.
        case refused(reason: String)
    }

    private let configuration: Configuration
    private let handle: Mutex<Handle>
    private let isCancelled = Atomic<Bool>(false)

    private struct Handle: Sendable {
        let address: UInt
        var easy: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: address) }
    }

    public init(configuration: Configuration) throws(WebhookClient.Unavailable) {
        guard WebhookClient.isLibraryReady, let easy = curl_easy_init() else { throw WebhookClient.Unavailable() }
        self.configuration = configuration
        handle = Mutex(Handle(address: UInt(bitPattern: easy)))
    }

    deinit { handle.withLock { curl_easy_cleanup($0.easy) } }

    /// Breaks off what is being sent, and refuses what comes later: for shutting down.
    public func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Sends one message to all receivers, in one go: it is sent only when the server takes all of them.
    public func send(from: String, to: [String], message: [UInt8]) -> Outcome {
        for address in [from] + to where !Self.isPlain(address) {
            return .refused(reason: "an address has a character that SMTP does not allow")
        }
        guard !to.isEmpty else { return .refused(reason: "the mail has no receiver") }
        return handle.withLock { handle in
            guard let easy = handle.easy else { return .retry(reason: "the client is closed") }
            return perform(from, to, message, easy)
        }
    }

    /// What could end an SMTP command, or begin another, never gets into one.
    private static func isPlain(_ address: String) -> Bool {
        !address.isEmpty && address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
    }

    private func perform(_ from: String, _ to: [String], _ message: [UInt8], _ easy: UnsafeMutableRawPointer) -> Outcome {
        var receivers: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(receivers) }
        for address in to {
            guard let longer = curl_slist_append(receivers, "<\(address)>") else { return .retry(reason: "out of memory") }
            receivers = longer
        }
        curl_easy_reset(easy)
        var settings = CurlSettings(easy: easy)
        apply(from, &settings)
        settings.list(CURLOPT_MAIL_RCPT, receivers)
        let upload = MailUpload(message, client: self)
        let context = Unmanaged.passUnretained(upload).toOpaque()
        settings.upload(context, bytes: message.count)
        let code = withExtendedLifetime(upload) {
            upload.errorText.withUnsafeMutableBufferPointer { text in
                settings.pointer(CURLOPT_ERRORBUFFER, text.baseAddress.map { UnsafeRawPointer($0) })
                defer {
                    // The handle outlives these.
                    _ = steward_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, nil)
                    _ = steward_curl_set_list(easy, CURLOPT_MAIL_RCPT, nil)
                }
                return settings.failure ?? curl_easy_perform(easy)
            }
        }
        var reply = 0
        _ = steward_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &reply)
        return Self.outcome(code, reply, upload)
    }

    private func apply(_ from: String, _ settings: inout CurlSettings) {
        settings.string(CURLOPT_URL, configuration.url)
        settings.string(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        settings.long(CURLOPT_NOSIGNAL, 1)
        settings.string(CURLOPT_PROXY, "")
        settings.long(CURLOPT_SSL_VERIFYPEER, 1)
        settings.long(CURLOPT_SSL_VERIFYHOST, 2)
        // CURL_SSLVERSION_TLSv1_2.
        settings.long(CURLOPT_SSLVERSION, 6)
        settings.string(CURLOPT_MAIL_FROM, "<\(from)>")
        settings.long(CURLOPT_TIMEOUT_MS, RequestCheck.milliseconds(configuration.timeoutSeconds))
        settings.long(CURLOPT_CONNECTTIMEOUT_MS, 10_000)
        if configuration.requiresTLS { settings.long(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue)) }
        if let file = configuration.caFile { settings.string(CURLOPT_CAINFO, file) }
        if let name = configuration.username { settings.string(CURLOPT_USERNAME, name) }
        if let password = configuration.password { settings.string(CURLOPT_PASSWORD, password) }
    }

    private static func outcome(_ code: CURLcode, _ reply: Int, _ upload: MailUpload) -> Outcome {
        guard code != CURLE_OK else { return .sent }
        let general = String(cString: curl_easy_strerror(code))
        let detail = String(decoding: upload.errorText.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let reason = "the mail server: " + (detail.isEmpty || detail == general ? general : "\(general): \(detail)")
        // 535 and its kin are a wrong password, which people mend; other words of 5xx are about this mail.
        let isRefusal = (500..<600).contains(reply) && code != CURLE_LOGIN_DENIED && !upload.client.wasCancelled
        return isRefusal ? .refused(reason: "\(reason) (\(reply))") : .retry(reason: reason)
    }

    fileprivate var wasCancelled: Bool { isCancelled.load(ordering: .relaxed) }
}

/// What the callbacks read from; they run within curl_easy_perform, on its thread.
private final class MailUpload {
    let client: MailClient
    private let message: [UInt8]
    private var offset = 0
    var errorText = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))

    init(_ message: [UInt8], client: MailClient) {
        self.message = message
        self.client = client
    }

    func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(room.count, message.count - offset)
        message.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        offset += count
        return count
    }
}

extension CurlSettings {
    fileprivate mutating func upload(_ context: UnsafeMutableRawPointer, bytes: Int) {
        note(
            steward_curl_set_bytes_callback(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
                guard let context, let bytes else { return 0 }
                let room = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
                return Unmanaged<MailUpload>.fromOpaque(context).takeUnretainedValue().read(into: room)
            })
        note(
            steward_curl_set_progress_callback(easy) { context, _, _, _, _ in
                guard let context else { return 0 }
                return Unmanaged<MailUpload>.fromOpaque(context).takeUnretainedValue().client.wasCancelled ? 1 : 0
            })
        pointer(CURLOPT_READDATA, context)
        pointer(CURLOPT_XFERINFODATA, context)
        long(CURLOPT_NOPROGRESS, 0)
        long(CURLOPT_UPLOAD, 1)
        offset(CURLOPT_INFILESIZE_LARGE, Int64(bytes))
    }
}
