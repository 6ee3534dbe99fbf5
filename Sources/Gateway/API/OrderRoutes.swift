import CoreViews
import GatewayCore
import HTTPService
import Replenishment

/// Orders, and what people and suppliers say about them.
extension GatewayAPI {
    static let orderRoutes: [Route] = [
        .ask("/api/v1/orders") { try $0.orders($1) },
        .change("/api/v1/orders") { try $0.requestOrder($1) },
        .change("/api/v1/orders/{id}/updates") { try $0.updateOrder($1) },
        .change("/api/v1/orders/{id}/approval") { api, request in
            try api.changeOrder(request, "who approves", { $0.problem(approving: $1, by: $2.by) }) { .approve(order: $0, by: $1.by) }
        },
        .change("/api/v1/orders/{id}/rejection") { api, request in
            try api.changeOrder(request, "who rejects", { core, id, _ in problem(core, rejecting: id) }) {
                .reject(order: $0, by: $1.by, reason: $1.reason)
            }
        },
        .change("/api/v1/orders/{id}/cancellation") { api, request in
            try api.changeOrder(request, "who calls it off", { core, id, _ in problem(core, cancelling: id) }) {
                .cancel(order: $0, by: $1.by, reason: $1.reason)
            }
        },
    ]

    private func orders(_ request: HTTPRequest) throws -> HTTPResponse {
        let state = request.queryValue("state")
        if let state, SupplyOrder.State(rawValue: state) == nil {
            let all = SupplyOrder.State.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(400, "No such state", "\"state\" is one of \(all).")
        }
        return try list(.orders, request, ListingFilter(device: request.queryValue("device"), state: state))
    }

    private typealias Word = (by: String, reason: String?)

    private static func problem(_ core: StewardCore, rejecting id: String) -> String? {
        core.orderState(id) == .awaitingApproval
            ? nil : "the order is \(core.orderState(id)?.rawValue ?? "unknown") and waits for no approval"
    }

    private static func problem(_ core: StewardCore, cancelling id: String) -> String? {
        guard let state = core.orderState(id), state.isFinal || state == .delivered else { return nil }
        return "the order is \(state.rawValue) already"
    }

    /// Body `{"by": NAME, "reason": TEXT}`. Answers 202, or 409 with why the order is not in a state for it.
    private func changeOrder(
        _ request: HTTPRequest, _ who: String, _ problem: @escaping (StewardCore, String, Word) -> String?,
        _ event: (String, Word) -> OrderEvent
    ) throws -> HTTPResponse {
        let id = try known("order", request) { $0.orderState($1) != nil }
        let word = try RequestBody.read(request) { body -> Word? in
            let (by, reason) = (body.text("by", who), body.optionalText("reason"))
            return by.map { ($0, reason) }
        }
        if let problem = try core.ask({ problem($0, id, word) }) { throw Refusal.conflict(problem) }
        return try commit(.order(event(id, word)), for: request)
    }

    /// Body `{"device": ID, "supply": NAME, "by": NAME, "despite": ORDER}`: an order by hand. `despite` names the order that failed and may have
    /// been taken all the same.
    private func requestOrder(_ request: HTTPRequest) throws -> HTTPResponse {
        let wish = try RequestBody.read(request) { body -> (device: String, supply: String, by: String, despite: String?)? in
            let (device, supply, by) = (body.name("device", "the device"), body.name("supply", "its supply"), body.text("by", "who asks"))
            let despite = body.optionalText("despite")
            guard let device, let supply, let by else { return nil }
            return (device, supply, by, despite)
        }
        let problem = try core.ask { $0.problem(requesting: wish.supply, of: wish.device, despite: wish.despite) }
        if let problem { throw Refusal.conflict(problem) }
        return try commit(
            .order(.request(device: wish.device, supply: wish.supply, by: wish.by, despite: wish.despite)), for: request)
    }

    /// Body `{"state": STATE, "reference": TEXT, "detail": TEXT}`: a supplier's report on an order or a shipment.
    private func updateOrder(_ request: HTTPRequest) throws -> HTTPResponse {
        let id = try known("order", request) { $0.hasOrder($1) }
        let event = try RequestBody.read(request) { body -> ControlEvent? in
            let state = body.choice("state", "such as \"accepted\"", SupplyOrder.State.self)
            let (reference, detail) = (body.optionalText("reference"), body.optionalText("detail"))
            if let state, !OrderReport.states.contains(state) {
                body.add("a report can say accepted, shipped, delivered, installed, cancelled or failed", at: "state")
            }
            return state.map { .orderUpdate(order: id, state: $0, reference: reference, detail: detail) }
        }
        if case .orderUpdate(_, let state, _, _) = event, let problem = try core.ask({ $0.problem(reporting: state, of: id) }) {
            throw Refusal.conflict(problem)
        }
        return try commit(event, for: request)
    }
}
