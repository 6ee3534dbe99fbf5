import GatewayCore
import Replenishment

/// The workers of all suppliers, by name, and of the tickets.
struct SupplierWorkers {
    private(set) var suppliers: [String: DeliveryWorker] = [:]
    private(set) var tickets: DeliveryWorker?

    /// Throws for everything that can be wrong with an entry: secrets, certificates, folders.
    init(_ configuration: GatewayConfiguration, mailbox: ControlMailbox) throws {
        func worker(_ settings: SupplierSettings, _ channel: OutboxChannel) throws -> DeliveryWorker {
            try DeliveryWorker(
                channel: channel, link: try Self.link(settings, channel, configuration), source: Self.source(configuration),
                giveUpAfterMilliseconds: settings.giveUpAfterMilliseconds, mailbox: mailbox)
        }
        for settings in configuration.suppliers { suppliers[settings.name] = try worker(settings, .order) }
        tickets = try configuration.tickets.map { try worker($0, .ticket) }
    }

    /// The same without threads, for `run --check`.
    static func check(_ configuration: GatewayConfiguration) throws {
        for settings in configuration.suppliers { _ = try link(settings, .order, configuration) }
        if let tickets = configuration.tickets { _ = try link(tickets, .ticket, configuration) }
        // The endpoints for suppliers: their secrets are read as at start.
        _ = try CXMLEndpoint(configuration)
        _ = try WebhookEndpoint(configuration)
    }

    func stop() {
        for worker in suppliers.values { worker.stop() }
        tickets?.stop()
    }

    private static func source(_ configuration: GatewayConfiguration) -> String { "/steward/\(configuration.gatewayID)" }

    private static func link(
        _ settings: SupplierSettings, _ channel: OutboxChannel, _ configuration: GatewayConfiguration
    ) throws -> any SupplierLink {
        switch settings.way {
        case .webhook(let secretFile, _):
            // `tickets` and the short form `orders` have places of their own in the file.
            let hasOwnPlace = channel == .ticket || (settings.name == "orders" && configuration.orders != nil)
            return try WebhookLink(
                settings, channel: channel, secretFile: secretFile, source: source(configuration),
                place: hasOwnPlace ? settings.name : "suppliers[\(settings.name)]")
        case .cxml(let cxml): return try CXMLLink(settings, cxml, currency: configuration.core.replenishment.currency)
        case .mail(let mail): return try MailLink(settings, mail, site: configuration.gatewayID)
        case .csv(let directory): return try DropFolderLink(settings, directory: directory, source: source(configuration))
        }
    }
}
