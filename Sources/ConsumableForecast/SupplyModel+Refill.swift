import Glibc

/// Supplies that are topped up in place: ink tanks, granulate, resin, coolant, oil, paper. What is in the slot stays, and so does what is known of
/// its use; only the level is another one.
extension SupplyModel {
    /// A smaller rise is the trembling of a sensor, or a tank that was tilted.
    static let smallestRefillPercent = 3.0

    /// Share of what a unit was believed to use that it uses at least, whatever a standing level says.
    static let leastYieldShare = 0.8

    /// Rises of at least this are refills once they stay.
    private var leastRefill: Double { max(Self.smallestRefillPercent, 1.5 * steps.percent, 4 * (steps.jitterVariance ?? 0).squareRoot()) }

    /// Keeps refills out of what is learned of the trembling; a rise that went back was none.
    mutating func trembleUnlessRefilled(_ level: Double) {
        guard let accepted = levelPercent else { return steps.tremble(level) }
        if level - accepted >= leastRefill { return steps.see(level) }
        if candidate?.direction == .refill {
            let raised = steps.last
            steps.see(accepted)
            steps.tremble(raised)
        }
        steps.tremble(level)
    }

    /// A rise that no trembling explains, or a level far above what the use since the last reading has left; nil for any other.
    func refillDirection(from accepted: Double, to level: Double) -> LevelCandidate.Direction? {
        if level - accepted >= leastRefill { return .refill }
        return level > accepted && isFarAboveBelief(level) ? .refill : nil
    }

    /// What was poured in while nobody looked hides behind the use of that time. Without this the yield would explain it.
    func isFarAboveBelief(_ level: Double) -> Bool {
        guard let cartridge, cartridge.hasYield else { return false }
        let error = (cartridge.leftVariance + (steps.jitterVariance ?? 0)).squareRoot()
        return level - cartridge.left > Self.smallestRefillPercent + steps.percent + 3 * error
    }

    /// The level has fallen, which no refill does: what is believed of the yield now is the tank's.
    mutating func rememberYield() {
        guard let cartridge, cartridge.hasYield else { return }
        yieldLog = log(cartridge.perUnit)
        yieldLogVariance = cartridge.perUnitVariance / (cartridge.perUnit * cartridge.perUnit)
    }

    /// The level stands, though something was used: the yield is a better one, or as much as was used was poured in within one step of the
    /// level. So only so much is taken for the yield.
    mutating func holdYield() {
        guard yieldLogVariance >= 0, let present = cartridge else { return }
        let least = exp(yieldLog) * Self.leastYieldShare
        if present.perUnit < least { cartridge?.learnYield(least, relativeVariance: yieldLogVariance + 0.01) }
    }

    /// The level after a refill. As much as a new cartridge holds at least is the next generation, because orders are for one each; less leaves it.
    mutating func refill(to level: Double, from accepted: Double, _ resolution: Double) -> SupplyChange {
        // What was told last, less what was used since.
        let used = sureCartridge.flatMap { sure in cartridge.map { sure.left - $0.left } } ?? 0
        let left = min(max(accepted - used, 0), accepted)
        let amount = level - left
        correct(level, resolution)
        former = nil
        // What was poured in may be of another make.
        cartridge?.widenYield(relativeVariance: Self.variationWithinSlot * Self.variationWithinSlot * amount / 100)
        guard amount >= Self.newGenerationPercent else { return .refilled(fromPercent: accepted, toPercent: level) }
        swaps.note(left)
        beginGeneration()
        return .newGeneration(residualPercent: left)
    }

    /// Numbers the next generation: what was ordered for this one was poured in.
    public mutating func beginGeneration() {
        if generations < .max { generations += 1 }
        generation = generations
        former = nil
        isSomeRemaining = false
        lowPercent = nil
    }
}
