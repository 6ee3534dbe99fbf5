import CCrypto

/// The few operations of libcrypto that the gateway needs.
public enum Digests {
    /// libcrypto could not do what it always can; there is no memory left, or its configuration forbids the algorithm.
    public struct Failure: Error, CustomStringConvertible {
        public let operation: String
        public var description: String { "libcrypto failed at \(operation); check the machine's memory and its OpenSSL configuration" }
    }

    /// SHA-256 (FIPS 180-4), 32 bytes.
    public static func sha256(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil) == 1, length == 32 else {
            throw Failure(operation: "SHA-256")
        }
        return digest
    }

    /// HMAC-SHA256 (RFC 2104), 32 bytes.
    public static func hmacSHA256(key: [UInt8], message: [UInt8]) throws(Failure) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard HMAC(EVP_sha256(), key, Int32(clamping: key.count), message, message.count, &code, &length) != nil, length == 32 else {
            throw Failure(operation: "HMAC-SHA256")
        }
        return code
    }

    /// Compares in a time that depends on the lengths alone, so that a guess cannot be improved byte by byte.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// Random bytes fit for secrets.
    public static func randomBytes(count: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(clamping: count)) == 1 else { throw Failure(operation: "random bytes") }
        return bytes
    }
}
