/// Why nothing is done about an alarm that stands.
enum Inhibition: Equatable, Sendable {
    /// It is evidence of the past, which the present has not confirmed.
    case late
    case shelved(Shelf)
    case suppressed(by: String)
    case maintenance(String)
    case flapping
    case storeDamage(String)

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
