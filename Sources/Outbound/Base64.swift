import CCrypto

/// Base64 with the standard alphabet and padding (RFC 4648 §4).
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        // With room for the NUL that OpenSSL adds.
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
        return String(decoding: text.dropLast(), as: UTF8.self)
    }

    /// Nil for anything that `encode` would not have written: other characters, missing padding, bits left over.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let characters = Array(text.utf8)
        var bytes = [UInt8](repeating: 0, count: characters.count / 4 * 3)
        guard Int(EVP_DecodeBlock(&bytes, characters, Int32(characters.count))) == bytes.count else { return nil }
        // OpenSSL counts padding as bytes. It also passes over blanks, which the comparison finds.
        bytes.removeLast(min(bytes.count, characters.reversed().prefix { $0 == UInt8(ascii: "=") }.count))
        return encode(bytes).utf8.elementsEqual(characters) ? bytes : nil
    }
}
