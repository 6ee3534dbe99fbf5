import CMicroHTTPD
import Glibc
import Synchronization

/// A small HTTP/1.1 server on libmicrohttpd. It listens from `init` until `stop()`; the handler runs on the server's own threads,
/// several at once. One thread of the library reads and writes all connections and never waits for a handler.
///
/// Checked before the handler is called, each with a problem document: framing (400), method (405), target (400), `Host` (421),
/// origin (403), content type (415), size of headers (431) and body (413). What is not HTTP at all the library refuses itself.
public final class HTTPServer: Sendable {
    public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

    /// The port it listens on, also where the configuration said 0.
    public let boundPort: UInt16
    /// `127.0.0.1:8420`, as bound.
    public let boundAddress: String

    private let core: ServerCore
    private let workers: WorkerPool
    private let running: Mutex<Running?>
    private let stopGraceMilliseconds: Int

    private struct Running: Sendable {
        /// A bit pattern, as a pointer is not Sendable; the library's daemon may be used from any thread.
        var daemon: UInt
        var listenSocket: Int32
    }

    /// Throws `HTTPServerError`; its description says what to do.
    /// - Parameters:
    ///   - immediate: answers on the thread of the connections, so that no other request can hold it up; it must not wait. Nil: the
    ///     handler answers.
    ///   - lane: the lane that a request waits in.
    public init(
        configuration: HTTPServerConfiguration, immediate: @escaping @Sendable (HTTPRequest) -> HTTPResponse? = { _ in nil },
        lane: @escaping @Sendable (HTTPRequest) -> HTTPLane = { _ in .common }, handler: @escaping Handler
    ) throws {
        try HTTPServer.validate(configuration)
        let address = try ListenAddress(configuration.listen)
        let descriptor = try address.openListeningSocket(backlog: 1024)
        boundPort = ListenAddress.boundPort(descriptor)
        boundAddress = address.description(port: boundPort)
        stopGraceMilliseconds = configuration.stopGraceMilliseconds
        let table = ConnectionTable(configuration: configuration)
        do {
            workers = try WorkerPool(threadCount: configuration.threadCount, niceness: configuration.niceness) { table.endOverdue() }
        } catch {
            close(descriptor)
            throw error
        }
        core = ServerCore(
            configuration: configuration, gate: RequestGate(configuration: configuration, address: address), table: table,
            workers: workers, immediate: immediate, lane: lane, handler: handler)

        // The library holds the core through this pointer; `running` being set keeps us, and so the core, from going before it.
        var settings = steward_mhd_settings(
            listen_socket: descriptor,
            // Where the library is full it takes no more from the system's queue, until the table has made room.
            connection_limit: UInt32(configuration.connectionLimit), idle_timeout_seconds: UInt32(configuration.idleTimeoutSeconds),
            // The library keeps headers and a window of the body here. Twice the limit lets us answer what is a little over it.
            connection_memory_bytes: max(2 * configuration.headerLimitBytes, 8 << 10),
            context: Unmanaged.passUnretained(core).toOpaque(), handler: onAccess, request_started: onStart,
            request_completed: onCompletion, connection_changed: onConnection)
        guard let daemon = steward_mhd_start(&settings) else {
            workers.stop()
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
        guard let stopping = running.withLock({ $0.take() }) else { return }
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
        // Nothing may be suspended when the library stops: every request that waits for a worker is answered first.
        workers.stop()
        MHD_stop_daemon(daemon)
        // After quiescing, the socket is ours to close; otherwise the library has closed it.
        if listenSocket >= 0 { close(listenSocket) }
    }

    /// Requests that have begun and are not answered yet.
    public var requestsInFlight: Int { core.requestsInFlight.load(ordering: .relaxed) }

    private static func validate(_ configuration: HTTPServerConfiguration) throws(HTTPServerError) {
        for (name, value, range) in [
            ("threadCount", configuration.threadCount, 1...64),
            ("niceness", configuration.niceness, 0...19),
            ("connectionLimit", configuration.connectionLimit, 1...65_536),
            ("bodyLimitBytes", configuration.bodyLimitBytes, 0...(1 << 30)),
            ("headerLimitBytes", configuration.headerLimitBytes, 1_024...(1 << 20)),
            ("idleTimeoutSeconds", configuration.idleTimeoutSeconds, 1...86_400),
            ("requestTimeoutSeconds", configuration.requestTimeoutSeconds, 1...86_400),
            ("responseTimeoutSeconds", configuration.responseTimeoutSeconds, 1...86_400),
            ("waitingResponseLimitBytes", configuration.waitingResponseLimitBytes, 0...(1 << 40)),
            ("stopGraceMilliseconds", configuration.stopGraceMilliseconds, 0...600_000),
        ] where !range.contains(value) {
            throw .invalidConfiguration("\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
