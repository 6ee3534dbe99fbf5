import GatewayCore
import Replenishment

/// The workers of all suppliers, by name, and of the tickets.
struct SupplierWorkers {
    private(set) var suppliers: [String: DeliveryWorker] = [:]
    private(set) var tickets: DeliveryWorker?

    /// Throws for everything that can be wrong with an entry: secrets, certificates, folders.
    init(_ configuration: GatewayConfiguration, mailbox: ControlMailbox) throws {
        let source = Self.source(configuration)
        for settings in configuration.suppliers {
            suppliers[settings.name] = try DeliveryWorker(
                channel: .order, link: try Self.link(settings, configuration), source: source,
                giveUpAfterMilliseconds: settings.giveUpAfterMilliseconds, mailbox: mailbox)
        }
        if let settings = configuration.tickets {
            tickets = try DeliveryWorker(
                channel: .ticket, link: try Self.ticketLink(settings, source), source: source,
                giveUpAfterMilliseconds: settings.giveUpAfterMilliseconds, mailbox: mailbox)
        }
    }

    /// The same without threads, for `run --check`.
    static func check(_ configuration: GatewayConfiguration) throws {
        for settings in configuration.suppliers {
            _ = try link(settings, configuration)
        }
        // The endpoints for suppliers: their secrets are read as at start.
        _ = try CXMLEndpoint(configuration)
        _ = try WebhookEndpoint(configuration)
        if let tickets = configuration.tickets { _ = try ticketLink(tickets, source(configuration)) }
    }

    func stop() {
        for worker in suppliers.values { worker.stop() }
        tickets?.stop()
    }

    private static func source(_ configuration: GatewayConfiguration) -> String { "/steward/\(configuration.gatewayID)" }

    private static func ticketLink(_ settings: GatewayConfiguration.Supplier, _ source: String) throws -> WebhookLink {
        try WebhookLink(
            channel: .ticket, url: settings.url, secretFile: settings.secretFile, caFile: settings.caFile, source: source, place: "tickets")
    }

    private static func link(_ settings: SupplierSettings, _ configuration: GatewayConfiguration) throws -> any SupplierLink {
        switch settings.way {
        case .webhook(let secretFile, _):
            // The short form has its own place in the file.
            let place = settings.name == "orders" && configuration.orders != nil ? "orders" : "suppliers[\(settings.name)]"
            return try WebhookLink(
                channel: .order, url: settings.url, secretFile: secretFile, caFile: settings.caFile,
                timeoutSeconds: settings.timeoutSeconds,
                source: source(configuration), place: place)
        case .cxml(let cxml): return try CXMLLink(settings, cxml, currency: configuration.core.replenishment.currency)
        case .mail(let mail): return try MailLink(settings, mail, site: configuration.gatewayID)
        case .csv(let directory): return try DropFolderLink(settings, directory: directory, source: source(configuration))
        }
    }
}
