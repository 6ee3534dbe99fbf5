import CCurl

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
    private let handle: CurlHandle

    public init(configuration: Configuration) throws(CurlUnavailable) {
        self.configuration = configuration
        handle = try CurlHandle()
    }

    /// Breaks off what is being sent, and refuses what comes later: for shutting down.
    public func cancel() { handle.cancel() }

    /// Sends one message to all receivers, in one go: it is sent only when the server takes all of them.
    public func send(from: String, to: [String], message: [UInt8]) -> Outcome {
        for address in [from] + to where !Self.isPlain(address) {
            return .refused(reason: "an address has a character that SMTP does not allow")
        }
        guard !to.isEmpty else { return .refused(reason: "the mail has no receiver") }
        let outcome = handle.perform(MailUpload(handle, message), list: CURLOPT_MAIL_RCPT, lines: to.map { "<\($0)>" }) { settings in
            apply(from, &settings)
            settings.long(CURLOPT_UPLOAD, 1)
            settings.offset(CURLOPT_INFILESIZE_LARGE, Int64(message.count))
        }
        guard outcome.code != CURLE_OK else { return .sent }
        let reason = "the mail server: \(outcome.reason)"
        // 535 and its kin are a wrong password, which people mend; other words of 5xx are about this mail.
        let isRefusal = (500..<600).contains(outcome.reply) && outcome.code != CURLE_LOGIN_DENIED && !handle.isCancelled
        return isRefusal ? .refused(reason: "\(reason) (\(outcome.reply))") : .retry(reason: reason)
    }

    /// What could end an SMTP command, or begin another, never gets into one.
    private static func isPlain(_ address: String) -> Bool {
        !address.isEmpty && address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
    }

    private func apply(_ from: String, _ settings: inout CurlSettings) {
        settings.string(CURLOPT_URL, configuration.url)
        settings.string(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        settings.string(CURLOPT_MAIL_FROM, "<\(from)>")
        settings.seconds(CURLOPT_TIMEOUT_MS, configuration.timeoutSeconds)
        settings.seconds(CURLOPT_CONNECTTIMEOUT_MS, 10)
        if configuration.requiresTLS { settings.long(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue)) }
        if let file = configuration.caFile { settings.string(CURLOPT_CAINFO, file) }
        if let name = configuration.username { settings.string(CURLOPT_USERNAME, name) }
        if let password = configuration.password { settings.string(CURLOPT_PASSWORD, password) }
    }
}

/// The message on its way to the server.
private final class MailUpload: CurlTransfer {
    private let message: [UInt8]
    private var offset = 0

    init(_ handle: CurlHandle, _ message: [UInt8]) {
        self.message = message
        super.init(handle)
    }

    override func send(into room: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(room.count, message.count - offset)
        message.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        offset += count
        return count
    }
}
