import Glibc

/// One cartridge follows another: what the old one taught, and what is believed of the new one.
extension SupplyModel {
    /// Cartridges of one slot differ by this share.
    static let variationWithinSlot = 0.06

    /// A new cartridge lies in the slot. `level` is nil when the device says only that some remains.
    mutating func replace(with level: Double?, residual: Double, _ fleet: inout FleetPriors) -> SupplyChange {
        let before = candidate?.beforeUnits ?? sureOdometer
        let since = candidate?.sinceUnits ?? odometer
        var thrownAway = residual
        if let old = sureCartridge ?? cartridge {
            let (unseen, spread) = unseenUse(of: old, total: since - before, level: level)
            thrownAway = bury(old, unseen: unseen, spread: spread, &fleet) ?? residual
            former = FormerCartridge(
                cartridge: old, levelPercent: levelPercent ?? residual, generation: generation, serial: serial)
        } else {
            swaps.note(nil)
        }
        forgetCandidate()
        if generations < .max { generations += 1 }
        generation = generations
        forgetStandstill()
        levelPercent = level
        isSomeRemaining = level == nil
        lowPercent = nil
        let step = steps.percent
        let isFull = level.map { $0 >= 100 - 1.5 * step || $0 >= 85 } ?? true
        cartridge = Cartridge(left: isFull ? 100 : (level ?? 100) - step / 2, leftVariance: isFull ? 0.3 : step * step / 12 + 0.1)
        startYield(fleet)
        // It came somewhere between two readings.
        let used = odometer - since + (since - before) / 2
        let (perDay, coverage) = (unitsPerDay, coverageVariation)
        if used > 0 { cartridge?.use(units: used, unitsPerDay: perDay, coverageVariation: coverage) }
        if let perUnit = cartridge?.perUnit, since > before {
            let width = perUnit * (since - before)
            cartridge?.leftVariance += width * width / 12
        }
        if let level, cartridge?.hasYield == true, steps.jitterVariance == nil {
            let bounds = steps.bounds(level, resolution: 0)
            cartridge?.condition(low: bounds.low, high: bounds.high)
        }
        origin = (isFull ? 100 : level ?? 100, before + (since - before) / 2, isFull)
        return .newGeneration(residualPercent: max(0, min(thrownAway, 100)))
    }

    /// What the old cartridge gave between its last reading and its end, and how sure that is (a quarter of a uniform's width).
    /// Where the new one tells its level in fine steps, it tells what of that was its own.
    private func unseenUse(of old: Cartridge, total: Double, level: Double?) -> (units: Double, spread: Double) {
        guard old.hasYield, let level, level >= 85, steps.percent <= 2, steps.jitterVariance == nil else { return (total / 2, total / 4) }
        let sinceCandidate = (odometer - (candidate?.sinceUnits ?? odometer))
        let own = (100 - level + (level < 100 ? steps.percent / 2 : steps.percent / 3)) / old.perUnit - sinceCandidate
        let units = min(max(total - own, 0), total)
        return (units, min(total / 4, 0.4 * steps.percent / old.perUnit + 0.1 * own))
    }

    mutating func startYield(_ fleet: FleetPriors) {
        guard yieldLogVariance >= 0 else { return }
        let variance = yieldLogVariance + Self.variationWithinSlot * Self.variationWithinSlot
        cartridge?.learnYield(exp(yieldLog + variance / 2), relativeVariance: exp(variance) - 1)
    }

    /// Conditions the old cartridge on having ended near one of the levels at which cartridges end, which refines its yield, and learns from
    /// it. Returns the percent that were left in it; nil without a yield.
    private mutating func bury(_ cartridge: Cartridge, unseen: Double, spread unseenSpread: Double, _ fleet: inout FleetPriors) -> Double? {
        var old = cartridge
        guard old.hasYield else {
            swaps.note(nil)
            return nil
        }
        old.use(units: unseen, unitsPerDay: unitsPerDay, coverageVariation: coverageVariation)
        let shares = fleet.endShares
        var posterior = SIMD8<Double>(repeating: 0)
        var mean = 0.0
        var square = 0.0
        let spread = 0.7 + old.perUnit * max(unseenSpread, 0)
        let binVariance = spread * spread
        for bin in 0..<FleetPriors.endBins {
            let end = FleetPriors.endLevels[bin]
            let variance = old.leftVariance + binVariance
            let gap = end - old.left
            let weight = shares[bin] * exp(-0.5 * gap * gap / variance) / variance.squareRoot()
            let gain = old.leftVariance / variance
            let place = old.left + gain * gap
            posterior[bin] = weight
            mean += weight * place
            square += weight * (place * place + old.leftVariance * (1 - gain))
        }
        let sum = posterior.sum()
        // It was replaced half full, or its level was wrong: nothing is learned from it.
        guard sum > 0.002 else {
            swaps.note(old.left)
            // Where people always change it there, its level was right, and the yield may be learned.
            if let habit = habit(fleet), abs(old.left - habit.percent) < 3 * habit.spread { learn(old) }
            return old.left
        }
        fleet.learnEnd(posterior / sum)
        mean /= sum
        swaps.note(mean)
        old.update(mean: mean, variance: max(square / sum - mean * mean, 0.05))
        learn(old)
        return mean
    }

    private mutating func learn(_ old: Cartridge) {
        let value = log(old.perUnit)
        let own = old.perUnitVariance / (old.perUnit * old.perUnit) + Self.variationWithinSlot * Self.variationWithinSlot
        guard value.isFinite, own.isFinite, own < 0.5 else { return }
        // Another kind of cartridge (XL, refill) makes what was known worthless.
        guard yieldLogVariance >= 0, abs(value - yieldLog) < 0.5 else {
            yieldLog = value
            yieldLogVariance = own
            return
        }
        let known = yieldLogVariance + 0.0004
        let gain = known / (known + own)
        yieldLog += gain * (value - yieldLog)
        yieldLogVariance = known * (1 - gain)
    }

    /// The cartridge before, put back: its level is where it was, and no counter explains the leap.
    mutating func reinserted(_ level: Double) -> SupplyChange? {
        guard serial == 0, let back = former, back.generation != generation, back.cartridge.left < 90,
            abs(level - back.levelPercent) <= max(2, steps.percent)
        else {
            return nil
        }
        return putBack(back, level)
    }

    private mutating func putBack(_ back: FormerCartridge, _ level: Double?) -> SupplyChange? {
        guard let present = sureCartridge ?? cartridge else { return nil }
        if back.generation < generation { swaps.takeBack() } else { swaps.note(nil) }
        former = FormerCartridge(
            cartridge: present, levelPercent: levelPercent ?? level ?? back.levelPercent, generation: generation,
            serial: serial)
        generation = back.generation
        cartridge = back.cartridge
        forgetStandstill()
        levelPercent = level
        isSomeRemaining = level == nil
        lowPercent = nil
        forgetCandidate()
        return .reinserted(generation: generation)
    }

    /// A serial number or tag that was never seen is a new cartridge as soon as it stays. One that was seen before is not: it is the cartridge
    /// before, or else a tag that is used again, of which the level tells.
    mutating func changedSerial(
        _ reported: UInt64?, _ time: Int64, level: Double?, _ fleet: inout FleetPriors
    ) -> SupplyChange? {
        guard let reported, reported != 0, reported != serial else {
            if candidate?.direction == .serial { forgetCandidate() }
            return nil
        }
        let isSeen = seenSerials[0] == reported || seenSerials[1] == reported || seenSerials[2] == reported || seenSerials[3] == reported
        if serial != 0, let back = former, back.serial == reported, (level ?? 0) <= back.levelPercent + max(2, steps.percent) {
            guard candidateStays(.serial, serial: reported, time) else { return SupplyChange.none }
            let change = putBack(back, level)
            serial = reported
            return change
        }
        // A new cartridge was known by its level, and only now tells its number: it still has that of the one before.
        let isToldLate =
            former.map { $0.serial == serial && $0.generation != generation } == true
            && (levelPercent ?? 100) <= (level ?? 100) + Self.newGenerationPercent
        if serial == 0 || isSeen || isToldLate {
            if !isSeen { remember(reported) }
            serial = reported
            return nil
        }
        guard candidateStays(.serial, serial: reported, time) else { return SupplyChange.none }
        let change = replace(with: level, residual: levelPercent ?? 0, &fleet)
        serial = reported
        remember(reported)
        return change
    }

    private mutating func remember(_ reported: UInt64) {
        seenSerials = SIMD4(reported, seenSerials[0], seenSerials[1], seenSerials[2])
    }
}
