import GatewayCore
import HTTPService
import Replenishment
import Telemetry

/// What people do with orders and stock.
extension GatewayAPI {
    func register(orders router: inout Router, isProtected: Bool) {
        func ask(_ pattern: String, _ handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse) {
            router.register(.get, pattern, isProtected: isProtected, handler: handler)
        }
        func change(_ pattern: String, _ handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse) {
            router.register(.post, pattern, isProtected: true) { [self] request in write(request, handler) }
        }
        ask("/api/v1/orders") { [self] request in
            let state = request.queryValue("state")
            if let state, SupplyOrder.State(rawValue: state) == nil {
                let all = SupplyOrder.State.allCases.map(\.rawValue).joined(separator: ", ")
                return .problem(status: 400, title: "No such state", detail: "\"state\" is one of \(all).")
            }
            return list(.orders, request, ListingFilter(device: request.queryValue("device"), state: state))
        }
        ask("/api/v1/stock") { [self] _ in
            core.ask { core in
                var writer = JSONWriter()
                core.writeStock(&writer)
                return HTTPResponse.json(writer.bytes)
            } ?? Self.unavailable
        }
        change("/api/v1/orders") { [self] request in requestOrder(request) }
        change("/api/v1/orders/{id}/updates") { [self] request in updateOrder(request) }
        change("/api/v1/orders/{id}/approval") { [self] request in
            orderChange(request, "who approves") { id, by, _ in
                Wish(event: .approve(order: id, by: by)) { $0.problem(approving: id, by: by) }
            }
        }
        change("/api/v1/orders/{id}/rejection") { [self] request in
            orderChange(request, "who rejects") { id, by, reason in
                Wish(event: .reject(order: id, by: by, reason: reason)) { Self.problem($0, rejecting: id) }
            }
        }
        change("/api/v1/orders/{id}/cancellation") { [self] request in
            orderChange(request, "who calls it off") { id, by, reason in
                Wish(event: .cancel(order: id, by: by, reason: reason)) { Self.problem($0, cancelling: id) }
            }
        }
        change("/api/v1/stock") { [self] request in changeStock(request) }
    }

    private typealias Question = (StewardCore) -> String?

    /// An event that a request asks for, and what the core has to say to it before it is committed.
    private struct Wish {
        var event: OrderEvent
        /// Why it cannot be done now; nil: nothing is asked.
        var question: Question?
    }

    private static func problem(_ core: StewardCore, rejecting id: String) -> String? {
        core.orderState(id) == .awaitingApproval
            ? nil : "the order is \(core.orderState(id)?.rawValue ?? "unknown") and waits for no approval"
    }

    private static func problem(_ core: StewardCore, cancelling id: String) -> String? {
        guard let state = core.orderState(id), state.isFinal || state == .delivered else { return nil }
        return "the order is \(state.rawValue) already"
    }

    /// Body `{"by": NAME, "reason": TEXT}`. Answers 202, or 409 with why the order is not in a state for it.
    private func orderChange(
        _ request: HTTPRequest, _ who: String, _ make: @escaping (String, String, String?) -> Wish
    ) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        guard let isKnown = core.ask({ $0.orderState(id) != nil }) else { return Self.unavailable }
        guard isKnown else { return Self.unknown("order", id) }
        return judged(request) { reader in
            let by = reader.requiredString("by", who)?.bounded
            let reason = reader.string("reason")?.bounded
            return by.map { make(id, $0, reason) }
        }
    }

    /// Body `{"device": ID, "supply": NAME, "by": NAME}`: an order by hand.
    private func requestOrder(_ request: HTTPRequest) -> HTTPResponse {
        judged(request) { reader in
            let device = reader.requiredString("device", "the device")
            let supply = reader.requiredString("supply", "its supply")
            let by = reader.requiredString("by", "who asks")
            guard let device, let supply, let by else { return nil }
            return Wish(event: .request(device: device.bounded, supply: supply.bounded, by: by.bounded)) {
                $0.problem(requesting: supply, of: device)
            }
        }
    }

    /// Body `{"item": ITEM, "units": N, "by": NAME}` for what was counted, or `"add": N` for what came (or, below zero, was taken).
    private func changeStock(_ request: HTTPRequest) -> HTTPResponse {
        judged(request) { reader in
            let item = reader.requiredString("item", "what is in stock")
            let by = reader.requiredString("by", "who counted")
            let range = -StockLedger.maximumUnits...StockLedger.maximumUnits
            let units = reader.integer("units", in: 0...StockLedger.maximumUnits)
            let added = reader.integer("add", in: range)
            if (units == nil) == (added == nil) { reader.report.add("the body needs \"units\" or \"add\"", at: reader.node.position) }
            guard let item, let by, !item.isEmpty else { return nil }
            if let units { return Wish(event: .stockCounted(item: item.bounded, units: units, by: by.bounded)) }
            return added.map { Wish(event: .stockAdded(item: item.bounded, units: $0, by: by.bounded)) }
        }
    }

    /// Reads the body, asks the core whether that is possible, and commits it.
    private func judged(_ request: HTTPRequest, _ read: (ObjectReader) -> Wish?) -> HTTPResponse {
        let report = DocumentReport(file: "body")
        let found: Wish?
        do {
            let reader = ObjectReader(try DocumentParser.parse(request.body, file: "body"), "the body", report)
            found = read(reader)
            reader.finish()
            try report.throwIfAny()
        } catch {
            return .problem(status: 400, title: "The body cannot be taken", detail: "\(error)")
        }
        guard let found else { return .problem(status: 400, title: "Incomplete body", detail: "A member is missing or empty.") }
        let question = found.question ?? { _ in nil }
        guard let answer = core.ask(question) else { return Self.unavailable }
        if let problem = answer { return .problem(status: 409, title: "That cannot be done now", detail: problem) }
        return commit(.order(found.event), for: request)
    }

    /// Body `{"state": STATE, "reference": TEXT, "detail": TEXT}`: a supplier's report on an order or a shipment.
    private func updateOrder(_ request: HTTPRequest) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        switch core.ask({ $0.hasOrder(id) }) {
        case nil: return Self.unavailable
        case false?: return Self.unknown("order", id)
        case true?: break
        }
        return body(request) { reader in
            let state = reader.required("state", "such as \"accepted\"") == nil ? nil : reader.choice("state", SupplyOrder.State.self)
            let reference = reader.string("reference")
            let detail = reader.string("detail")
            if let state, !OrderReport.states.contains(state) {
                reader.report.add("a report can say accepted, shipped, delivered, installed, cancelled or failed", at: reader.node.position)
            }
            return state.map { .orderUpdate(order: id, state: $0, reference: reference?.bounded, detail: detail?.bounded) }
        }
    }
}
