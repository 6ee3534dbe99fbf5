/// What may be said of an effect.
public enum EffectResult: Equatable, Sendable {
    case estimated(EffectEstimate)
    /// There is an estimate, and it is not to be shown, because a check says that the comparison does not hold.
    case withheld(Withholding)
    /// Before and after, without a comparison.
    case descriptive(BeforeAfter)
    case unknown(EffectObstacle)

    public enum Withholding: Equatable, Sendable {
        /// The same comparison before the start claims an effect, of which there was none.
        case placebo(EffectEstimate)
        case sampleRatio(SampleRatioTest)
    }
}

/// An effect with all that a reader needs to judge it.
public struct EffectReport: Equatable, Sendable {
    /// The A/A test: the estimator over days before the start, as if the start had been earlier.
    public enum Placebo: Equatable, Sendable {
        case done(EffectEstimate)
        /// There is too little of a past; the estimate then stands untested, and a page says so.
        case impossible(EffectObstacle)
    }

    public let result: EffectResult
    public let placebo: Placebo?
    public let groups: [GroupCount]
    /// With a holdout.
    public let sampleRatio: SampleRatioTest?
    public let balance: [BalanceCheck]
    public let switched: [SwitchedUnit]
    public let excluded: [ExcludedUnit]
    /// Of a rollout in steps: by blocks after adoption, from 0. Empty where the estimate is withheld.
    public let events: [EffectEstimate]

    /// - Parameters:
    ///   - panel: with the assignments of `design`.
    ///   - blockDays: of a rollout in steps; the days between steps are whole blocks.
    public init(_ design: RolloutDesign, _ panel: OutcomePanel, blockDays: Int = 7) {
        switch design.scheme {
        case .holdout(let holdout):
            self = Self.holdout(
                panel, weighing: design.outcome.weighing, past: design.past, window: design.window, plannedShare: holdout.share)
        case .stepped:
            self = Self.stepped(
                panel, unit: .site, weighing: design.outcome.weighing, window: design.past.lowerBound..<design.endDay,
                start: design.startDay, blockDays: blockDays)
        }
    }

    private init(
        result: EffectResult, placebo: Placebo?, groups: [GroupCount], sampleRatio: SampleRatioTest?, balance: [BalanceCheck],
        switched: [SwitchedUnit], excluded: [ExcludedUnit], events: [EffectEstimate]
    ) {
        self.result = result
        self.placebo = placebo
        self.groups = groups
        self.sampleRatio = sampleRatio
        self.balance = balance
        self.switched = switched
        self.excluded = excluded
        self.events = events
    }

    /// Before and after alone.
    public init(descriptive: BeforeAfter) {
        self.init(
            result: .descriptive(descriptive), placebo: nil, groups: [], sampleRatio: nil, balance: [], switched: [],
            excluded: descriptive.excluded, events: [])
    }

    /// Arms of a panel, whoever assigned them.
    public static func holdout(
        _ panel: OutcomePanel, weighing: EffectWeighing, past: Range<Int>, window: Range<Int>, plannedShare: Double
    ) -> EffectReport {
        let isTreated = panel.units.map { unit -> Bool? in
            if case .arm(let arm) = unit.assignment { return arm == .treatment }
            return nil
        }
        let placebo = placebo(holdout: panel, weighing: weighing, past: past, window: window)
        var sampleRatio: SampleRatioTest?
        var excluded: [ExcludedUnit] = []
        let result: EffectResult
        do throws(EffectObstacle) {
            let found = try HoldoutEstimator(weighing: weighing, window: window, past: past).estimate(panel)
            excluded = found.excluded
            let test = SampleRatioTest(treatmentCount: found.treatmentCount, controlCount: found.controlCount, plannedShare: plannedShare)
            sampleRatio = test
            result = test.isMismatch ? .withheld(.sampleRatio(test)) : gated(found.estimate, placebo)
        } catch {
            result = .unknown(error)
        }
        return EffectReport(
            result: result, placebo: placebo, groups: GroupCount.count(panel, past: past, window: window), sampleRatio: sampleRatio,
            balance: BalanceCheck.check(panel, past: past, isTreated: isTreated),
            switched: SwitchedUnit.find(panel, days: past.lowerBound..<window.upperBound, start: window.lowerBound), excluded: excluded,
            events: [])
    }

    /// As if the start had been in the middle of the past.
    static func placebo(holdout panel: OutcomePanel, weighing: EffectWeighing, past: Range<Int>, window: Range<Int>) -> Placebo {
        let start = past.upperBound - min(window.count, past.count / 2)
        do throws(EffectObstacle) {
            return .done(
                try HoldoutEstimator(weighing: weighing, window: start..<past.upperBound, past: past.lowerBound..<start).estimate(panel)
                    .estimate)
        } catch {
            return .impossible(error)
        }
    }

    /// Adoptions of a panel, whoever ordered them.
    ///
    /// - Parameters:
    ///   - window: with the past.
    ///   - start: the day of the first step.
    public static func stepped(
        _ panel: OutcomePanel, unit: StaggeredEstimator.Unit, method: StaggeredEstimator.Method = .efficient, weighing: EffectWeighing,
        window: Range<Int>, start: Int, blockDays: Int
    ) -> EffectReport {
        // The whole past is compared, where the method can tell how much of it helps.
        let pastBlocks = blockDays > 0 ? (start - window.lowerBound) / blockDays : 0
        let estimator = StaggeredEstimator(
            unit: unit, method: method, weighing: weighing, window: window, blockDays: blockDays,
            baseBlocks: method == .efficient ? pastBlocks : 1)
        var placebo = Placebo.impossible(.noDays)
        var excluded: [ExcludedUnit] = []
        var events: [EffectEstimate] = []
        let result: EffectResult
        do throws(EffectObstacle) {
            let blocks = try estimator.blocks(panel)
            excluded = blocks.excluded
            placebo = Self.placebo(estimator, blocks)
            result = gated(try estimator.estimate(blocks).estimate, placebo)
            if case .estimated = result {
                for distance in 0..<blocks.blockCount {
                    guard let event = try? estimator.estimate(blocks, .event(distance)) else { break }
                    events.append(event.estimate)
                }
            }
        } catch {
            result = .unknown(error)
        }
        let past = window.lowerBound..<max(window.lowerBound, start)
        return EffectReport(
            result: result, placebo: placebo, groups: GroupCount.count(panel, past: past, window: start..<max(start, window.upperBound)),
            sampleRatio: nil, balance: BalanceCheck.check(panel, past: past, isTreated: earlyHalf(panel)),
            switched: SwitchedUnit.find(panel, days: window, start: start), excluded: excluded, events: events)
    }

    /// As if each unit had adopted earlier by half of the blocks before the first adoption, and with nothing of what came after it did.
    static func placebo(_ estimator: StaggeredEstimator, _ blocks: StaggeredPanel) -> Placebo {
        let first = blocks.adoption.compactMap(\.self).min() ?? 0
        let early = first / 2
        guard early > 0 else { return .impossible(.noDays) }
        let tester = StaggeredEstimator(
            unit: estimator.unit, method: estimator.method, weighing: estimator.weighing, window: estimator.window,
            blockDays: estimator.blockDays, baseBlocks: min(estimator.baseBlocks, first - early))
        do throws(EffectObstacle) { return .done(try tester.estimate(blocks, early: early).estimate) } catch { return .impossible(error) }
    }

    /// Who adopts among the first half of the steps, for a comparison of the past; nil where nothing was assigned.
    private static func earlyHalf(_ panel: OutcomePanel) -> [Bool?] {
        let days = panel.units.compactMap { unit -> Int? in
            if case .adopts(let day) = unit.assignment { return day ?? .max }
            return nil
        }
        let steps = Set(days).sorted()
        let middle = steps.isEmpty ? Int.min : steps[(steps.count - 1) / 2]
        return panel.units.map { unit in
            if case .adopts(let day) = unit.assignment { return (day ?? .max) <= middle }
            return nil
        }
    }

    private static func gated(_ estimate: EffectEstimate, _ placebo: Placebo) -> EffectResult {
        if case .done(let test) = placebo, test.claimsEffect { return .withheld(.placebo(test)) }
        return .estimated(estimate)
    }
}
