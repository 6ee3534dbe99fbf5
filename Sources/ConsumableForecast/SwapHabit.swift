import Documents

/// At which level the last eight supplies were changed: people who always change one that still holds a fifth or a third have a habit.
///
/// One early change says nothing: the cartridge was faulty or refurbished, or lay in another slot. Most of the last few have to be early.
struct SwapHabit: Codable, Equatable, Sendable {
    /// Above this a change is earlier than the levels at which a supply is taken for used up (`FleetPriors.endLevels`).
    static let earlyPercent = 13.0
    private static let unknown: UInt8 = 255

    /// What was left, in whole percent, newest first. A change of which the level is not known has its place, so that it can be taken back.
    private var left = SIMD8<UInt8>(repeating: SwapHabit.unknown)

    /// How early supplies are changed.
    struct Level: Equatable, Sendable {
        /// Percent left, as a median, and its standard deviation.
        var percent: Double
        var spread: Double
        /// Share of the changes that are early.
        var share: Double
        /// Changes that this rests on, and how many of them were early.
        var changes: Int
        var earlyChanges: Int
        /// The highest level at which a change is to be expected.
        var highestPercent: Double { min(percent + 2.4 * spread, 100) }
    }

    mutating func note(_ percent: Double?) {
        let place = percent.map { UInt8(min(max($0, 0), 100).rounded()) } ?? Self.unknown
        left = SIMD8(place, left[0], left[1], left[2], left[3], left[4], left[5], left[6])
    }

    /// The last change was none: the supply came back, or went to another slot.
    mutating func takeBack() { left = SIMD8(left[1], left[2], left[3], left[4], left[5], left[6], left[7], Self.unknown) }

    /// Percent that were left at the last change; nil where it is not known.
    var newest: Double? { left[0] == Self.unknown ? nil : Double(left[0]) }

    /// The changes that are known, newest first.
    private var known: [Double] { left.indices.compactMap { left[$0] == Self.unknown ? nil : Double(left[$0]) } }

    var isEmpty: Bool { left == SIMD8(repeating: Self.unknown) }

    /// Whether a change was later than early.
    var hasOrdinary: Bool { any(left .<= SIMD8(repeating: UInt8(Self.earlyPercent))) }

    /// The habit, where at least so many of the newest changes are early; nil also where fewer are known.
    func level(early least: Int, ofNewest count: Int) -> Level? {
        // Nearly all slots have none, and each look at a forecast asks.
        guard !isEmpty else { return nil }
        let known = self.known
        guard known.prefix(count).count(where: { $0 > Self.earlyPercent }) >= least else { return nil }
        let early = known.filter { $0 > Self.earlyPercent }
        let middle = Self.median(early)
        // By medians, because one of them may be a faulty cartridge's; few differ by less than they will.
        let deviation = 1.4826 * Self.median(early.map { abs($0 - middle) })
        let spread = max(2.5, deviation * (1 + 1 / Double(early.count)))
        let share = (Double(early.count) + 0.5) / (Double(known.count) + 1)
        return Level(percent: middle, spread: spread, share: share, changes: known.count, earlyChanges: early.count)
    }

    private static func median(_ numbers: [Double]) -> Double {
        let sorted = numbers.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        for place in left.indices {
            var percent = left[place]
            try coder.code(&percent)
            guard percent <= 100 || percent == Self.unknown else { throw coder.damage }
            left[place] = percent
        }
    }
}

/// The levels at which a supply ends, with the share of each: those of the fleet, and beside them the habit of the people here.
struct EndLevels: Sendable {
    /// Percent left.
    private(set) var percent: SIMD8<Double>
    private(set) var shares: SIMD8<Double>
    let count: Int

    init(fleet: FleetPriors, habit: SwapHabit.Level?) {
        let ends = fleet.endShares
        guard let habit else {
            (percent, shares, count) = (FleetPriors.endLevels, ends, FleetPriors.endBins)
            return
        }
        // The ordinary levels by pairs, and four places of a normal distribution (Gauss-Hermite).
        let pairs = SIMD4(ends[0], ends[1] + ends[2], ends[3] + ends[4], ends[5] + ends[6]) * (1 - habit.share)
        let (near, far) = (0.741_963_784_302_725 * habit.spread, 2.334_414_218_338_977 * habit.spread)
        percent = SIMD8(0, 4, 8, 12, habit.percent - far, habit.percent - near, habit.percent + near, habit.percent + far)
        percent.clamp(lowerBound: SIMD8(repeating: 0), upperBound: SIMD8(repeating: 100))
        let (inner, outer) = (0.454_124_145_231_931 * habit.share, 0.045_875_854_768_068 * habit.share)
        shares = SIMD8(pairs[0], pairs[1], pairs[2], pairs[3], outer, inner, inner, outer)
        count = 8
    }
}

extension SupplyModel {
    /// So many of the last five changes make a habit of the people at this slot: three of four happen by chance once in 500 changes, where one
    /// cartridge in twelve is changed early, and four of five once in 5,000 …
    static let earlyChanges = (least: 4, ofNewest: 5)
    /// … and so many of the last eight, of different slots, one of all who use such devices.
    static let earlyFleetChanges = (least: 6, ofNewest: 8)

    var ownHabit: SwapHabit.Level? { swaps.level(early: Self.earlyChanges.least, ofNewest: Self.earlyChanges.ofNewest) }

    /// The level above the ordinary ones at which people change this supply. Where its own changes are too few to tell, and none of them
    /// speaks against it, the fleet's habit counts.
    func habit(_ fleet: FleetPriors) -> SwapHabit.Level? {
        if let own = ownHabit { return own }
        return swaps.hasOrdinary
            ? nil : fleet.swaps.level(early: Self.earlyFleetChanges.least, ofNewest: Self.earlyFleetChanges.ofNewest)
    }

    func endLevels(_ fleet: FleetPriors) -> EndLevels { EndLevels(fleet: fleet, habit: habit(fleet)) }
}

extension FleetPriors {
    /// Takes the change of a supply that `model` has seen last.
    ///
    /// A slot tells its first, second, fourth, eighth … change only: otherwise one printer that is used up every week would speak for all.
    public mutating func learnSwap(of model: SupplyModel) {
        let changes = model.generations - 1
        guard changes > 0, changes & (changes - 1) == 0, let newest = model.swaps.newest else { return }
        swaps.note(newest)
    }
}
