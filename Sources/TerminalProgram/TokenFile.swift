import Glibc

/// A file with a token for the API in its first line.
package enum TokenFile {
    package static func read(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw CommandFailure("the token file \(Arguments.shown(path)) cannot be read; check its name and its permissions")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        let token = String(text.drop { $0.isWhitespace }.prefix { !$0.isNewline })
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw CommandFailure("the token file \(Arguments.shown(path)) holds no token; it needs one line of printable ASCII characters")
        }
        return token
    }
}
