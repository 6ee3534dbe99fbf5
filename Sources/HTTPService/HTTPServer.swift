import CMicroHTTPD
import Glibc
import Synchronization

/// A small HTTP/1.1 server on libmicrohttpd. It listens from `init` until `stop()`; the handler runs on the server's own threads,
/// several at once.
///
/// Checked before the handler is called, each with a problem document: framing (400), method (405), target (400), `Host` (421),
/// content type (415), size of headers (431) and body (413). What is not HTTP at all the library refuses itself.
public final class HTTPServer: Sendable {
    public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

    /// The port it listens on, also where the configuration said 0.
    public let boundPort: UInt16
    /// `127.0.0.1:8420`, as bound.
    public let boundAddress: String

    private let core: ServerCore
    private let running: Mutex<Running?>
    private let stopGraceMilliseconds: Int

    private struct Running: Sendable {
        /// A bit pattern, as a pointer is not Sendable; the library's daemon may be used from any thread.
        var daemon: UInt
        var listenSocket: Int32
    }

    /// Throws `HTTPServerError`; its description says what to do.
    public init(configuration: HTTPServerConfiguration, handler: @escaping Handler) throws {
        try HTTPServer.validate(configuration)
        let address = try ListenAddress(configuration.listen)
        let descriptor = try address.openListeningSocket(backlog: Int32(clamping: configuration.connectionLimit))
        boundPort = ListenAddress.boundPort(descriptor)
        boundAddress = address.description(port: boundPort)
        stopGraceMilliseconds = configuration.stopGraceMilliseconds
        core = ServerCore(
            handler: handler, gate: RequestGate(configuration: configuration, address: address),
            bodyLimitBytes: configuration.bodyLimitBytes)

        // The library holds the core through this pointer; `running` being set keeps us, and so the core, from going before it.
        var settings = steward_mhd_settings(
            listen_socket: descriptor, thread_count: UInt32(configuration.threadCount),
            connection_limit: UInt32(configuration.connectionLimit),
            connection_limit_per_address: UInt32(configuration.connectionLimitPerAddress),
            idle_timeout_seconds: UInt32(configuration.idleTimeoutSeconds),
            // The library keeps headers and a window of the body here. Twice the limit lets us answer what is a little over it.
            connection_memory_bytes: max(2 * configuration.headerLimitBytes, 8 << 10),
            context: Unmanaged.passUnretained(core).toOpaque(), handler: onAccess, request_started: onStart,
            request_completed: onCompletion)
        guard let daemon = steward_mhd_start(&settings) else {
            close(descriptor)
            throw HTTPServerError.cannotListen(
                address: boundAddress, reason: "libmicrohttpd did not start; see the limits on threads and files")
        }
        running = Mutex(Running(daemon: UInt(bitPattern: daemon), listenSocket: descriptor))
    }

    deinit { stop() }

    /// Takes no new connections, lets requests that have begun finish (for `stopGraceMilliseconds` at most), closes everything and
    /// joins the threads. Requests that come meanwhile on open connections are answered 503. Calling it again does nothing. It must
    /// not be called from the handler, whose thread it would wait for.
    public func stop() {
        guard
            let stopping = running.withLock({ state in
                let taken = state
                state = nil
                return taken
            })
        else { return }
        let daemon = OpaquePointer(bitPattern: stopping.daemon)
        core.isStopping.store(true, ordering: .relaxed)
        let listenSocket = MHD_quiesce_daemon(daemon)
        // Clients that come now are refused at once, instead of waiting in a queue that nobody serves.
        shutdown(stopping.listenSocket, Int32(SHUT_RDWR))
        var waited = 0
        while core.requestsInFlight.load(ordering: .relaxed) > 0, waited < stopGraceMilliseconds {
            usleep(5_000)
            waited += 5
        }
        MHD_stop_daemon(daemon)
        // After quiescing, the socket is ours to close; otherwise the library has closed it.
        if listenSocket >= 0 { close(listenSocket) }
    }

    /// Requests that have begun and are not answered yet.
    public var requestsInFlight: Int { core.requestsInFlight.load(ordering: .relaxed) }

    private static func validate(_ configuration: HTTPServerConfiguration) throws(HTTPServerError) {
        for (name, value, range) in [
            ("threadCount", configuration.threadCount, 1...64),
            ("connectionLimit", configuration.connectionLimit, configuration.threadCount...65_536),
            ("connectionLimitPerAddress", configuration.connectionLimitPerAddress, 0...65_536),
            ("bodyLimitBytes", configuration.bodyLimitBytes, 0...(1 << 30)),
            ("headerLimitBytes", configuration.headerLimitBytes, 1_024...(1 << 20)),
            ("idleTimeoutSeconds", configuration.idleTimeoutSeconds, 1...86_400),
            ("stopGraceMilliseconds", configuration.stopGraceMilliseconds, 0...600_000),
        ] where !range.contains(value) {
            throw .invalidConfiguration("\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)")
        }
    }
}

/// What the library's callbacks work on: all of it immutable or atomic.
final class ServerCore: Sendable {
    let handler: HTTPServer.Handler
    let gate: RequestGate
    let bodyLimitBytes: Int
    let requestsInFlight = Atomic<Int>(0)
    let isStopping = Atomic<Bool>(false)

    init(handler: @escaping HTTPServer.Handler, gate: RequestGate, bodyLimitBytes: Int) {
        self.handler = handler
        self.gate = gate
        self.bodyLimitBytes = bodyLimitBytes
    }

    /// So much of a refused body is read and dropped. An answer sent while the client still sends may be lost to it: closing a socket
    /// with unread bytes resets the connection.
    private var drainLimitBytes: Int { 4 * bodyLimitBytes + (64 << 10) }

    func access(_ exchange: Exchange, _ connection: OpaquePointer, method: String, version: String, body: UnsafeRawBufferPointer)
        -> MHD_Result
    {
        switch exchange.phase {
        case .awaitingHead:
            return begin(exchange, connection, method: method, version: version)
        case .receiving, .draining:
            if !body.isEmpty {
                let goesOn = exchange.receive(body, limit: bodyLimitBytes, drainLimit: drainLimitBytes) { gate.bodyTooLarge }
                return goesOn ? .YES : .NO
            }
            if case .receiving(let request) = exchange.phase { return answer(exchange, connection, handler(request)) }
            if case .draining(let response) = exchange.phase { return answer(exchange, connection, response) }
            return .NO
        case .answered:
            return .NO
        }
    }

    private func begin(_ exchange: Exchange, _ connection: OpaquePointer, method: String, version: String) -> MHD_Result {
        let head = RequestGate.Head(
            method: method, version: version, target: exchange.target, headers: HTTPHeaders(connection: connection),
            headerBytes: steward_mhd_header_bytes(connection), remoteAddress: numericHost(steward_mhd_client_address(connection)))
        if isStopping.load(ordering: .relaxed) {
            let response = HTTPResponse.problem(status: 503, title: "Service unavailable", detail: "The gateway is stopping.")
            return answer(exchange, connection, response.with("Connection", "close"))
        }
        switch gate.examine(head) {
        case .admitted(let admitted):
            exchange.phase = .receiving(admitted.request)
            return .YES
        case .refused(let response, let closes):
            let closing = response.with("Connection", "close")
            if closes { return answer(exchange, connection, closing) }
            // With `Expect: 100-continue` the client waits for our word before it sends the body, so the word is no.
            let length = head.headers["Content-Length"].flatMap { Int($0) } ?? 0
            if head.headers["Expect"] != nil || length > drainLimitBytes { return answer(exchange, connection, closing) }
            exchange.phase = .draining(response)
            return .YES
        }
    }

    private func answer(_ exchange: Exchange, _ connection: OpaquePointer, _ response: HTTPResponse) -> MHD_Result {
        exchange.phase = .answered
        if response.secured().queue(on: connection) { return .YES }
        let broken = HTTPResponse.problem(
            status: 500, title: "Internal server error", detail: "The answer had a header that HTTP does not allow.")
        return broken.secured().queue(on: connection) ? .YES : .NO
    }
}

// The callbacks. The exchange is made when the request line is there, and let go in `onCompletion`, which the library promises to
// call for every request it announced, also for those that break off.

private func onStart(_ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _: OpaquePointer?) -> UnsafeMutableRawPointer? {
    guard let context, let target else { return nil }
    Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue().requestsInFlight.add(1, ordering: .relaxed)
    let bytes = Array(UnsafeRawBufferPointer(start: target, count: strlen(target)))
    return Unmanaged.passRetained(Exchange(target: bytes)).toOpaque()
}

private func onAccess(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _: UnsafePointer<CChar>?, _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?, _ body: UnsafePointer<CChar>?, _ bodyBytes: UnsafeMutablePointer<Int>?,
    _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let method, let version, let bodyBytes, let exchange = request?.pointee else { return .NO }
    let count = bodyBytes.pointee
    // Zero says that we took all of it.
    bodyBytes.pointee = 0
    return Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue().access(
        Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue(), connection, method: String(cString: method),
        version: String(cString: version), body: UnsafeRawBufferPointer(start: body, count: body == nil ? 0 : count))
}

private func onCompletion(
    _ context: UnsafeMutableRawPointer?, _: OpaquePointer?, _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _: MHD_RequestTerminationCode
) {
    guard let context, let exchange = request?.pointee else { return }
    request?.pointee = nil
    Unmanaged<Exchange>.fromOpaque(exchange).release()
    Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue().requestsInFlight.subtract(1, ordering: .relaxed)
}
