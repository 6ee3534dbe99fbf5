import Documents
import HTTPService
import Outbound
import Synchronization
import Threading

/// A supplier: takes order webhooks at POST /orders, and afterwards tells the gateway that they are accepted, shipped and delivered.
///
/// The same order id twice is one order. Some orders are refused at first with 500, as real ones are.
final class SupplierSandbox: Sendable {
    struct Settings: Sendable {
        var listen: String
        /// Nil: webhooks are taken unsigned.
        var signature: WebhookSignature?
        var temper: SupplierTemper
        var seed: UInt64
    }

    static let maximumOrders = 10_000

    private enum Answer {
        case new(reference: String)
        case known
        case refusedOnce
        case full
    }

    private struct State {
        /// Order id to the supplier's own reference; empty while it is only refused, or when it was cancelled.
        var references: [String: String] = [:]
        var cancelled: Set<String> = []
        var accepted = 0
        var generator: SplitMix64
    }

    private let settings: Settings
    private let api: GatewayAPI?
    private let errands: ErrandQueue
    private let counts: FleetCounts
    private let onArrival: @Sendable (Arrival) -> Void
    private let state: Mutex<State>
    private let server = Mutex<HTTPServer?>(nil)
    /// "127.0.0.1:41234"
    var address: String { server.withLock { $0?.boundAddress } ?? settings.listen }

    /// - Parameters:
    ///   - api: nil: the gateway is not told, but cartridges arrive all the same.
    ///   - onArrival: called on the errands' thread when somebody puts a delivered cartridge in.
    init(
        settings: Settings, api: GatewayAPI?, errands: ErrandQueue, counts: FleetCounts, onArrival: @escaping @Sendable (Arrival) -> Void
    ) throws {
        self.settings = settings
        self.api = api
        self.errands = errands
        self.counts = counts
        self.onArrival = onArrival
        state = Mutex(State(generator: SplitMix64(seed: settings.seed, name: "supplier")))
        var configuration = HTTPServerConfiguration(listen: settings.listen)
        configuration.bodyLimitBytes = 64 << 10
        configuration.stopGraceMilliseconds = 1_000
        var router = Router()
        // The server must not keep the supplier alive, which owns it.
        router.register(.post, "/orders") { [weak self] request in self?.receive(request) ?? Self.closing }
        router.register(.get, "/healthz") { _ in .text("ok\n") }
        let routes = router
        let server = try HTTPServer(configuration: configuration) { routes.handle($0) }
        self.server.withLock { $0 = server }
    }

    func stop() { server.withLock { $0.take() }?.stop() }

    private static let closing = HTTPResponse.problem(status: 503, title: "Service unavailable", detail: "The supplier is closing.")

    // MARK: Orders in

    private func receive(_ request: HTTPRequest) -> HTTPResponse {
        let now = Clock.systemMilliseconds() / 1000
        if let signature = settings.signature, !signature.isGenuine(request.body, nowSeconds: now, header: { request.headers[$0] }) {
            counts.failed("an order was not signed as the secret wants")
            return .problem(
                status: 401, title: "Unauthorized", detail: "The webhook-id, webhook-timestamp and webhook-signature headers do not fit.")
        }
        let parsed: SupplierOrder.Parsed
        do throws(FleetError) {
            parsed = try SupplierOrder.parse(request.body)
        } catch {
            counts.failed("an order could not be read: \(error)")
            return .problem(status: 400, title: "Bad request", detail: error.description)
        }
        switch parsed {
        case .otherEvent: return HTTPResponse(status: 202)
        case .cancelled(let id):
            state.withLock { state in
                if state.references[id] != nil { state.cancelled.insert(id) }
            }
            return HTTPResponse(status: 202)
        case .order(let order): return accept(order)
        }
    }

    private func accept(_ order: SupplierOrder) -> HTTPResponse {
        switch enter(order.id) {
        case .new(let reference):
            counts.update { $0.ordersReceived += 1 }
            schedule(order, reference: reference, step: .accepted)
            return HTTPResponse(status: 202)
        case .known:
            counts.update { $0.ordersRepeated += 1 }
            return HTTPResponse(status: 202)
        case .refusedOnce:
            counts.update { $0.ordersRefused += 1 }
            return .problem(status: 500, title: "Internal server error", detail: "The supplier has a bad moment; try again.")
        case .full:
            counts.failed("the supplier holds \(Self.maximumOrders) orders and takes no more")
            return .problem(status: 503, title: "Service unavailable", detail: "The order book is full.")
        }
    }

    private func enter(_ id: String) -> Answer {
        state.withLock { state in
            if let reference = state.references[id], !reference.isEmpty { return .known }
            let isFirstTry = state.references[id] == nil
            guard !isFirstTry || state.references.count < Self.maximumOrders else { return .full }
            if isFirstTry, state.generator.chance(settings.temper.failureShare) {
                state.references[id] = ""
                return .refusedOnce
            }
            state.accepted += 1
            let reference = "SUP-\(100_000 + state.accepted)"
            state.references[id] = reference
            return .new(reference: reference)
        }
    }

    // MARK: Updates out

    private enum Step: String {
        case accepted, shipped, delivered

        var following: Step? {
            switch self {
            case .accepted: .shipped
            case .shipped: .delivered
            case .delivered: nil
            }
        }
    }

    private func schedule(_ order: SupplierOrder, reference: String, step: Step) {
        let delay = state.withLock { $0.generator.integer(settings.temper.stepMilliseconds) }
        let isTaken = errands.add(afterMilliseconds: delay) { [weak self] in self?.tell(order, reference: reference, step: step) }
        if !isTaken { counts.failed("order \(order.id) is not pursued: too much to do, or stopping") }
    }

    private func tell(_ order: SupplierOrder, reference: String, step: Step) {
        guard !state.withLock({ $0.cancelled.contains(order.id) }) else { return }
        guard let api else { return proceed(order, reference: reference, after: step) }
        let body = JSONWriter.object { writer in
            writer.member("state", step.rawValue)
            writer.member("reference", reference)
        }
        let key = "\(reference)-\(step.rawValue)"
        api.post("/api/v1/orders/\(order.id)/updates", body, key: key, errands: errands) { [weak self] outcome in
            guard let self else { return }
            if case .failed(let reason) = outcome {
                counts.failed("the gateway did not take that \(order.id) is \(step.rawValue): \(reason)")
            }
            // The delivery goes on whether or not the gateway accepted the report.
            proceed(order, reference: reference, after: step)
        }
    }

    private func proceed(_ order: SupplierOrder, reference: String, after step: Step) {
        if let next = step.following { return schedule(order, reference: reference, step: next) }
        counts.update { $0.deliveries += 1 }
        let delay = state.withLock { $0.generator.integer(settings.temper.installationMilliseconds) }
        let onArrival = self.onArrival
        errands.add(afterMilliseconds: delay) { onArrival(Arrival(device: order.device, supply: order.supply)) }
    }
}
