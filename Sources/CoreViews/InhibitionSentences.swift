import GatewayCore

extension Inhibition {
    /// In words, as `explain` says it.
    var words: String {
        switch self {
        case .late: "its evidence lies in the past, and no reading of the present has confirmed it"
        case .shelved(let shelf): "\(shelf.by) has shelved it: \(shelf.reason)"
        case .suppressed(let cause): "it is suppressed: \(cause)"
        case .maintenance(let window): "the maintenance window \(window) is open"
        case .flapping: "it flaps; a ticket was opened once"
        case .storeDamage(let reason): reason
        }
    }

    var name: String {
        switch self {
        case .late: "late"
        case .shelved: "shelved"
        case .suppressed: "suppressed"
        case .maintenance: "maintenance"
        case .flapping: "flapping"
        case .storeDamage: "storeDamage"
        }
    }
}
