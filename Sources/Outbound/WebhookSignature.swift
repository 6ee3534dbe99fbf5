/// Signs and verifies as Standard Webhooks 1.0 says (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.payload`.
/// With several secrets, while they are rotated, each gives a signature, and a message with any of them is genuine.
public struct WebhookSignature: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    public enum Failure: Error, Equatable, CustomStringConvertible {
        case noSecret
        case missingPrefix
        case notBase64
        case tooShort(bytes: Int)
        case invalidIdentifier
        case cryptography(String)

        /// Says what is wrong without showing any of the secret.
        public var description: String {
            switch self {
            case .noSecret: "no webhook secret is given; give one of the form whsec_BASE64"
            case .missingPrefix: "the webhook secret must begin with \"whsec_\", followed by base64"
            case .notBase64: "what follows \"whsec_\" in the webhook secret is not base64 with padding"
            case .tooShort(let bytes): "the webhook secret has \(bytes) bytes; expected \(WebhookSignature.minimumSecretBytes) or more"
            case .invalidIdentifier: "a webhook id must be non-empty printable ASCII without blanks and without '.'"
            case .cryptography(let reason): reason
            }
        }
    }

    public enum Verdict: Sendable, Equatable {
        case genuine
        /// The timestamp is no number, or further from now than the tolerance: an old message sent again, or a wrong clock.
        case outsideTolerance
        case forged
    }

    public static let minimumSecretBytes = 24
    private static let prefix = "whsec_"
    private let keys: [[UInt8]]

    /// `secrets` as they are in their files, `whsec_` and base64; blanks and line ends around them are dropped.
    public init(secrets: [String]) throws(Failure) {
        guard !secrets.isEmpty else { throw .noSecret }
        keys = try secrets.map(WebhookSignature.key)
    }

    private static func key(_ secret: String) throws(Failure) -> [UInt8] {
        let isBlank = { (character: Character) in character.isWhitespace }
        let trimmed = String(String(secret.drop(while: isBlank).reversed()).drop(while: isBlank).reversed())
        guard trimmed.hasPrefix(prefix) else { throw .missingPrefix }
        guard let key = Base64.decode(trimmed.dropFirst(prefix.count)) else { throw .notBase64 }
        guard key.count >= minimumSecretBytes else { throw .tooShort(bytes: key.count) }
        return key
    }

    /// A new secret of 32 random bytes.
    public static func makeSecret() throws -> String {
        prefix + Base64.encode(try Digests.randomBytes(count: 32))
    }

    /// The value of `webhook-signature`: `v1,BASE64` for each secret, separated by blanks.
    public func sign(id: String, timestampSeconds: Int64, payload: [UInt8]) throws(Failure) -> String {
        let codes = try codes(id: id, timestamp: String(timestampSeconds), payload: payload)
        return codes.map { "v1," + Base64.encode($0) }.joined(separator: " ")
    }

    /// The three headers of a signed delivery. `id` is the idempotency key: the same at every try.
    public func headers(id: String, timestampSeconds: Int64, payload: [UInt8]) throws(Failure) -> [(name: String, value: String)] {
        let signature = try sign(id: id, timestampSeconds: timestampSeconds, payload: payload)
        return [("webhook-id", id), ("webhook-timestamp", String(timestampSeconds)), ("webhook-signature", signature)]
    }

    /// Judges a received message by its three headers. Signatures of unknown versions are passed over.
    public func verify(
        id: String, timestamp: String, signature: String, payload: [UInt8], nowSeconds: Int64, toleranceSeconds: Int64 = 300
    ) throws(Failure) -> Verdict {
        let expected: [[UInt8]]
        do {
            expected = try codes(id: id, timestamp: timestamp, payload: payload)
        } catch .invalidIdentifier {
            return .forged
        }
        var isGenuine = false
        for part in signature.split(separator: " ").prefix(16) where part.hasPrefix("v1,") {
            guard let given = Base64.decode(part.dropFirst(3)) else { continue }
            for code in expected where Digests.areEqual(code, given) { isGenuine = true }
        }
        guard isGenuine else { return .forged }
        guard let seconds = Int64(timestamp) else { return .outsideTolerance }
        let (age, overflow) = nowSeconds.subtractingReportingOverflow(seconds)
        return !overflow && age.magnitude <= toleranceSeconds.magnitude ? .genuine : .outsideTolerance
    }

    /// Whether a received message carries the three headers and they fit it.
    /// - Parameter header: the value of a header; nil without it.
    public func isGenuine(_ payload: [UInt8], nowSeconds: Int64, header: (String) -> String?) -> Bool {
        guard let id = header("webhook-id"), let time = header("webhook-timestamp"), let signed = header("webhook-signature") else {
            return false
        }
        return (try? verify(id: id, timestamp: time, signature: signed, payload: payload, nowSeconds: nowSeconds)) == .genuine
    }

    private func codes(id: String, timestamp: String, payload: [UInt8]) throws(Failure) -> [[UInt8]] {
        // With a '.' in the id, one signature would fit two messages: the parts could be cut elsewhere.
        guard !id.isEmpty, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ".") }) else { throw .invalidIdentifier }
        let message = Array("\(id).\(timestamp).".utf8) + payload
        do { return try keys.map { key throws(Digests.Failure) in try Digests.hmacSHA256(key: key, message: message) } } catch {
            throw .cryptography(error.description)
        }
    }

    /// Never the secrets, wherever this ends up in a log.
    public var description: String { "WebhookSignature(\(keys.count) secrets)" }
    public var debugDescription: String { description }
}
