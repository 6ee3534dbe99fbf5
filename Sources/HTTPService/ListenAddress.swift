// In a static build the types of <netinet/in.h> belong to the first C module that includes it.
import CMicroHTTPD
import Glibc

/// A numeric address and a port, read from the configuration.
struct ListenAddress: Equatable {
    /// Without brackets.
    var host: String
    var port: UInt16
    var isIPv6: Bool

    init(_ text: String) throws(HTTPServerError) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { throw .invalidAddress(text) }
        let digits = text[text.utf8.index(after: colon)...]
        var host = text[..<colon]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(digits) else {
            throw .invalidAddress(text)
        }
        let hasBrackets = host.hasPrefix("[") && host.hasSuffix("]")
        if hasBrackets { host = host.dropFirst().dropLast() }
        if host == "localhost" { host = "127.0.0.1" }
        self.port = port
        self.host = String(host)
        isIPv6 = hasBrackets
        var scratch = in6_addr()
        guard inet_pton(isIPv6 ? AF_INET6 : AF_INET, self.host, &scratch) == 1 else { throw .invalidAddress(text) }
    }

    var isLoopback: Bool { isIPv6 ? host == "::1" : host.hasPrefix("127.") }

    func description(port: UInt16) -> String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Opens, binds and listens. We do this ourselves, as libmicrohttpd says only that it failed, not why.
    func openListeningSocket(backlog: Int32) throws(HTTPServerError) -> Int32 {
        let descriptor = socket(
            isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw failure(errno) }
        // Lets a restarted gateway take its port back while old connections are still in TIME_WAIT.
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor) == 0, listen(descriptor, backlog) == 0 else {
            let code = errno
            close(descriptor)
            throw failure(code)
        }
        return descriptor
    }

    private func bind(_ descriptor: Int32) -> Int32 {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            return withSocketAddress(&address) { Glibc.bind(descriptor, $0, $1) }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withSocketAddress(&address) { Glibc.bind(descriptor, $0, $1) }
    }

    private func failure(_ code: Int32) -> HTTPServerError {
        let address = description(port: port)
        switch code {
        case EADDRINUSE: return .addressInUse(address)
        case EADDRNOTAVAIL:
            return .cannotListen(address: address, reason: "this machine has no such address; set http.listen to one that `ip addr` shows")
        case EACCES:
            return .cannotListen(address: address, reason: "ports below 1024 need a privilege; set http.listen to a port from 1024 upwards")
        default: return .cannotListen(address: address, reason: String(cString: strerror(code)))
        }
    }

    /// The port that a listening socket got.
    static func boundPort(_ descriptor: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getsockname(descriptor, address, &length) == 0 else { return 0 }
                // The port lies at the same place in both families, but each is read by its own type.
                return UnsafeRawPointer(address).load(fromByteOffset: 2, as: UInt16.self).bigEndian
            }
        }
    }
}

private func withSocketAddress<Address>(_ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Address>.size)) }
    }
}

/// Numeric text of a peer's address, IPv4 in IPv6 clothes shown as IPv4; empty when the library gave none.
func numericHost(_ address: UnsafePointer<sockaddr>?) -> String {
    guard let address else { return "" }
    let length = address.pointee.sa_family == sa_family_t(AF_INET6) ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
    var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard getnameinfo(address, socklen_t(length), &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0 else { return "" }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return text.hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text
}
