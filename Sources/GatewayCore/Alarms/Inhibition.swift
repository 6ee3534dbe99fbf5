/// Why nothing is done about an alarm that stands.
package enum Inhibition: Equatable, Sendable {
    /// It is evidence of the past, which the present has not confirmed.
    case late
    case shelved(Shelf)
    case suppressed(by: String)
    case maintenance(String)
    case flapping
    case storeDamage(String)
}
