/// The outcome of units that adopt one after the other, in blocks of days: what the staggered estimators work on. Balanced: each unit has
/// every block.
struct StaggeredPanel: Equatable, Sendable {
    /// Sites or devices, by name.
    let names: [String]
    /// The block of adoption; nil for never.
    private(set) var adoption: [Int?]
    /// By unit, then block.
    let outcome: [[Double]]
    let blockCount: Int
    let excluded: [ExcludedUnit]

    /// - Parameters:
    ///   - unit: what adopts as one. Errors are clustered by it, because it is what chance assigned.
    ///   - window: days; a last block that would not be whole is left out, and the first begins a whole number of blocks before the first adoption.
    ///   - blockDays: days of a block; starts lie whole blocks apart.
    init(
        _ panel: OutcomePanel, unit: StaggeredEstimator.Unit, weighing: EffectWeighing, window: Range<Int>, blockDays: Int
    ) throws(EffectObstacle) {
        var groups: [String: (adopts: Int?, members: [Int])] = [:]
        var excluded: [ExcludedUnit] = []
        for (place, each) in panel.units.enumerated() {
            guard case .adopts(let day) = each.assignment else {
                excluded.append(ExcludedUnit(id: each.id, reason: .notAssigned))
                continue
            }
            let name = unit == .site ? each.site : each.id
            guard groups[name] == nil || groups[name]?.adopts == day else { throw .mixedSite(name) }
            groups[name, default: (day, [])].members.append(place)
        }
        let starts = groups.values.compactMap(\.adopts).filter { $0 < window.upperBound }
        guard let first = starts.filter({ $0 > window.lowerBound }).min() else { throw .tooFewSteps }
        guard blockDays > 0, starts.allSatisfy({ ($0 - first) % blockDays == 0 }) else { throw .unevenSteps }
        let origin = first - (first - window.lowerBound) / blockDays * blockDays
        let count = (window.upperBound - origin) / blockDays
        guard origin < first, count > 1 else { throw .noDays }
        var names: [String] = []
        var adoption: [Int?] = []
        var outcome: [[Double]] = []
        for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
            let block = group.adopts.map { ($0 - origin) / blockDays }.flatMap { $0 < count ? $0 : nil }
            // Nothing before its adoption is seen, so nothing is learned from it.
            if let day = group.adopts, day <= origin {
                excluded.append(ExcludedUnit(id: name, reason: .alwaysTreated))
                continue
            }
            let series = (0..<count).compactMap { block in
                let start = origin + block * blockDays
                return Self.mean(panel, group.members, start..<start + blockDays, weighing)
            }
            guard series.count == count else {
                excluded.append(ExcludedUnit(id: name, reason: .incomplete))
                continue
            }
            names.append(name)
            adoption.append(block)
            outcome.append(series)
        }
        // A unit that is alone in its step says nothing of how such units differ.
        let sizes = adoption.reduce(into: [:] as [Int?: Int]) { $0[$1, default: 0] += 1 }
        let kept = names.indices.filter { sizes[adoption[$0], default: 0] > 1 }
        let alone = names.indices.filter { sizes[adoption[$0], default: 0] == 1 }
        self.names = kept.map { names[$0] }
        self.adoption = kept.map { adoption[$0] }
        self.outcome = kept.map { outcome[$0] }
        self.excluded = excluded + alone.map { ExcludedUnit(id: names[$0], reason: .aloneInStep) }
        blockCount = count
    }

    /// The same outcomes with other steps.
    func adopting(_ block: (String) -> Int?) -> StaggeredPanel {
        var other = self
        other.adoption = names.map(block)
        return other
    }

    /// Of the devices of a unit; nil where nothing is known.
    private static func mean(_ panel: OutcomePanel, _ members: [Int], _ days: Range<Int>, _ weighing: EffectWeighing) -> Double? {
        var sum = 0.0
        var weight = 0.0
        for member in members {
            let (amount, exposure) = panel.sum(member, days)
            guard exposure > 0 else { continue }
            sum += weighing == .device ? amount / exposure : amount
            weight += weighing == .device ? 1 : exposure
        }
        return weight > 0 ? sum / weight : nil
    }
}
