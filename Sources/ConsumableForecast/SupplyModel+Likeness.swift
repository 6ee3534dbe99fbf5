/// Whether two names are of one device.
extension SupplyModel {
    /// Counts of new devices are alike.
    private static let likenessFromUnits = 500.0
    /// So many units may be used while the name changes, or so much as in a day.
    private static let unseenUnits = 20.0

    /// What the counter said first; nil where there is none.
    private var firstCounter: Double? { lastCounter.map { hasCounter ? $0 - odometer : $0 } }

    /// Whether this slot goes on where `former` ended: its first cartridge still lies in it, the counter began where the other ended, and the
    /// level is what the other cartridge may have now. Nil where a level is missing, which says neither yes nor no.
    public func goesOn(from former: SupplyModel) -> Bool? {
        guard let began = firstCounter, let ended = former.lastCounter else { return false }
        let day = former.hasCounter ? former.use.meanRate : 0
        guard generations == 1, ended >= Self.likenessFromUnits, began >= ended, began - ended <= max(Self.unseenUnits, day) else {
            return false
        }
        guard let level = levelPercent, let known = former.levelPercent else { return nil }
        let used = (former.cartridge?.perUnit ?? 0) * ((lastCounter ?? began) - ended)
        let tolerance = max(2, steps.percent, former.steps.percent)
        return level <= known + tolerance && level >= known - 2 * used - 5
    }
}
