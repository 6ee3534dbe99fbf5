/// What a level says: more of the same cartridge, another one, or nothing yet.
extension SupplyModel {
    mutating func number(
        _ level: Double, _ resolution: Double, _ isRefillable: Bool, _ fall: LevelFall?, _ time: Int64, _ fleet: inout FleetPriors
    ) -> SupplyChange {
        if isRefillable { trembleUnlessRefilled(level) } else { steps.tremble(level) }
        if lowPercent != nil, let change = numberAfterLow(level, time, &fleet) { return change }
        guard let accepted = levelPercent else { return firstNumber(level, resolution, time, &fleet) }
        if let fall, fall.fromPercent == nil, level > accepted + Self.bottomPercent,
            fall.isRefuted(byPercent: level, step: steps.percent, atMilliseconds: time)
        {
            guard candidateStays(.farUp, time) else { return .none }
            return restore(level, from: accepted, resolution)
        }
        if let direction = (isRefillable ? refillDirection(from: accepted, to: level) : nil) ?? direction(from: accepted, to: level) {
            guard candidateStays(direction, time) else { return .none }
            return accept(level, instead: accepted, direction, resolution, isRefillable, fall, time, &fleet)
        }
        if candidate?.direction == .someUp { steps.someReturns = min(steps.someReturns + 1, 1_000) }
        forgetCandidate()
        if isRefillable, isFarAboveBelief(level) {
            correct(level, resolution)
            return level == accepted ? .none : .levelChanged(fromPercent: accepted, toPercent: level)
        }
        if let variance = steps.jitterVariance {
            tremblingLevel(level, variance)
        } else if level < accepted {
            // Both bounds tell something on entering a step; inside it only the lower one does.
            steps.accept(level)
            learnRounding(from: accepted, to: level)
            let bounds = steps.bounds(level, resolution: resolution)
            cartridge?.condition(low: bounds.low, high: bounds.high)
            guessYield(level)
            if isRefillable { rememberYield() }
        } else if let present = cartridge, present.hasYield {
            let low = steps.bounds(level, resolution: resolution).low
            if present.left - low < 3 * present.leftVariance.squareRoot() { cartridge?.condition(low: low, high: 1_000) }
            if isRefillable { holdYield() }
        }
        guard level < accepted || (level > accepted && steps.jitterVariance != nil) else { return .none }
        levelPercent = level
        noteStandstill(from: accepted, to: level, fleet)
        return .levelChanged(fromPercent: accepted, toPercent: level)
    }

    /// A device that knows only 0 and 100 said 100, then by a word or a code that it is low, and now 100 again: when that stays for half a day,
    /// another cartridge is in the slot. Nil where a number is simply what it says.
    private mutating func numberAfterLow(_ level: Double, _ time: Int64, _ fleet: inout FleetPriors) -> SupplyChange? {
        guard let left = lowPercent, let accepted = levelPercent, steps.knowsOnlyEnds, level > 0, level == accepted else {
            lowPercent = nil
            return nil
        }
        guard candidateStays(.someUp, time) else { return SupplyChange.none }
        return replace(with: level, residual: Double(left), &fleet)
    }

    private mutating func learnRounding(from accepted: Double, to level: Double) {
        guard let origin, origin.isEdge, origin.level == 100, accepted == 100, 100 - level == steps.percent else { return }
        guard let cartridge, cartridge.hasYield, yieldLogVariance >= 0 else { return }
        steps.learnRounding(usedPercent: (odometer - origin.units) * cartridge.perUnit)
    }

    private mutating func tremblingLevel(_ level: Double, _ variance: Double) {
        steps.accept(level)
        // At the ends of the scale the trembling is cut off.
        if level < 98, level > 0 { cartridge?.measure(level - 0.5, variance: 1.5 * variance + 0.1) }
        guessYield(level)
    }

    /// The first number, or the first after "some remaining".
    private mutating func firstNumber(
        _ level: Double, _ resolution: Double, _ time: Int64, _ fleet: inout FleetPriors
    ) -> SupplyChange {
        // A device that wakes says 100 for a moment; a low number is what it counts.
        if isSomeRemaining, level > max(steps.someAbove + 3, 60) {
            guard candidateStays(.farUp, time) else { return .none }
        }
        forgetCandidate()
        steps.accept(level)
        let step = max(steps.percent, resolution)
        if isSomeRemaining, level <= 60 { steps.someAbove = max(steps.someAbove, level) }
        if let present = cartridge, present.hasYield, isSomeRemaining {
            let bounds = steps.bounds(level, resolution: resolution)
            cartridge?.condition(low: bounds.low, high: bounds.high)
        } else {
            let full = level >= 100
            cartridge = Cartridge(left: level - step / 2, leftVariance: step * step / 12 + 0.01)
            if full, step > 5 { cartridge?.place(95, variance: 20) }
            startYield(fleet)
        }
        origin = (level, odometer, isSomeRemaining)
        isSomeRemaining = false
        levelPercent = level
        return .levelChanged(fromPercent: nil, toPercent: level)
    }

    /// "Some remaining": above the level below which this device counts, once that is known.
    mutating func some(_ low: Double, _ time: Int64, _ fleet: inout FleetPriors) -> SupplyChange {
        guard let level = levelPercent else {
            // What said "low" and says for half a day that there is some has another cartridge.
            if let left = lowPercent {
                guard candidateStays(.someUp, time) else { return .none }
                return replace(with: nil, residual: Double(left), &fleet)
            }
            forgetCandidate()
            if !isSomeRemaining, cartridge == nil { cartridge = Cartridge(left: 60, leftVariance: 530) }
            isSomeRemaining = true
            let bound = max(low, steps.someAbove)
            if let present = cartridge, present.hasYield, present.left - bound < 3 * present.leftVariance.squareRoot() {
                cartridge?.condition(low: bound, high: 1_000)
            }
            return .none
        }
        // It wakes, and what it said while waking was no level.
        if candidate?.direction == .farUp { forgetCandidate() }
        // A device that says so now and then, whatever the level, tells nothing by it. One that knows no numbers means it.
        let isAbove = steps.someAbove > 0 && level < steps.someAbove - 2
        guard steps.someReturns < 3, isAbove || (level == 0 && steps.knowsOnlyEnds) else { return .none }
        guard candidateStays(.someUp, time) else { return .none }
        return replace(with: nil, residual: level, &fleet)
    }

    /// An interval such as "low": not above, not below.
    mutating func between(_ low: Double, _ high: Double) -> SupplyChange {
        if candidate?.direction == .someUp { forgetCandidate() }
        lowPercent = high <= Self.highestLowPercent ? Float((low + high) / 2) : nil
        guard let present = cartridge else {
            cartridge = Cartridge(left: (low + high) / 2, leftVariance: (high - low) * (high - low) / 12 + 0.01)
            return .none
        }
        let isNews = present.left > high || present.left < low
        cartridge?.condition(low: low, high: high)
        return isNews ? .levelChanged(fromPercent: levelPercent, toPercent: high) : .none
    }

    /// nil for a level that needs no proof: the same, or a little lower.
    ///
    /// Inlined, because a call of it copies the whole model.
    @inline(__always)
    private func direction(from accepted: Double, to level: Double) -> LevelCandidate.Direction? {
        let far = max(Self.newGenerationPercent, 1.5 * steps.percent)
        if level >= accepted + far { return .farUp }
        if isUnlikely(level, after: accepted, far) { return .unlikelyUp }
        let jitter = steps.jitterVariance != nil
        if level > accepted { return jitter ? nil : .slightlyUp }
        guard level <= accepted - far, accepted - level > 2 * steps.percent else { return nil }
        // What the counter foretold needs no proof.
        if let cartridge, cartridge.hasYield, cartridge.left < level + steps.percent + 3 * cartridge.leftVariance.squareRoot() {
            return nil
        }
        // A drop to 0 for one reading and back would otherwise look like a new cartridge.
        return .farDown
    }

    /// A smaller rise is a new cartridge, too, when so much was used since the last level that the old one cannot have it (a swap during a
    /// long silence), or when its own counter began anew at it.
    @inline(__always)
    private func isUnlikely(_ level: Double, after accepted: Double, _ far: Double) -> Bool {
        guard level > accepted, steps.jitterVariance == nil else { return false }
        if candidate?.direction == .unlikelyUp { return true }
        if hasCounterBegunAnew, level >= 85 { return true }
        guard let cartridge, cartridge.hasYield, yieldLogVariance >= 0 else { return false }
        return cartridge.left + 3 * cartridge.leftVariance.squareRoot() < level - far
    }

    mutating func candidateStays(_ direction: LevelCandidate.Direction, serial: UInt64? = nil, _ time: Int64) -> Bool {
        guard var known = candidate, known.direction == direction, known.serial == serial else {
            candidate = LevelCandidate(
                direction: direction, serial: serial, timeMilliseconds: time, units: odometer, beforeUnits: sureOdometer)
            return false
        }
        let stays = known.stays(atMilliseconds: time)
        candidate = known
        return stays
    }

    mutating func forgetCandidate() { candidate = nil }

    private mutating func accept(
        _ level: Double, instead accepted: Double, _ direction: LevelCandidate.Direction, _ resolution: Double,
        _ isRefillable: Bool, _ fall: LevelFall?, _ time: Int64, _ fleet: inout FleetPriors
    ) -> SupplyChange {
        if direction == .farUp || direction == .unlikelyUp || direction == .refill, let fall, let back = former,
            back.generation == generation,
            fall.isRefuted(byPercent: level, step: steps.percent, atMilliseconds: time)
        {
            cartridge = back.cartridge
            former = nil
            return restore(level, from: accepted, resolution)
        }
        if isRefillable, level - accepted >= Self.smallestRefillPercent || direction == .refill {
            return refill(to: level, from: accepted, resolution)
        }
        if direction == .farUp || direction == .farDown, let back = reinserted(level) { return back }
        if direction == .farUp || direction == .unlikelyUp { return replace(with: level, residual: accepted, &fleet) }
        if direction == .farDown, !steps.knowsOnlyEnds, let present = sureCartridge ?? cartridge {
            // Should the fall turn out to be false.
            former = FormerCartridge(cartridge: present, levelPercent: accepted, generation: generation, serial: serial)
        }
        correct(level, resolution)
        return .levelChanged(fromPercent: accepted, toPercent: level)
    }

    /// The fall before was false: the cartridge was there all the time.
    private mutating func restore(_ level: Double, from accepted: Double, _ resolution: Double) -> SupplyChange {
        correct(level, resolution)
        return .restored(fromPercent: accepted, toPercent: level)
    }

    mutating func correct(_ level: Double, _ resolution: Double) {
        forgetCandidate()
        forgetStandstill()
        steps.accept(level)
        let step = max(steps.percent, resolution)
        // A shaken cartridge, a better guess of the device: the level is true, but the yield has no part in it.
        let bounds = steps.bounds(level, resolution: resolution)
        cartridge?.place(max((bounds.low + bounds.high) / 2, 0), variance: step * step / 12 + 0.1)
        origin = (level, odometer, false)
        levelPercent = level
    }

    /// A first guess of the yield, once the level fell far enough from a sure place.
    mutating func guessYield(_ level: Double) {
        guard let present = cartridge, !present.hasYield else { return }
        let noise = (steps.jitterVariance ?? 0).squareRoot()
        guard let start = origin else {
            origin = (level, odometer, true)
            return
        }
        if !start.isEdge, level < start.level, noise == 0 {
            origin = (level, odometer, true)
            return
        }
        let drop = start.level - level
        let units = odometer - start.units
        guard drop >= max(steps.percent, 3, 5 * noise), units > 0 else { return }
        // From edge to edge the level is known to what one report's use hides.
        let place = (start.isEdge ? 0.07 : 0.25) * steps.percent / drop
        let tremble = 1.4 * noise / drop
        cartridge?.learnYield(drop / units, relativeVariance: 0.015 + place * place + tremble * tremble + 0.1 / drop)
        let top = steps.bounds(level, resolution: 0).high
        cartridge?.place(top - 0.25 * min(steps.percent, 2), variance: 0.3 + noise * noise)
    }
}
