import Documents
import GatewayCore
import HTTPService
import Synchronization

/// The gateway over HTTP: JSON under /api/v1, metrics, health, and the status page. Each resource has a file with its routes and handlers.
///
/// Questions are answered by the core's thread between two batches, long ones in slices; changes become events of the inbox and are
/// answered when they are committed. Handlers throw what ends them early: `NotAnswered` by the core, or a `Refusal`.
final class GatewayAPI: Sendable {
    let configuration: GatewayConfiguration
    let core: CoreWorker
    let statistics: GatewayStatistics
    let history: HistoryReader
    let mailbox: ControlMailbox
    let reloads: ReloadRequests
    let directory = DeviceDirectory()
    /// `Idempotency-Key`s of changes that a thread is handling, and how many threads do.
    let keysInHand = Mutex<[String: Int]>([:])
    let isCostlyRunning = Atomic<Bool>(false)
    private let credential: Credential
    let serverCounters = HTTPServerCounters()
    let cxml: CXMLEndpoint?
    let webhooks: WebhookEndpoint?

    /// Every route, by resource.
    static let routes: [Route] =
        statusRoutes + deviceRoutes + alarmRoutes + anomalyPageRoutes + ticketRoutes + actionRoutes + maintenanceRoutes + orderRoutes
        + stockRoutes
        + surveyRoutes + supplierRoutes + journalRoutes + deadLetterRoutes + damageRoutes + profileRoutes + requestRoutes + digestRoutes

    /// Throws when the token file or the store cannot be read.
    init(
        configuration: GatewayConfiguration, core: CoreWorker, mailbox: ControlMailbox, statistics: GatewayStatistics,
        reloads: ReloadRequests
    ) throws {
        self.configuration = configuration
        self.core = core
        self.mailbox = mailbox
        self.statistics = statistics
        self.reloads = reloads
        history = try HistoryReader(path: configuration.store.path)
        cxml = try CXMLEndpoint(configuration)
        webhooks = try WebhookEndpoint(configuration)
        credential = try Credential(configuration)
    }

    /// Listens. Throws when the port is in use.
    func serve() throws -> HTTPServer {
        var settings = HTTPServerConfiguration(listen: configuration.http.listen)
        settings.stopGraceMilliseconds = 500
        settings.allowedHosts = Set(configuration.http.allowedHosts)
        if cxml != nil { settings.acceptedContentTypes.formUnion(["text/xml", "application/xml"]) }
        settings.niceness = 10
        settings.openPaths = Self.probes
        settings.formPaths = [AnomaliesPage.path]
        settings.counters = serverCounters
        let router = router()
        return try HTTPServer(
            configuration: settings, immediate: { [self] in probe($0) }, lane: { [self] in lane($0) },
            handler: { router.handle($0) })
    }

    func router() -> Router {
        var router = Router { [self] request in isOperator(request) }
        let patterns = Set(Self.routes.map { "\($0.method.rawValue) \($0.pattern)" })
        precondition(patterns.count == Self.routes.count, "two routes have the same method and pattern, and one would never answer")
        for route in Self.routes {
            let isProtected = route.access == .operatorOnly || (route.access == .reading && credential.locksReading)
            router.register(route.method, route.pattern, isProtected: isProtected) { [self] in route.respond(self, $0) }
        }
        return router
    }

    private static let probes: Set<String> = ["/healthz", "/readyz"]

    /// The health probes wait for no other request: the thread of the connections answers them.
    private func probe(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.method == .get || request.method == .head, request.path.count == 1 else { return nil }
        switch request.path[0] {
        case "healthz": return .text("ok\n")
        case "readyz": return readiness()
        default: return nil
        }
    }

    /// The operator and the scrapes of `/metrics` have lanes of their own, so that other requests cannot keep them waiting.
    private func lane(_ request: HTTPRequest) -> HTTPLane {
        if isOperator(request) { return .preferred }
        return request.path == ["metrics"] ? .quick : .common
    }

    func isOperator(_ request: HTTPRequest) -> Bool { credential.isShown(by: request) }

    /// Whether this is the operator's token, such as a form of a page has it.
    func isOperator(token: String) -> Bool { credential.isToken(token) }

    // MARK: What the handlers of all resources use

    /// The id in the path, of a thing that the core knows. Throws a 404 only when the core has answered that there is none.
    func known(
        _ what: String, _ request: HTTPRequest, _ isThere: @escaping (StewardCore, String) -> Bool
    ) throws -> String {
        let id = request.parameter("id")
        guard try core.ask({ isThere($0, id) }) else { throw Refusal.unknown(what, id) }
        return id
    }

    /// One JSON value that the core writes.
    func written(_ write: @escaping (StewardCore, inout JSONWriter) -> Void) throws -> HTTPResponse {
        .json(
            try core.ask { core in
                var writer = JSONWriter()
                write(core, &writer)
                return writer.bytes
            })
    }

    /// One JSON value that the core writes; nil when it does not know the thing.
    func writtenIfKnown(_ write: @escaping (StewardCore, inout JSONWriter) -> Bool) throws -> HTTPResponse? {
        try core.ask { core -> [UInt8]? in
            var writer = JSONWriter()
            return write(core, &writer) ? writer.bytes : nil
        }.map { .json($0) }
    }

    static func json(_ members: (inout JSONWriter) -> Void) -> HTTPResponse { .json(JSONWriter.object(members)) }
}

extension HTTPRequest {
    /// What `{name}` of the route's pattern matched.
    func parameter(_ name: String) -> String { parameters[name] ?? "" }

    /// A whole number of the query, moved into `range`; the fallback where there is none.
    func number(_ name: String, _ fallback: Int, in range: ClosedRange<Int> = 0...1_000_000) -> Int {
        queryValue(name).flatMap { Int($0) }.map { min(max($0, range.lowerBound), range.upperBound) } ?? fallback
    }
}

extension JSONWriter {
    /// The members of a JSON object that was written already, as members of the one being written.
    mutating func spliceMembers(of object: [UInt8]) {
        assert(object.first == UInt8(ascii: "{") && object.last == UInt8(ascii: "}"), "what is spliced in is no JSON object")
        let inner = object.dropFirst().dropLast()
        if !inner.isEmpty { raw(inner) }
    }
}
