/// How many devices and how much exposure a group has before and after the start.
public struct GroupCount: Equatable, Sendable {
    public enum Group: Hashable, Sendable {
        case arm(RolloutArm)
        /// The day of adoption; nil for never.
        case step(Int?)
    }
    public let group: Group
    public var assignedCount = 0
    public var pastCount = 0
    public var pastExposure = 0.0
    public var windowCount = 0
    public var windowExposure = 0.0

    static func count(_ panel: OutcomePanel, past: Range<Int>, window: Range<Int>) -> [GroupCount] {
        var groups: [Group: GroupCount] = [:]
        for (place, unit) in panel.units.enumerated() {
            let group: Group
            switch unit.assignment {
            case .none: continue
            case .arm(let arm): group = .arm(arm)
            case .adopts(let day): group = .step(day)
            }
            let before = panel.sum(place, past).exposure
            let after = panel.sum(place, window).exposure
            var count = groups[group] ?? GroupCount(group: group)
            count.assignedCount += 1
            count.pastCount += before > 0 ? 1 : 0
            count.pastExposure += before
            count.windowCount += after > 0 ? 1 : 0
            count.windowExposure += after
            groups[group] = count
        }
        return groups.values.sorted { $0.group.order < $1.group.order }
    }
}

extension GroupCount.Group {
    /// Treatment before control, steps by day, never last.
    fileprivate var order: Int {
        switch self {
        case .arm(let arm): arm == .treatment ? .min : .min + 1
        case .step(let day): day ?? .max
        }
    }
}

/// Whether the arms have the planned sizes: a deviation that chance does not explain says that something beside chance chose or lost devices.
public struct SampleRatioTest: Equatable, Sendable {
    /// Below it the estimate is withheld, as Fabijan et al. (2019) recommend: so small that it is not met by chance in years of rollouts.
    public static let limit = 0.0005

    public let treatmentCount: Int
    public let controlCount: Int
    public let plannedShare: Double
    /// Pearson's, with one degree of freedom.
    public let chiSquare: Double
    public let pValue: Double

    public var isMismatch: Bool { pValue < Self.limit }

    /// - Parameter plannedShare: of treatment, between 0 and 1.
    public init(treatmentCount: Int, controlCount: Int, plannedShare: Double) {
        self.treatmentCount = treatmentCount
        self.controlCount = controlCount
        self.plannedShare = plannedShare
        let total = Double(treatmentCount + controlCount)
        let expected = total * plannedShare
        let difference = Double(treatmentCount) - expected
        chiSquare = total > 0 ? difference * difference / expected + difference * difference / (total - expected) : 0
        pValue = ChiSquare.upperTail(chiSquare, freedom: 1)
    }
}

/// How much two groups differed before the start, in standard deviations of a device.
public struct BalanceCheck: Equatable, Sendable {
    public enum Measure: String, Equatable, Sendable {
        /// Amount / exposure.
        case outcome
        case exposure
    }

    /// Beyond it, adjustment by regression is not to be trusted alone (Imbens and Rubin 2015, chapter 14).
    public static let limit = 0.25

    public let measure: Measure
    /// (mean of treatment − mean of control) / √((variance of treatment + variance of control) / 2); 0 where nothing varies.
    public let standardisedDifference: Double
    /// What chance alone gives in 95 of 100 rollouts of these sizes.
    public let chanceLimit: Double

    /// Nil with fewer than two devices in a group.
    init?(_ measure: Measure, treatment: [Double], control: [Double]) {
        guard treatment.count > 1, control.count > 1 else { return nil }
        func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
            let mean = values.reduce(0, +) / Double(values.count)
            return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1))
        }
        let first = moments(treatment)
        let second = moments(control)
        let spread = ((first.variance + second.variance) / 2).squareRoot()
        self.measure = measure
        standardisedDifference = spread > 0 ? (first.mean - second.mean) / spread : 0
        chanceLimit = 1.96 * (1 / Double(treatment.count) + 1 / Double(control.count)).squareRoot()
    }

    /// Of past outcomes and exposures of the devices of two groups.
    static func check(_ panel: OutcomePanel, past: Range<Int>, isTreated: [Bool?]) -> [BalanceCheck] {
        var outcomes: [Bool: [Double]] = [:]
        var exposures: [Bool: [Double]] = [:]
        for unit in panel.units.indices {
            guard let treated = isTreated[unit] else { continue }
            let (amount, exposure) = panel.sum(unit, past)
            exposures[treated, default: []].append(exposure)
            if exposure > 0 { outcomes[treated, default: []].append(amount / exposure) }
        }
        return [
            BalanceCheck(.outcome, treatment: outcomes[true] ?? [], control: outcomes[false] ?? []),
            BalanceCheck(.exposure, treatment: exposures[true] ?? [], control: exposures[false] ?? []),
        ].compactMap(\.self)
    }
}

/// A device that was not treated as it was assigned. It stays in its group, because who switches is not chosen by chance.
public struct SwitchedUnit: Equatable, Sendable {
    public let id: String
    public let firstDay: Int
    public let dayCount: Int
    /// Whether the change was on against the assignment; off otherwise.
    public let wasOn: Bool

    /// In the order of ids.
    ///
    /// - Parameter start: of treatment where arms were assigned.
    static func find(_ panel: OutcomePanel, days: Range<Int>, start: Int) -> [SwitchedUnit] {
        panel.units.indices.compactMap { place in
            let unit = panel.units[place]
            let from: Int?
            switch unit.assignment {
            case .none: return nil
            case .arm(let arm): from = arm == .treatment ? start : nil
            case .adopts(let day): from = day
            }
            let against = days.clamped(to: panel.days).filter { day in
                panel.isOn(place, day).map { $0 != (from.map { day >= $0 } ?? false) } ?? false
            }
            guard let first = against.first else { return nil }
            return SwitchedUnit(id: unit.id, firstDay: first, dayCount: against.count, wasOn: panel.isOn(place, first) ?? false)
        }
    }
}
