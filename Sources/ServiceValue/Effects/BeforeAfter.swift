/// What changed for devices that were treated without a comparison: descriptive only, as nothing tells what would have happened anyway.
public struct BeforeAfter: Equatable, Sendable {
    /// Mean over devices of after less before. Its interval tells how sure the change is, not what it comes from.
    public let change: EffectEstimate
    public let deviceCount: Int
    public let excluded: [ExcludedUnit]
    /// Where devices were chosen for being bad; nil too where the past is too short to tell.
    public let regression: RegressionToTheMean?

    /// What devices chosen for a bad past do without any treatment: part of their badness was chance, and does not come again (Galton 1886;
    /// Barnett, van der Pols and Dobson 2005).
    public struct RegressionToTheMean: Equatable, Sendable {
        /// Of the past's mean of one device: 1 says that all differences between devices last, 0 that none does.
        public let reliability: Double
        public let chosenMean: Double
        public let fleetMean: Double
        /// −(1 − reliability) · (chosen − fleet).
        public var expectedChange: Double { (reliability - 1) * (chosenMean - fleetMean) }
    }

    /// - Parameters:
    ///   - panel: the whole fleet.
    ///   - chosen: ids of the treated.
    ///   - wereBad: they were chosen by this outcome in `past`.
    public init(
        _ panel: OutcomePanel, chosen: Set<String>, past: Range<Int>, window: Range<Int>, weighing: EffectWeighing, wereBad: Bool
    ) throws(EffectObstacle) {
        guard !past.isEmpty, !window.isEmpty else { throw .noDays }
        var differences: [Double] = []
        var weights: [Double] = []
        var before = 0.0
        var excluded: [ExcludedUnit] = []
        for (place, unit) in panel.units.enumerated() where chosen.contains(unit.id) {
            let first = panel.sum(place, past)
            let second = panel.sum(place, window)
            guard first.exposure > 0, second.exposure > 0 else {
                excluded.append(ExcludedUnit(id: unit.id, reason: .noOutcome))
                continue
            }
            let weight = weighing == .device ? 1 : second.exposure
            differences.append(second.amount / second.exposure - first.amount / first.exposure)
            weights.append(weight)
            before += weight * first.amount / first.exposure
        }
        guard differences.count >= 2 else { throw .tooFewDevices(treatment: differences.count, control: 0, minimum: 2) }
        let constant = Array(repeating: 1.0, count: differences.count)
        guard let mean = RobustRegression(outcome: differences, columns: [constant], weights: weights)?.coefficient(0), mean.error > 0
        else {
            throw .noVariation
        }
        change = EffectEstimate(
            value: mean.value, error: mean.error, freedom: mean.freedom, baseline: before / weights.reduce(0, +))
        deviceCount = differences.count
        self.excluded = excluded
        regression = wereBad ? RegressionToTheMean(panel, chosen: chosen, past: past) : nil
    }
}

extension BeforeAfter.RegressionToTheMean {
    /// From the whole fleet's past: the slope of its second half on its first is the reliability of a half, and the whole is
    /// more reliable by the formula of Spearman and Brown (1910).
    init?(_ panel: OutcomePanel, chosen: Set<String>, past: Range<Int>) {
        let middle = past.lowerBound + past.count / 2
        var first: [Double] = []
        var second: [Double] = []
        var all: [Double] = []
        var some: [Double] = []
        for (place, unit) in panel.units.enumerated() {
            let whole = panel.sum(place, past)
            guard whole.exposure > 0 else { continue }
            all.append(whole.amount / whole.exposure)
            if chosen.contains(unit.id) { some.append(whole.amount / whole.exposure) }
            let early = panel.sum(place, past.lowerBound..<middle)
            let late = panel.sum(place, middle..<past.upperBound)
            guard early.exposure > 0, late.exposure > 0 else { continue }
            first.append(early.amount / early.exposure)
            second.append(late.amount / late.exposure)
        }
        let ones = Array(repeating: 1.0, count: first.count)
        guard first.count >= 10, !some.isEmpty, let fit = RobustRegression(outcome: second, columns: [ones, first], weights: ones) else {
            return nil
        }
        let half = min(1, max(0, fit.value(1)))
        reliability = 2 * half / (1 + half)
        chosenMean = some.reduce(0, +) / Double(some.count)
        fleetMean = all.reduce(0, +) / Double(all.count)
    }
}
