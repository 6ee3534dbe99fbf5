import GatewayCore
import SQLiteStore

/// What is known of a delivery whose key is in the outbox already.
enum KnownKey: Equatable {
    /// It is the same delivery and still waits: its report will tell the core.
    case waits
    /// It is the same delivery and came to its end before: there will be no report any more.
    case ended(DeliveryOutcome, detail: String?)
    /// Another delivery has the key, so its reports do not apply to this one.
    case foreign

    init(_ entry: OutboxEntry, known: OutboxDelivery) {
        guard known.entry.device.utf8.elementsEqual(entry.device.utf8), known.entry.channel == entry.channel else {
            self = .foreign
            return
        }
        switch known.state {
        // The key is a hash of what the delivery is about, so an entry with another text is the same delivery; the caller logs it.
        case .open: self = .waits
        case .delivered: self = .ended(.delivered, detail: "it was delivered before")
        case .abandoned: self = .ended(.abandoned, detail: known.lastError)
        }
    }
}
