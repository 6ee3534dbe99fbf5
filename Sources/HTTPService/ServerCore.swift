import CMicroHTTPD
import Glibc
import Synchronization

/// What the library's callbacks work on: all of it immutable or atomic.
final class ServerCore: Sendable {
    private let gate: RequestGate
    private let table: ConnectionTable
    private let workers: WorkerPool
    private let immediate: @Sendable (HTTPRequest) -> HTTPResponse?
    private let lane: @Sendable (HTTPRequest) -> HTTPLane
    private let handler: HTTPServer.Handler
    private let bodyLimitBytes: Int
    private let waitingResponseLimitBytes: Int
    private let waitingResponseBytes = Atomic<Int>(0)
    private let counters: HTTPServerCounters
    let requestsInFlight = Atomic<Int>(0)
    let isStopping = Atomic<Bool>(false)

    init(
        configuration: HTTPServerConfiguration, gate: RequestGate, table: ConnectionTable, workers: WorkerPool,
        immediate: @escaping @Sendable (HTTPRequest) -> HTTPResponse?, lane: @escaping @Sendable (HTTPRequest) -> HTTPLane,
        handler: @escaping HTTPServer.Handler
    ) {
        self.gate = gate
        self.table = table
        self.workers = workers
        self.immediate = immediate
        self.lane = lane
        self.handler = handler
        bodyLimitBytes = configuration.bodyLimitBytes
        waitingResponseLimitBytes = configuration.waitingResponseLimitBytes
        counters = configuration.counters
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
            if case .receiving(let request) = exchange.phase { return handle(exchange, connection, request) }
            if case .draining(let response) = exchange.phase { return answer(exchange, connection, response) }
            return .NO
        case .working:
            // Resumed: the worker has left its answer.
            return exchange.answer.withLock { $0.take() }.map { answer(exchange, connection, $0) } ?? .NO
        case .answered:
            return .NO
        }
    }

    /// A request is whole. The connection is suspended while a worker has it, which the library's thread does not wait for.
    private func handle(_ exchange: Exchange, _ connection: OpaquePointer, _ request: HTTPRequest) -> MHD_Result {
        if let response = immediate(request) { return answer(exchange, connection, response) }
        let entry = exchange.entry
        var request = request
        request.hasLeft = { [table] in table.hasLeft(entry) }
        exchange.phase = .working
        table.set(entry, .handling)
        let suspended = UInt(bitPattern: connection)
        MHD_suspend_connection(connection)
        let isTaken = workers.add(lane(request)) { [self, request] waited in
            let response = isForNobody(request, waited) ? Self.overloaded : handler(request)
            resume(exchange, suspended, response)
        }
        if !isTaken {
            counters.requestsRefused.add(1, ordering: .relaxed)
            resume(exchange, suspended, Self.overloaded)
        }
        return .YES
    }

    private func resume(_ exchange: Exchange, _ connection: UInt, _ response: HTTPResponse) {
        exchange.answer.withLock { $0 = response }
        MHD_resume_connection(OpaquePointer(bitPattern: connection))
    }

    /// The sender of a waiting request has closed the connection. The handler was not called, so nothing was done.
    private func isForNobody(_ request: HTTPRequest, _ waitedMilliseconds: Int64) -> Bool {
        waitedMilliseconds > 100 && request.hasLeft()
    }

    private static var overloaded: HTTPResponse {
        HTTPResponse.problem(status: 503, title: "Too many requests wait", detail: "Ask again in a moment.").with("Retry-After", "1")
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
            if response.status == 403 { counters.foreignRequests.add(1, ordering: .relaxed) }
            let closing = response.with("Connection", "close")
            if closes { return answer(exchange, connection, closing) }
            // With `Expect: 100-continue` the client waits for an answer before it sends the body, so it is refused at once.
            let length = head.headers["Content-Length"].flatMap { Int($0) } ?? 0
            if head.headers["Expect"] != nil || length > drainLimitBytes { return answer(exchange, connection, closing) }
            exchange.phase = .draining(response)
            return .YES
        }
    }

    private func answer(_ exchange: Exchange, _ connection: OpaquePointer, _ wanted: HTTPResponse) -> MHD_Result {
        exchange.phase = .answered
        table.set(exchange.entry, .sending)
        var response = wanted
        // Clients that ask for large answers and do not read them must not fill the memory.
        let waiting = waitingResponseBytes.add(response.body.count, ordering: .relaxed).newValue
        if waiting > waitingResponseLimitBytes, response.body.count > 64 << 10 {
            waitingResponseBytes.subtract(response.body.count, ordering: .relaxed)
            response = Self.overloaded
            waitingResponseBytes.add(response.body.count, ordering: .relaxed)
            counters.requestsRefused.add(1, ordering: .relaxed)
        }
        exchange.responseBytes = response.body.count
        if response.secured().queue(on: connection) { return .YES }
        let broken = HTTPResponse.problem(
            status: 500, title: "Internal server error", detail: "The answer had a header that HTTP does not allow.")
        return broken.secured().queue(on: connection) ? .YES : .NO
    }

    func completed(_ exchange: Exchange) {
        let waiting = waitingResponseBytes.subtract(exchange.responseBytes, ordering: .relaxed).newValue
        let inFlight = requestsInFlight.subtract(1, ordering: .relaxed).newValue
        assert(waiting >= 0 && inFlight >= 0, "a request was completed twice")
        table.set(exchange.entry, .idle)
    }

    func started(_ target: [UInt8], _ entry: ConnectionTable.Entry) -> Exchange {
        requestsInFlight.add(1, ordering: .relaxed)
        table.set(entry, .receiving)
        return Exchange(target: target, entry: entry)
    }

    func opened(_ descriptor: Int32) -> ConnectionTable.Entry { table.add(descriptor: descriptor) }
    func closed(_ entry: ConnectionTable.Entry) { table.remove(entry) }
}

// The callbacks. The exchange is made when the request line is there, and let go in `onCompletion`, which the library promises to
// call for every request it announced, also for those that break off.

func onStart(_ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ connection: OpaquePointer?)
    -> UnsafeMutableRawPointer?
{
    guard let context, let target, let entry = steward_mhd_socket_context(connection) else { return nil }
    let bytes = Array(UnsafeRawBufferPointer(start: target, count: strlen(target)))
    let exchange = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue().started(
        bytes, Unmanaged<ConnectionTable.Entry>.fromOpaque(entry).takeUnretainedValue())
    return Unmanaged.passRetained(exchange).toOpaque()
}

func onAccess(
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

func onCompletion(
    _ context: UnsafeMutableRawPointer?, _: OpaquePointer?, _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _: MHD_RequestTerminationCode
) {
    guard let context, let exchange = request?.pointee else { return }
    request?.pointee = nil
    Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue().completed(
        Unmanaged<Exchange>.fromOpaque(exchange).takeRetainedValue())
}

/// A connection has begun, or is about to be closed; its entry in the table stays with it meanwhile.
func onConnection(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ kept: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ change: MHD_ConnectionNotificationCode
) {
    guard let context, let kept else { return }
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    if change == .CONNECTION_NOTIFY_STARTED {
        kept.pointee = Unmanaged.passRetained(core.opened(steward_mhd_socket(connection))).toOpaque()
    } else if let entry = kept.pointee {
        kept.pointee = nil
        core.closed(Unmanaged<ConnectionTable.Entry>.fromOpaque(entry).takeRetainedValue())
    }
}
