import CoreViews
import GatewayCore
import HTTPService

/// Work for people, and the commands that went before it.
extension GatewayAPI {
    static let ticketRoutes: [Route] = [
        .ask("/api/v1/tickets") { try $0.list(.tickets, $1, ListingFilter(device: $1.queryValue("device"))) },
        .change("/api/v1/tickets/{id}/closure") { try $0.closeTicket($1) },
    ]

    static let actionRoutes: [Route] = [
        .ask("/api/v1/actions") { try $0.list(.actions, $1, ListingFilter(device: $1.queryValue("device"))) }
    ]

    /// Body `{"by"}`.
    private func closeTicket(_ request: HTTPRequest) throws -> HTTPResponse {
        let id = try known("ticket", request) { $0.hasTicket($1) }
        let by = try RequestBody.read(request) { $0.text("by", "who closes it") }
        return try commit(.closeTicket(ticket: id, by: by), for: request)
    }
}
