import Foundation
import Glibc
import HTTPService

/// A client on a bare socket, which can send what no decent client would.
final class RawClient {
    struct Failure: Error, CustomStringConvertible { var description: String }

    struct Response {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        /// The body as a problem document; throws if it is none.
        func problem() throws -> [String: Any] {
            guard headers["content-type"] == "application/problem+json" else { throw Failure(description: "not a problem: \(headers)") }
            guard let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else {
                throw Failure(description: "not an object: \(text)")
            }
            guard object["status"] as? Int == status else { throw Failure(description: "status differs: \(text)") }
            return object
        }
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // A deadline, so that a server that never answers fails the test instead of hanging it. It is long, because all tests begin at once.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if connected != 0 { throw Failure(description: "connect: \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    /// False once the server has closed the connection.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Sends one request and reads its response. `headers` are lines without line ends.
    func request(_ method: String, _ target: String, host: String? = "localhost", headers: [String] = [], body: [UInt8]? = nil) throws
        -> Response
    {
        var head = "\(method) \(target) HTTP/1.1\r\n"
        if let host { head += "Host: \(host)\r\n" }
        for line in headers { head += line + "\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        send(Array((head + "\r\n").utf8) + (body ?? []))
        return try readResponse(hasBody: method != "HEAD")
    }

    func readResponse(hasBody: Bool = true) throws -> Response {
        let end = try readHeaderEnd()
        let lines = String(decoding: buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        buffer.removeFirst(end + 4)
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw Failure(description: "status line \(lines[0])")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let sides = line.split(separator: ":", maxSplits: 1)
            headers[sides[0].lowercased()] = sides.count > 1 ? sides[1].trimmingCharacters(in: .whitespaces) : ""
        }
        if status == 100 { return Response(status: status, headers: headers, body: []) }
        let length = hasBody ? Int(headers["content-length"] ?? "0") ?? 0 : 0
        while buffer.count < length { try readMore() }
        let body = Array(buffer.prefix(length))
        buffer.removeFirst(length)
        return Response(status: status, headers: headers, body: body)
    }

    /// Closes our half of the connection.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Whether the server closes the connection, after whatever it may still send.
    func isClosedByServer() -> Bool {
        while true {
            var piece = [UInt8](repeating: 0, count: 4_096)
            let count = recv(descriptor, &piece, piece.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return true }
            if count < 0 { return false }
        }
    }

    private func readHeaderEnd() throws -> Int {
        while true {
            if let range = Data(buffer).range(of: Data("\r\n\r\n".utf8)) { return range.lowerBound }
            try readMore()
        }
    }

    private func readMore() throws {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &piece, piece.count, 0)
        if count == 0 { throw Failure(description: "the server closed the connection") }
        if count < 0 { throw Failure(description: "recv: \(String(cString: strerror(errno)))") }
        buffer += piece[..<count]
    }
}

/// Polls a condition for at most 20 s.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<12_000 {
        if condition() { return true }
        usleep(5_000)
    }
    return condition()
}

/// A server on a port of the system's choice with a few routes; `change` adjusts its configuration.
func startServer(
    change: (inout HTTPServerConfiguration) -> Void = { _ in }, handler: HTTPServer.Handler? = nil
) throws -> HTTPServer {
    var configuration = HTTPServerConfiguration(listen: "127.0.0.1:0")
    change(&configuration)
    var router = Router { $0.bearerToken == "right" }
    router.register(.get, "/") { _ in
        HTTPResponse(contentType: "text/html; charset=utf-8", body: Array("<!doctype html><p>home</p>".utf8))
    }
    router.register(.get, "/api/v1/devices/{id}") { .text($0.parameters["id"] ?? "") }
    router.register(.get, "/api/v1/devices/new") { _ in .text("literal") }
    router.register(.post, "/api/v1/echo") { .json($0.body, status: 201) }
    router.register(.delete, "/api/v1/devices/{id}") { _ in HTTPResponse(status: 204) }
    router.register(.get, "/api/v1/query") { .text($0.query.map { "\($0.name)=\($0.value)" }.joined(separator: "|")) }
    router.register(.get, "/api/v1/secret", isProtected: true) { _ in .json(Array("{}".utf8)) }
    router.register(.get, "/peer") { .text($0.remoteAddress) }
    router.register(.get, "/broken") { _ in HTTPResponse(headers: HTTPHeaders([("X-A", "a\r\nSet-Cookie: b=c")])) }
    router.register(.get, "/cached") { _ in HTTPResponse(headers: HTTPHeaders([("cache-control", "max-age=60")])) }
    return try HTTPServer(configuration: configuration, handler: handler ?? router.handle)
}
