import FoundationEssentials
import GatewayCore
import HTTPService
import Outbound
import Replenishment
import SQLiteStore
import ServiceValue
import Synchronization
import Telemetry

/// The HTTP face of the gateway: JSON under /api/v1, metrics, health, and the status page.
///
/// Questions are answered by the core's thread between two batches, long ones in slices; changes become events of the inbox and are answered when they are committed.
final class GatewayAPI: Sendable {
    let configuration: GatewayConfiguration
    let core: CoreWorker
    let statistics: GatewayStatistics
    let history: HistoryReader
    let mailbox: ControlMailbox
    let reloads: ReloadDesk
    let directory = DeviceDirectory()
    /// Ids of writes that a thread has in hand.
    let keysInHand = Mutex<[String: Int]>([:])
    let isCostlyRunning = Atomic<Bool>(false)
    private let credential: Credential
    let serverCounters = HTTPServerCounters()
    private let cxml: CXMLDesk?
    private let webhooks: WebhookDesk?

    /// Throws when the token file or the store cannot be read.
    init(
        configuration: GatewayConfiguration, core: CoreWorker, mailbox: ControlMailbox, statistics: GatewayStatistics,
        reloads: ReloadDesk
    ) throws {
        self.configuration = configuration
        self.core = core
        self.mailbox = mailbox
        self.statistics = statistics
        self.reloads = reloads
        history = try HistoryReader(path: configuration.store.path)
        cxml = try CXMLDesk(configuration)
        webhooks = try WebhookDesk(configuration)
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
        settings.counters = serverCounters
        let router = router()
        return try HTTPServer(
            configuration: settings, immediate: { [self] in probe($0) }, lane: { [self] in lane($0) },
            handler: { router.handle($0) })
    }

    private static let probes: Set<String> = ["/healthz", "/readyz"]

    /// The health probes never wait for anything: they are answered by the thread of the connections, whatever the others do.
    private func probe(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.method == .get || request.method == .head, request.path.count == 1 else { return nil }
        switch request.path[0] {
        case "healthz": return .text("ok\n")
        case "readyz": return readiness()
        default: return nil
        }
    }

    /// The operator gets in whoever else asks, and so does who looks after the gateway by its figures.
    private func lane(_ request: HTTPRequest) -> HTTPLane {
        if isOperator(request) { return .preferred }
        return request.path == ["metrics"] ? .quick : .common
    }

    func isOperator(_ request: HTTPRequest) -> Bool { credential.isShown(by: request) }

    static func needsCredential(_ request: HTTPRequest) -> HTTPResponse { Router.unauthorized(request) }

    private func router() -> Router {
        var router = Router { [self] request in isOperator(request) }
        func ask(_ pattern: String, isProtected: Bool = false, _ handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse) {
            router.register(.get, pattern, isProtected: isProtected || credential.locksReading, handler: handler)
        }
        func change(_ pattern: String, _ handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse) {
            router.register(.post, pattern, isProtected: true) { [self] request in write(request, handler) }
        }
        router.register(.get, "/healthz") { _ in .text("ok\n") }
        router.register(.get, "/readyz") { [self] _ in readiness() }
        ask("/metrics") { [self] _ in metrics() }
        ask("/") { [self] request in page(request) }
        ask("/api/v1/status") { [self] _ in
            var writer = JSONWriter()
            status(&writer)
            return .json(writer.bytes)
        }
        ask("/api/v1/devices") { [self] request in devices(request) }
        ask("/api/v1/devices/{id}") { [self] request in device(request) }
        change("/api/v1/devices/{id}/removal") { [self] request in removeDevice(request) }
        ask("/api/v1/devices/{id}/supplies/{supply}/explain") { [self] request in supplyExplanation(request) }
        ask("/api/v1/devices/{id}/history/{metric}") { [self] request in samples(request) }
        ask("/api/v1/alarms") { [self] request in
            let isWhole = request.queryValue("all") == "true"
            return list(.alarms, request, ListingFilter(device: request.queryValue("device"), includesFinished: isWhole))
        }
        ask("/api/v1/actions") { [self] request in list(.actions, request, ListingFilter(device: request.queryValue("device"))) }
        ask("/api/v1/tickets") { [self] request in list(.tickets, request, ListingFilter(device: request.queryValue("device"))) }
        ask("/api/v1/journal") { [self] request in journal(request) }
        ask("/api/v1/deadletters") { [self] request in deadLetters(request) }
        ask("/api/v1/digest", isProtected: true) { [self] request in digest(request) }
        change("/api/v1/alarms/{id}/acknowledgement") { [self] request in acknowledge(request) }
        for (word, action) in [("shelving", shelveAlarm), ("unshelving", unshelveAlarm), ("reset", resetAlarm)] {
            change("/api/v1/alarms/{id}/" + word) { action($0) }
        }
        ask("/api/v1/devices/{id}/explain") { [self] request in explain(request) }
        ask("/api/v1/maintenance") { [self] _ in
            core.ask { core in
                var writer = JSONWriter()
                core.writeMaintenance(&writer)
                return HTTPResponse.json(writer.bytes)
            } ?? Self.unavailable
        }
        change("/api/v1/maintenance") { [self] request in addMaintenance(request) }
        change("/api/v1/maintenance/{id}/end") { [self] request in endMaintenance(request) }
        change("/api/v1/tickets/{id}/closure") { [self] request in closeTicket(request) }
        change("/api/v1/surveys") { [self] request in survey(request) }
        ask("/api/v1/requests/{id}") { [self] request in requestState(request) }
        ask("/api/v1/profiles/reload") { [self] _ in reloadState() }
        change("/api/v1/profiles/reload") { [self] _ in reloadProfiles() }
        change("/api/v1/deadletters/replay") { [self] request in replayDeadLetters(request) }
        register(orders: &router, isProtected: credential.locksReading)
        register(damage: &router, isProtected: credential.locksReading)
        // These senders show secrets of their own: a signature, or one inside the document.
        if let webhooks {
            router.register(.post, "/api/v1/suppliers/{name}/reports") { [self] request in webhooks.take(request, core, mailbox) }
        }
        if let cxml { router.register(.post, "/api/v1/cxml") { [self] request in cxml.take(request, core, mailbox) } }
        return router
    }

    // MARK: Answers

    static let unavailable = HTTPResponse.problem(
        status: 503, title: "The core does not answer", detail: "It is busy or stopping; ask again in a moment.")

    static func number(_ request: HTTPRequest, _ name: String, _ fallback: Int, _ range: ClosedRange<Int> = 0...1_000_000) -> Int {
        request.queryValue(name).flatMap { Int($0) }.map { min(max($0, range.lowerBound), range.upperBound) } ?? fallback
    }

    func status(_ writer: inout JSONWriter) {
        let now = Clock.wallMilliseconds()
        writer.beginObject()
        writer.member("gateway", configuration.gatewayID)
        writer.member("version", StewardVersion.current)
        writer.member("time", now)
        writer.member("uptimeSeconds", statistics.uptimeMilliseconds / 1000)
        writer.key("clock")
        writer.beginObject()
        writer.member("steps", statistics.clockSteps.load(ordering: .relaxed))
        writer.member("differenceMilliseconds", statistics.clockDifference.load(ordering: .relaxed))
        writer.endObject()
        writer.key("broker")
        writer.beginObject()
        writer.member("host", configuration.mqtt.host)
        writer.member("port", configuration.mqtt.port)
        let isConnected = statistics.isConnected.load(ordering: .relaxed)
        writer.member("connected", isConnected)
        if isConnected { writer.member("since", statistics.connectedSince.load(ordering: .relaxed)) }
        statistics.subscriptions.withLock { $0 }.write(to: &writer)
        writer.endObject()
        writer.key("store")
        writer.beginObject()
        writer.member("path", configuration.store.path)
        writer.member("writable", statistics.isStoreWritable.load(ordering: .relaxed))
        if let store = history.statistics() {
            writer.member("bytes", store.fileBytes)
            writer.member("historySamples", store.historySamples)
            writer.member("historyBytes", store.historyBytes)
            writer.member("outboxOpen", store.outboxOpen)
        }
        writer.endObject()
        writer.spliceMembers(of: core.publishedFigures().status)
        writer.endObject()
    }

    private func device(_ request: HTTPRequest) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        let answer = core.ask { core -> [UInt8]? in
            var writer = JSONWriter()
            return core.writeDevice(id, &writer) ? writer.bytes : nil
        }
        guard let answer else { return Self.unavailable }
        return answer.map { .json($0) } ?? Self.unknown("device", id)
    }

    static func unknown(_ what: String, _ id: String) -> HTTPResponse {
        .problem(status: 404, title: "No such \(what)", detail: "There is no \(what) \"\(id.prefix(128))\".")
    }

    // MARK: Changes

    func body(_ request: HTTPRequest, _ read: (ObjectReader) -> ControlEvent?) -> HTTPResponse {
        let report = DocumentReport(file: "body")
        do {
            let reader = ObjectReader(try DocumentParser.parse(request.body, file: "body"), "the body", report)
            let event = read(reader)
            reader.finish()
            try report.throwIfAny()
            guard let event else { return .problem(status: 400, title: "Incomplete body", detail: "A member is missing.") }
            return commit(event, for: request)
        } catch {
            return .problem(status: 400, title: "The body cannot be taken", detail: "\(error)")
        }
    }

    func exists(_ question: @escaping (StewardCore) -> Bool) -> Bool? { core.ask(question) }

    private func acknowledge(_ request: HTTPRequest) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        guard exists({ $0.hasAlarm(id) }) == true else { return Self.unknown("alarm", id) }
        return body(request) { reader in
            reader.requiredString("by", "who acknowledges").map { .acknowledge(alarm: id, by: $0.bounded) }
        }
    }

    private func closeTicket(_ request: HTTPRequest) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        guard exists({ $0.hasTicket(id) }) == true else { return Self.unknown("ticket", id) }
        return body(request) { reader in
            reader.requiredString("by", "who closes it").map { .closeTicket(ticket: id, by: $0.bounded) }
        }
    }

    private func survey(_ request: HTTPRequest) -> HTTPResponse {
        body(request) { reader in
            let id = reader.requiredString("id", "the answer's own id; the same id is counted once")
            let question =
                reader.required("question", "ces, ves, nps or csat") == nil ? nil : reader.choice("question", SurveyQuestion.self)
            let context = reader.choice("context", SurveyContext.self) ?? .periodic
            let device = reader.string("device")
            var values: [Double] = []
            if let node = reader.required("values", "a list of numbers, such as [6]") {
                // A value left out quietly would make another answer of it.
                if case .array(let items) = node.value {
                    for item in items {
                        if case .number(let number, _) = item.value {
                            values.append(number)
                        } else {
                            reader.report.add("\"values\" must be a list of numbers, found \(item.value.kindName)", at: item.position)
                        }
                    }
                } else {
                    reader.report.add("\"values\" must be a list of numbers, found \(node.value.kindName)", at: node.position)
                }
            }
            guard let id, let question, reader.report.diagnostics.isEmpty else { return nil }
            do { _ = try SurveyAnswer(id: id, question: question, values: values, context: context) } catch {
                reader.report.add("\(error)", at: reader.node.position)
                return nil
            }
            return .survey(SurveySubmission(id: id, device: device?.bounded, question: question, values: values, context: context))
        }
    }
}

extension String {
    /// Text from outside is kept only up to a bound.
    var bounded: String { String(decoding: utf8.prefix(256), as: UTF8.self) }
}

extension JSONWriter {
    /// The members of a JSON object that was written already, as members of the one being written.
    mutating func spliceMembers(of object: [UInt8]) {
        let inner = object.dropFirst().dropLast()
        if !inner.isEmpty { raw(inner) }
    }
}
