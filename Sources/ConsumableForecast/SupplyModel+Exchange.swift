/// Two cartridges of one device change their slots.
extension SupplyModel {
    /// Whether the cartridge that this slot has lately got is the one that was in the other slot until now, and the other way round.
    ///
    /// By serial numbers, where both tell them; otherwise by their levels, when each slot is now where the other was.
    public func hasChangedPlaces(with other: SupplyModel, reportedThere: Double?) -> Bool {
        guard let was = former, was.generation != generation else { return false }
        let before = other.beforeFall
        if serial != 0, before.serial != 0, was.serial != 0 {
            // The other slot may have told its new number with the same message already.
            return serial == before.serial && (other.serial == before.serial || other.serial == was.serial)
        }
        let isFalling = other.hasFallen || other.candidate?.direction == .farDown
        guard isFalling, let here = levelPercent, let there = before.levelPercent,
            let told = other.hasFallen ? other.levelPercent : reportedThere
        else { return false }
        let tolerance = max(2, steps.percent, other.steps.percent)
        return abs(here - there) <= tolerance && abs(told - was.levelPercent) <= tolerance
    }

    /// What was in the slot before its level fell, or is in it.
    private var beforeFall: (cartridge: Cartridge?, levelPercent: Double?, serial: UInt64) {
        if let former, former.generation == generation { return (former.cartridge, former.levelPercent, serial) }
        return (sureCartridge ?? cartridge, levelPercent, serial)
    }

    /// Each gets the cartridge of the other. In its new slot a cartridge has the next number there, because orders are numbered so.
    public mutating func changePlaces(with other: inout SupplyModel) {
        guard let mine = former else { return }
        // Nobody changed a cartridge.
        swaps.takeBack()
        let theirs = other.beforeFall
        if let known = theirs.cartridge { cartridge = known }
        if serial == 0 { serial = theirs.serial }
        other.former = FormerCartridge(
            cartridge: theirs.cartridge ?? mine.cartridge, levelPercent: theirs.levelPercent ?? mine.levelPercent,
            generation: other.generation, serial: theirs.serial)
        if other.generations < .max { other.generations += 1 }
        other.generation = other.generations
        other.cartridge = mine.cartridge
        other.levelPercent = mine.levelPercent
        other.isSomeRemaining = false
        other.serial = mine.serial
        settle()
        other.settle()
    }

    private mutating func settle() {
        lowPercent = nil
        origin = nil
        forgetStandstill()
        sureCartridge = cartridge
        forgetCandidate()
    }
}
