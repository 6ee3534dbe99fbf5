/// How something is switched on for some devices first, written down before any outcome: whoever reads the estimate later can see that
/// neither outcome nor window nor arms were chosen by it.
///
/// Days are numbered from 1970-01-01 in the calendar of the site's zone.
public struct RolloutDesign: Codable, Equatable, Sendable {
    public enum Scheme: Codable, Equatable, Sendable {
        case holdout(Holdout)
        case stepped(Stepped)
    }

    /// A share of the devices is treated, by a hash of their names: a device that comes later changes no other's arm.
    public struct Holdout: Codable, Equatable, Sendable {
        /// Of treatment.
        public let share: Double
        /// Arms that were drawn site by site, so that each site has its share; devices that are not among them go by their hash alone.
        public let drawn: [String: RolloutArm]
    }

    /// Sites adopt in random order.
    public struct Stepped: Codable, Equatable, Sendable {
        public struct Step: Codable, Equatable, Sendable {
            public let day: Int
            public let sites: [String]
        }
        /// By day.
        public let steps: [Step]
        /// They never do, within the window.
        public let controls: [String]
    }

    public enum Fault: Error, Equatable, Sendable {
        case noName
        /// Of treatment; from 0.05 to 0.95.
        case shareOutOfRange(Double)
        /// Made on the day of the start or later: outcomes may have been seen.
        case madeTooLate
        /// The end is not after the start, or after the last step's.
        case endTooEarly
        /// Nothing before the start would be looked at, so there would be no A/A test.
        case noPast
        /// Each step, and the controls, need two; a unit alone says nothing of how units differ.
        case tooFewSites(needed: Int)
        case siteTwice(String)
        /// There are fewer than two groups to compare, or steps are not in the order of their days.
        case stepsOutOfOrder
        case tooLong
    }

    public let id: String
    public let outcome: EffectOutcome
    public let seed: UInt64
    /// Since 1970, by the gateway's clock.
    public let madeAtMilliseconds: Int64
    /// The first day of treatment anywhere.
    public let startDay: Int
    /// The day after the last of the outcome.
    public let endDay: Int
    /// Days before the start that arms are compared on, and adjusted by.
    public let pastDays: Int
    public let scheme: Scheme

    static let maximumDays = 4000
    private static let millisecondsPerDay: Int64 = 86_400_000

    public var window: Range<Int> { startDay..<endDay }
    public var past: Range<Int> { startDay - pastDays..<startDay }

    private init(
        id: String, outcome: EffectOutcome, seed: UInt64, madeAtMilliseconds: Int64, startDay: Int, endDay: Int, pastDays: Int,
        scheme: Scheme
    ) throws(Fault) {
        self.id = id
        self.outcome = outcome
        self.seed = seed
        self.madeAtMilliseconds = madeAtMilliseconds
        self.startDay = startDay
        self.endDay = endDay
        self.pastDays = pastDays
        self.scheme = scheme
        if let fault { throw fault }
    }

    /// - Parameters:
    ///   - share: of treatment.
    ///   - devices: where given, each site gets its share of them, rounded by chance.
    public static func holdout(
        id: String, outcome: EffectOutcome, seed: UInt64, madeAtMilliseconds: Int64, startDay: Int, endDay: Int, pastDays: Int,
        share: Double,
        stratifying devices: [(id: String, site: String)] = []
    ) throws(Fault) -> RolloutDesign {
        var drawn: [String: RolloutArm] = [:]
        for (site, members) in Dictionary(grouping: devices, by: \.site) where share.isFinite {
            let order = SeededDraw.shuffled(members.map(\.id), seed, "arm")
            // Rounded up as often as the rest of the share says, so that many small sites do not all round the same way.
            let treated = share * Double(order.count) + SeededDraw.fraction(seed, "site", site)
            for (place, device) in order.enumerated() { drawn[device] = Double(place + 1) <= treated ? .treatment : .control }
        }
        return try RolloutDesign(
            id: id, outcome: outcome, seed: seed, madeAtMilliseconds: madeAtMilliseconds, startDay: startDay, endDay: endDay,
            pastDays: pastDays, scheme: .holdout(Holdout(share: share, drawn: drawn)))
    }

    /// Sites in random order, as evenly as they go into `stepCount` steps `stepDays` apart, and the controls as one more group where `keepsControls`.
    public static func stepped(
        id: String, outcome: EffectOutcome, seed: UInt64, madeAtMilliseconds: Int64, startDay: Int, endDay: Int, pastDays: Int,
        sites: [String],
        stepCount: Int, stepDays: Int, keepsControls: Bool
    ) throws(Fault) -> RolloutDesign {
        let groups = max(1, min(stepCount, maximumDays)) + (keepsControls ? 1 : 0)
        guard sites.count >= 2 * groups else { throw .tooFewSites(needed: 2 * groups) }
        guard (1...maximumDays).contains(stepDays), abs(startDay) < Int(Int32.max) else { throw .tooLong }
        let order = SeededDraw.shuffled(sites, seed, "step")
        let parts = (0..<groups).map { Array(order[$0 * order.count / groups..<($0 + 1) * order.count / groups]).sorted() }
        let steps = parts.prefix(keepsControls ? groups - 1 : groups).enumerated().map { place, sites in
            Stepped.Step(day: startDay + place * stepDays, sites: sites)
        }
        return try RolloutDesign(
            id: id, outcome: outcome, seed: seed, madeAtMilliseconds: madeAtMilliseconds, startDay: startDay, endDay: endDay,
            pastDays: pastDays, scheme: .stepped(Stepped(steps: steps, controls: keepsControls ? parts[groups - 1] : [])))
    }

    /// What a device is assigned to, also one that comes after the start.
    public func assignment(device: String, site: String) -> OutcomePanel.Assignment {
        switch scheme {
        case .holdout(let holdout):
            return .arm(holdout.drawn[device] ?? (SeededDraw.fraction(seed, "arm", device) < holdout.share ? .treatment : .control))
        case .stepped(let stepped):
            for step in stepped.steps where step.sites.contains(site) { return .adopts(step.day) }
            // A site that came after the design has no place in it.
            return stepped.controls.contains(site) ? .adopts(nil) : .none
        }
    }

    private var fault: Fault? {
        if id.isEmpty { return .noName }
        if abs(startDay) >= Int(Int32.max) || abs(endDay) >= Int(Int32.max) || pastDays > Self.maximumDays { return .tooLong }
        if Int64(startDay) * Self.millisecondsPerDay <= madeAtMilliseconds { return .madeTooLate }
        if endDay <= startDay { return .endTooEarly }
        if endDay - startDay > Self.maximumDays { return .tooLong }
        if pastDays < 2 { return .noPast }
        switch scheme {
        case .holdout(let holdout):
            return (0.05...0.95).contains(holdout.share) ? nil : .shareOutOfRange(holdout.share)
        case .stepped(let stepped):
            var seen: Set<String> = []
            for site in stepped.steps.flatMap(\.sites) + stepped.controls where !seen.insert(site).inserted { return .siteTwice(site) }
            let groups = stepped.steps.map(\.sites) + (stepped.controls.isEmpty ? [] : [stepped.controls])
            let days = stepped.steps.map(\.day)
            guard groups.count > 1, days.first == startDay, zip(days, days.dropFirst()).allSatisfy({ $0 < $1 }) else {
                return .stepsOutOfOrder
            }
            if groups.contains(where: { $0.count < 2 }) { return .tooFewSites(needed: 2 * groups.count) }
            return (days.last ?? endDay) < endDay ? nil : .endTooEarly
        }
    }

    private enum CodingKeys: CodingKey { case id, outcome, seed, madeAtMilliseconds, startDay, endDay, pastDays, scheme }

    /// Throws `Fault` for a design that could not have been made.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            id: values.decode(String.self, forKey: .id), outcome: values.decode(EffectOutcome.self, forKey: .outcome),
            seed: values.decode(UInt64.self, forKey: .seed), madeAtMilliseconds: values.decode(Int64.self, forKey: .madeAtMilliseconds),
            startDay: values.decode(Int.self, forKey: .startDay), endDay: values.decode(Int.self, forKey: .endDay),
            pastDays: values.decode(Int.self, forKey: .pastDays), scheme: values.decode(Scheme.self, forKey: .scheme))
    }
}
