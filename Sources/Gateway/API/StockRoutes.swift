import CoreViews
import Documents
import GatewayCore
import HTTPService
import Replenishment

/// What lies on the site's own shelf.
extension GatewayAPI {
    static let stockRoutes: [Route] = [
        .ask("/api/v1/stock") { api, _ in try api.written { $0.writeStock(&$1) } },
        .change("/api/v1/stock") { try $0.changeStock($1) },
    ]

    /// Body `{"item": ITEM, "units": N, "by": NAME}` for what was counted, or `"add": N` for what came (or, below zero, was taken).
    private func changeStock(_ request: HTTPRequest) throws -> HTTPResponse {
        let event = try RequestBody.read(request) { body -> OrderEvent? in
            let item = body.name("item", "what is in stock")
            let by = body.text("by", "who counted")
            let units = body.reader.integer("units", in: 0...StockLedger.maximumUnits)
            let added = body.reader.integer("add", in: -StockLedger.maximumUnits...StockLedger.maximumUnits)
            if (units == nil) == (added == nil) { body.add("the body needs \"units\" or \"add\"") }
            guard let item, let by else { return nil }
            if let units { return .stockCounted(item: item, units: units, by: by) }
            return added.map { .stockAdded(item: item, units: $0, by: by) }
        }
        return try commit(.order(event), for: request)
    }
}
