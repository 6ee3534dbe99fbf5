import Glibc
import ServiceValue

/// A fleet whose downtime is simulated day by day, with an effect of known size planted in it: what the estimators of effects are proven on.
///
/// Incidents are clustered: devices differ lastingly, go through bad months, stand at better and worse sites, and share their site's bad days. How long one takes is lognormal, with a
/// tail in which one of a thousand takes a day and more. There is a season and a weekend, devices come and go, and some days are known in part or not at all.
/// The effect shortens incidents, so that it is a share of the outcome in every device and season.
public struct EffectFleet: Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        /// Downtime a device-day with a holdout, each device once.
        case holdoutMean = "holdout-mean"
        /// Time to restore an incident with a holdout: a ratio of two sums.
        case holdoutRatio = "holdout-ratio"
        /// Downtime a device-day, sites that adopt one after the other.
        case stepped
    }

    public struct Plan: Sendable {
        public var kind: Kind
        public var seed: UInt64
        public var deviceCount = 160
        public var siteCount = 12
        public var pastDays = 56
        public var windowDays = 56
        /// Of treatment, with a holdout.
        public var share = 0.5
        /// With a holdout, each site has its share.
        public var isStratified = false
        public var stepCount = 5
        public var stepDays = 14
        /// What the treatment takes off an incident's length, as a share.
        public var reduction = 0.0

        public init(kind: Kind, seed: UInt64) {
            self.kind = kind
            self.seed = seed
            guard kind == .stepped else { return }
            deviceCount = 300
            siteCount = 60
            windowDays = 84
        }
    }

    private static let incidentsPerDay = 0.06
    private static let deviceSpread = 0.7
    private static let siteSpread = 0.3
    private static let spellSpread = 0.5
    private static let spellDays = 28
    private static let medianHours = 1.0
    private static let hoursSpread = 1.3
    private static let badDayShare = 0.02
    private static let badDayFactor = 8.0
    /// Of devices that come after the first day; likewise of those that leave before the last.
    private static let passingShare = 0.15

    public let plan: Plan
    public let design: RolloutDesign
    public let panel: OutcomePanel
    /// Season and weekend of each day, from the first of the panel; the mean over devices of any day's rate is this times `incidentsPerDay`.
    private let season: [Double]

    /// Mean length of an incident without treatment, in hours.
    static let meanHours = medianHours * exp(hoursSpread * hoursSpread / 2)

    /// Throws where the plan is none, such as steps without sites.
    public init(_ plan: Plan) throws {
        self.plan = plan
        var chance = SplitMix64(seed: plan.seed, name: "fleet")
        let firstDay = 20_000
        let startDay = firstDay + plan.pastDays
        let dayCount = plan.pastDays + plan.windowDays
        let sites = (0..<plan.siteCount).map { "site-\($0)" }
        let devices = (0..<plan.deviceCount).map { (id: "device-\($0)", site: sites[$0 % sites.count]) }
        let design: RolloutDesign =
            plan.kind == .stepped
            ? try .stepped(
                id: "simulated", outcome: .downtime, seed: plan.seed, madeAtMilliseconds: 0, startDay: startDay,
                endDay: firstDay + dayCount,
                pastDays: plan.pastDays, sites: sites, stepCount: plan.stepCount, stepDays: plan.stepDays, keepsControls: true)
            : try .holdout(
                id: "simulated", outcome: plan.kind == .holdoutMean ? .downtime : .timeToRestore, seed: plan.seed, madeAtMilliseconds: 0,
                startDay: startDay, endDay: firstDay + dayCount, pastDays: plan.pastDays, share: plan.share,
                stratifying: plan.isStratified ? devices : [])
        self.design = design
        let phase = chance.unit()
        season = (0..<dayCount).map { day -> Double in
            let year: Double = 1 + 0.4 * sin(2 * Double.pi * (Double(day) / 365 + phase))
            return year * (day % 7 < 5 ? 1.2 : 0.5)
        }
        let quietDay = (1 - Self.badDayShare * Self.badDayFactor) / (1 - Self.badDayShare)
        let siteFactors = sites.map { _ in chance.lognormal(mean: 1, spread: Self.siteSpread) }
        let siteDays = sites.map { _ in
            (0..<dayCount).map { _ in chance.chance(Self.badDayShare) ? Self.badDayFactor : quietDay }
        }
        var observations: [OutcomePanel.Observation] = []
        observations.reserveCapacity(plan.deviceCount * dayCount)
        for (place, device) in devices.enumerated() {
            let site = place % sites.count
            let from: Int
            switch design.assignment(device: device.id, site: device.site) {
            case .arm(.treatment): from = startDay
            case .adopts(let day?): from = day
            default: from = .max
            }
            let lasting = chance.lognormal(mean: 1, spread: Self.deviceSpread) * siteFactors[site]
            var spell = 1.0
            let comes = chance.chance(Self.passingShare) ? Int(chance.unit() * Double(dayCount)) : 0
            let leaves = chance.chance(Self.passingShare) ? Int(chance.unit() * Double(dayCount)) : dayCount
            for day in 0..<dayCount {
                if day % Self.spellDays == 0 { spell = chance.lognormal(mean: 1, spread: Self.spellSpread) }
                guard day >= comes, day < leaves else { continue }
                let known = chance.unit()
                let exposure = known < 0.03 ? 0 : known < 0.13 ? chance.number(0.3, 1) : 1
                guard exposure > 0 else { continue }
                let isOn = firstDay + day >= from
                let rate = Self.incidentsPerDay * lasting * spell * season[day] * siteDays[site][day] * exposure
                let incidents = chance.poisson(rate)
                var hours = 0.0
                for _ in 0..<incidents {
                    hours += chance.lognormal(mean: Self.meanHours, spread: Self.hoursSpread) * (isOn ? 1 - plan.reduction : 1)
                }
                observations.append(
                    OutcomePanel.Observation(
                        unit: device.id, day: firstDay + day, amount: hours,
                        exposure: plan.kind == .holdoutRatio ? Double(incidents) : exposure, isOn: isOn))
            }
        }
        panel = try OutcomePanel(
            units: devices.map { .init(id: $0.id, site: $0.site, assignment: design.assignment(device: $0.id, site: $0.site)) },
            observations: observations)
    }

    /// The effect on an outcome that the planted one has on average over what is measured.
    ///
    /// - Parameter weights: of blocks in days from the first, for a rollout in steps.
    func truth(blockWeights: [(days: Range<Int>, weight: Double)] = []) -> Double {
        let perDay = -plan.reduction * Self.incidentsPerDay * Self.meanHours
        switch plan.kind {
        case .holdoutRatio: return -plan.reduction * Self.meanHours
        case .stepped:
            return perDay
                * blockWeights.reduce(0) { sum, block in
                    sum + block.weight * block.days.reduce(0) { $0 + season[$1] } / Double(block.days.count)
                }
        case .holdoutMean:
            // Each device by the days that are known of it.
            var sum = 0.0
            var count = 0.0
            for unit in panel.units.indices {
                var weighed = 0.0
                var exposure = 0.0
                for day in design.window {
                    let known = panel.exposure(unit, day)
                    weighed += known * season[day - panel.days.lowerBound]
                    exposure += known
                }
                guard exposure > 0 else { continue }
                sum += weighed / exposure
                count += 1
            }
            return perDay * sum / max(1, count)
        }
    }
}

extension SplitMix64 {
    /// Standard normal, by Box and Muller.
    fileprivate mutating func normal() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * Double.pi * unit())
    }

    /// Lognormal with this mean, and the deviation of its logarithm.
    fileprivate mutating func lognormal(mean: Double, spread: Double) -> Double { mean * exp(spread * normal() - spread * spread / 2) }

    /// How many of something that happens `mean` times on average; by inversion, for small means.
    fileprivate mutating func poisson(_ mean: Double) -> Int {
        var rest = unit()
        var term = exp(-mean)
        var count = 0
        while rest >= term, count < 1000 {
            rest -= term
            count += 1
            term *= mean / Double(count)
        }
        return count
    }
}
