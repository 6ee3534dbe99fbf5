/// The effect in a rollout with a holdout: the difference between the arms, adjusted by each device's own past (CUPED; Deng, Xu, Kohavi and
/// Walker 2013).
///
/// One row a device: y = a + effect · treatment + θ · (past − mean past) + e, so θ is pooled within the arms. Devices are what is assigned, so they are the
/// clusters. A device without a past takes the mean of the others, with a column of its own for such devices where there are enough of them: that is no bias, since
/// the assignment does not know of it.
public struct HoldoutEstimator: Sendable {
    /// Below this, t intervals of skewed outcomes are not to be trusted whatever the error.
    public static let minimumDevices = 5
    /// So many without a past, and with one, in each arm get a column.
    static let minimumWithoutPast = 3

    public let weighing: EffectWeighing
    /// Days of the outcome.
    public let window: Range<Int>
    /// Days of the device's own past; empty for none.
    public let past: Range<Int>

    public init(weighing: EffectWeighing, window: Range<Int>, past: Range<Int>) {
        self.weighing = weighing
        self.window = window
        self.past = past
    }

    public struct Result: Equatable, Sendable {
        public let estimate: EffectEstimate
        /// HC1, the error that most programs print.
        public let plainError: Double
        /// The slope on the past; nil where none was used.
        public let theta: Double?
        /// 1 − (error with the past / error without)²: what the past was worth. Negative where it did harm.
        public let varianceReduction: Double?
        public let treatmentCount: Int
        public let controlCount: Int
        public let withoutPastCount: Int
        public let excluded: [ExcludedUnit]
    }

    public func estimate(_ panel: OutcomePanel) throws(EffectObstacle) -> Result {
        let arms = panel.units.map { unit -> Bool? in
            if case .arm(let arm) = unit.assignment { return arm == .treatment }
            return nil
        }
        return try estimate(panel, isTreated: arms)
    }

    /// With arms other than the panel's own, such as those of a simulation; nil for none. One a unit.
    func estimate(_ panel: OutcomePanel, isTreated: [Bool?]) throws(EffectObstacle) -> Result {
        guard !window.isEmpty else { throw .noDays }
        var rows = Rows()
        var excluded: [ExcludedUnit] = []
        for unit in panel.units.indices {
            guard let treated = isTreated[unit] else {
                excluded.append(ExcludedUnit(id: panel.units[unit].id, reason: .notAssigned))
                continue
            }
            let (amount, exposure) = panel.sum(unit, window)
            guard exposure > 0 else {
                excluded.append(ExcludedUnit(id: panel.units[unit].id, reason: .noOutcome))
                continue
            }
            let before = panel.sum(unit, past)
            rows.outcome.append(amount / exposure)
            rows.treatment.append(treated ? 1 : 0)
            rows.weight.append(weighing == .device ? 1 : exposure)
            rows.past.append(before.exposure > 0 ? before.amount / before.exposure : nil)
        }
        let treated = rows.treatment.reduce(0) { $0 + ($1 > 0 ? 1 : 0) }
        let controls = rows.treatment.count - treated
        guard min(treated, controls) >= Self.minimumDevices else {
            throw .tooFewDevices(treatment: treated, control: controls, minimum: Self.minimumDevices)
        }
        let constant = Array(repeating: 1.0, count: rows.outcome.count)
        guard let plain = RobustRegression(outcome: rows.outcome, columns: [constant, rows.treatment], weights: rows.weight),
            let unadjusted = plain.coefficient(1), unadjusted.error > rows.rounding
        else {
            throw .noVariation
        }
        let columns = rows.pastColumns()
        let model =
            columns.isEmpty
            ? nil : RobustRegression(outcome: rows.outcome, columns: [constant, rows.treatment] + columns, weights: rows.weight)
        // Where the past tells all of the outcome, or nothing can be said of its slope, the plain difference stands.
        let adjusted = model?.coefficient(1).flatMap { $0.error > rows.rounding && $0.freedom >= 1 ? $0 : nil }
        let used = adjusted ?? unadjusted
        return Result(
            estimate: EffectEstimate(
                value: used.value, error: used.error, freedom: used.freedom,
                baseline: (adjusted == nil ? plain : model ?? plain).value(0)),
            plainError: used.plainError, theta: adjusted == nil ? nil : model?.value(2),
            varianceReduction: adjusted.map { 1 - ($0.error / unadjusted.error) * ($0.error / unadjusted.error) },
            treatmentCount: treated, controlCount: controls, withoutPastCount: rows.past.reduce(0) { $0 + ($1 == nil ? 1 : 0) },
            excluded: excluded)
    }

    /// One a device.
    private struct Rows {
        var outcome: [Double] = []
        var treatment: [Double] = []
        var weight: [Double] = []
        var past: [Double?] = []

        /// An error up to this is nothing but rounding.
        var rounding: Double { 1e-9 * outcome.reduce(0) { max($0, abs($1)) } }

        /// The past about its weighted mean, and who has none; empty where the past cannot tell devices apart.
        func pastColumns() -> [[Double]] {
            var sum = 0.0
            var known = 0.0
            for row in past.indices {
                guard let value = past[row] else { continue }
                sum += weight[row] * value
                known += weight[row]
            }
            guard known > 0 else { return [] }
            let mean = sum / known
            let column = past.map { ($0 ?? mean) - mean }
            guard column.contains(where: { abs($0) > 1e-12 * abs(mean) }) else { return [] }
            // Missing and present, by arm.
            var counts = [0, 0, 0, 0]
            for row in past.indices { counts[(past[row] == nil ? 2 : 0) + (treatment[row] > 0 ? 1 : 0)] += 1 }
            guard counts.allSatisfy({ $0 >= HoldoutEstimator.minimumWithoutPast }) else { return [column] }
            return [column, past.map { $0 == nil ? 1 : 0 }]
        }
    }
}
