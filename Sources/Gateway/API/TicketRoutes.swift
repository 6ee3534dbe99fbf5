import CoreViews
import GatewayCore
import HTTPService

/// Work for people, and the commands that went before it.
extension GatewayAPI {
    static let ticketRoutes: [Route] = [
        .ask("/api/v1/tickets") { try $0.list(.tickets, $1, ListingFilter(device: $1.queryValue("device"))) },
        .change("/api/v1/tickets/{id}/closure", "ticket", StewardCore.hasTicket, "who closes it") { .closeTicket(ticket: $0, by: $1) },
    ]

    static let actionRoutes: [Route] = [
        .ask("/api/v1/actions") { try $0.list(.actions, $1, ListingFilter(device: $1.queryValue("device"))) }
    ]
}
