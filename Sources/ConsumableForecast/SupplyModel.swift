/// State of one supply slot: levels in percent and a usage counter in, a forecast of its end out.
///
/// A few hundred bytes of plain data that do not grow. Times are event times in ms; the caller has put times outside
/// a sane window right before, because the newest time seen makes every older reading late.
public struct SupplyModel: Codable, Equatable, Sendable {
    /// A forecast from older readings than this is refused.
    public static let staleAfterDays = 30.0
    /// A new cartridge is a rise of at least this, and of at least two steps.
    static let newGenerationPercent = 15.0
    /// More pages a day than this are a counter gone wrong, not use.
    static let plausiblePagesPerDay = 1_000_000.0
    /// What earlier cartridges may weigh against the present one.
    static let taughtPercent = 30.0

    /// Counts the cartridges of this slot from 1 on.
    public private(set) var generation: Int32 = 1
    /// The accepted level in percent; nil until one was reported.
    public private(set) var levelPercent: Double?

    var newestMilliseconds: Int64?
    private var lastCounter: Double?
    private var counterMilliseconds: Int64 = 0
    /// Pages since this model began; never runs backwards, whatever the counter does.
    private(set) var odometerPages = 0.0
    private(set) var use = DailyUse()

    /// Greatest common divisor of all accepted levels and 100 %, in tenths of a percent: the step of the device.
    private var stepTenths: Int32 = 1_000
    private var distinctLevels: Int32 = 0
    private var candidate: LevelCandidate?

    /// The place of the last step edge, or of the first reading of the generation while it has none.
    private(set) var edges: Int32 = 0
    private(set) var edgePages = 0.0
    private(set) var edgeMilliseconds: Int64 = 0
    private(set) var pageEvidence = StepEvidence()
    private(set) var dayEvidence = StepEvidence()
    private(set) var taughtPageEvidence = StepEvidence()
    private(set) var taughtDayEvidence = StepEvidence()
    /// The first drop of a generation begins inside a step: good for a rough guess until there is a second edge.
    private(set) var firstDrop: FirstDrop?

    struct FirstDrop: Codable, Equatable, Sendable {
        var percent, pages, days: Double
    }

    public init() {}

    /// Takes one reading.
    ///
    /// - Parameters:
    ///   - timeMilliseconds: event time; an older one than the newest is ignored.
    ///   - levelPercent: 0…100; nil and everything else (−1, −2, −3, NaN) is unknown and moves nothing.
    ///   - counter: pages; nil, negative and not finite are unknown. A lower one than before starts a new base.
    public mutating func observe(timeMilliseconds: Int64, levelPercent: Double?, counter: Double?) -> SupplyChange {
        if let newest = newestMilliseconds, timeMilliseconds < newest { return .late }
        if let counter, counter.isFinite, counter >= 0 {
            newestMilliseconds = timeMilliseconds
            advance(counter: counter, timeMilliseconds)
        }
        guard let reported = levelPercent, reported >= 0, reported <= 100 else { return .none }
        // No device knows more than tenths, and a drop of 1e-300 would make a yield of nothing.
        let level = (reported * 10).rounded() / 10
        newestMilliseconds = timeMilliseconds
        guard let accepted = self.levelPercent else {
            begin(level, timeMilliseconds)
            return .levelChanged(fromPercent: nil, toPercent: level)
        }
        guard let direction = direction(from: accepted, to: level) else {
            candidate = nil
            if level < accepted { step(from: accepted, to: level, timeMilliseconds) }
            return level < accepted ? .levelChanged(fromPercent: accepted, toPercent: level) : .none
        }
        guard candidateStays(direction, timeMilliseconds) else { return .none }
        return accept(level, instead: accepted, direction, timeMilliseconds)
    }

    /// The smallest difference of levels that the device can tell, in percent.
    var stepPercent: Double {
        // Few levels have a large divisor by chance: 20 and 100 do not make a step of 20.
        Double(min(stepTenths, distinctLevels >= 4 ? 250 : 100)) / 10
    }

    /// Whether a counter was ever reported.
    var hasCounter: Bool { lastCounter != nil }
}

extension SupplyModel {
    private mutating func advance(counter: Double, _ time: Int64) {
        if let last = lastCounter {
            let pages = counter - last
            let days = max(1, Self.days(from: counterMilliseconds, to: time))
            if pages > 0, pages <= Self.plausiblePagesPerDay * days { odometerPages += pages }
        }
        lastCounter = counter
        counterMilliseconds = time
        use.observe(timeMilliseconds: time, odometerPages: odometerPages)
    }

    /// nil for a level that needs no proof: the same, or a little lower.
    private func direction(from accepted: Double, to level: Double) -> LevelCandidate.Direction? {
        let far = max(Self.newGenerationPercent, 2 * stepPercent)
        if level >= accepted + far { return .farUp }
        if level > accepted { return .slightlyUp }
        // A drop to 0 for one reading and back would otherwise look like a new cartridge.
        return level <= accepted - far && accepted - level > 2 * stepPercent ? .farDown : nil
    }

    private mutating func candidateStays(_ direction: LevelCandidate.Direction, _ time: Int64) -> Bool {
        guard var known = candidate, known.direction == direction else {
            candidate = LevelCandidate(direction: direction, timeMilliseconds: time)
            return false
        }
        let stays = known.stays(atMilliseconds: time)
        candidate = stays ? nil : known
        return stays
    }

    private mutating func accept(
        _ level: Double, instead accepted: Double, _ direction: LevelCandidate.Direction, _ time: Int64
    ) -> SupplyChange {
        switch direction {
        case .farDown:
            step(from: accepted, to: level, time)
            return .levelChanged(fromPercent: accepted, toPercent: level)
        case .slightlyUp:
            // A shaken cartridge, a better guess of the device: the level is true, but no edge of anything.
            edges = 0
            place(level, time)
            return .levelChanged(fromPercent: accepted, toPercent: level)
        case .farUp:
            taughtPageEvidence = pageEvidence.joined(taughtPageEvidence).limited(toPercent: Self.taughtPercent)
            taughtDayEvidence = dayEvidence.joined(taughtDayEvidence).limited(toPercent: Self.taughtPercent)
            if generation < .max { generation += 1 }
            begin(level, time)
            return .newGeneration(residualPercent: accepted)
        }
    }

    private mutating func begin(_ level: Double, _ time: Int64) {
        pageEvidence = StepEvidence()
        dayEvidence = StepEvidence()
        firstDrop = nil
        edges = 0
        place(level, time)
    }

    private mutating func place(_ level: Double, _ time: Int64) {
        levelPercent = level
        edgePages = odometerPages
        edgeMilliseconds = time
        // 0…1000 tenths by the check in `observe`.
        stepTenths = max(1, Self.greatestCommonDivisor(stepTenths, Int32((level * 10).rounded())))
        if distinctLevels < 1_000 { distinctLevels += 1 }
    }

    private mutating func step(from accepted: Double, to level: Double, _ time: Int64) {
        let drop = accepted - level
        let pages = odometerPages - edgePages
        let days = max(0, Self.days(from: edgeMilliseconds, to: time))
        if edges > 0 {
            if hasCounter { pageEvidence.add(percent: drop, units: pages) }
            dayEvidence.add(percent: drop, units: days)
        } else if firstDrop == nil {
            firstDrop = FirstDrop(percent: drop, pages: pages, days: days)
        }
        if edges < .max { edges += 1 }
        place(level, time)
    }

    static func days(from start: Int64, to end: Int64) -> Double {
        (Double(end) - Double(start)) / Double(DailyUse.millisecondsPerDay)
    }

    private static func greatestCommonDivisor(_ a: Int32, _ b: Int32) -> Int32 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}
