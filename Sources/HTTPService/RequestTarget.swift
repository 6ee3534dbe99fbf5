/// The request target of a request line (RFC 9112 §3.2), taken apart.
struct RequestTarget: Equatable {
    /// Only of the absolute form, `http://host:port/path`: then it counts instead of `Host`.
    var authority: String?
    var path: [String]
    var query: [HTTPRequest.QueryItem]

    /// Why a target was refused; the text is for the client.
    struct Refused: Error, Equatable { var detail: String }

    static let queryItemLimit = 128

    init(_ raw: [UInt8]) throws(Refused) {
        var rest = raw[...]
        if let scheme = RequestTarget.absolutePrefix.first(where: { RequestTarget.hasPrefix(rest, $0) }) {
            rest = rest.dropFirst(scheme.utf8.count)
            let host = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            rest = rest.dropFirst(host.count)
            authority = String(decoding: host, as: UTF8.self)
            if rest.first != UInt8(ascii: "/") { rest = [UInt8(ascii: "/")] + rest }
        }
        guard rest.first == UInt8(ascii: "/") else { throw Refused(detail: "The request target must be a path that begins with '/'.") }
        let parts = rest.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        path = try RequestTarget.segments(parts[0].dropFirst())
        query = parts.count > 1 ? try RequestTarget.items(parts[1]) : []
    }

    private static let absolutePrefix = ["http://", "https://"]

    private static func hasPrefix(_ bytes: ArraySlice<UInt8>, _ prefix: String) -> Bool {
        bytes.count >= prefix.utf8.count && zip(bytes, prefix.utf8).allSatisfy { HTTPHeaders.asciiLowercase($0) == $1 }
    }

    private static func segments(_ bytes: ArraySlice<UInt8>) throws(Refused) -> [String] {
        if bytes.isEmpty { return [] }
        var segments: [String] = []
        for part in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let segment = try decode(part, plusIsSpace: false)
            // Clients resolve dot segments before they send; one that arrives is a try to climb out of somewhere.
            if segment == "." || segment == ".." { throw Refused(detail: "The path has a '.' or '..' segment.") }
            segments.append(segment)
        }
        return segments
    }

    static func items(_ bytes: ArraySlice<UInt8>) throws(Refused) -> [HTTPRequest.QueryItem] {
        var items: [HTTPRequest.QueryItem] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            if items.count == queryItemLimit { throw Refused(detail: "The query has more than \(queryItemLimit) items.") }
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            items.append(
                HTTPRequest.QueryItem(
                    name: try decode(sides[0], plusIsSpace: true), value: sides.count > 1 ? try decode(sides[1], plusIsSpace: true) : ""))
        }
        return items
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) throws(Refused) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            var byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard bytes.endIndex - index > 2, let high = hexValue(bytes[index + 1]), let low = hexValue(bytes[index + 2]) else {
                    throw Refused(detail: "The request target has a '%' that two hexadecimal digits do not follow.")
                }
                byte = high << 4 | low
                index += 2
            } else if plusIsSpace, byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            }
            if byte == 0 { throw Refused(detail: "The request target has a NUL byte.") }
            decoded.append(byte)
            index += 1
        }
        guard let text = String(validating: decoded, as: UTF8.self) else {
            throw Refused(detail: "The request target is not UTF-8 after percent-decoding.")
        }
        return text
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
