/// Which means are compared with which: the weights of steps and blocks in a staggered rollout, and what follows from them for the units.
struct StaggeredComparison {
    /// Units that adopt in one block; nil for those that never do.
    struct Step {
        let block: Int?
        let members: [Int]
    }

    /// A step in a block from its adoption on.
    struct Pair {
        let step: Int
        let block: Int
        let members: [Int]
        /// Those that adopt later, or never.
        let controls: [Int]
        let weight: Double
    }

    /// What a unit adds to the comparison after adoption and to that before it.
    struct Score {
        var after = 0.0
        var before = 0.0
    }

    let steps: [Step]
    let pairs: [Pair]
    /// By step: the pairs that it is in, and how much its mean counts there, negative among the controls.
    private let terms: [[(block: Int, base: Int, share: Double)]]
    private let baseBlocks: Int
    private let unitCount: Int
    private let blockCount: Int

    /// Nil where no step has anything to be compared with.
    ///
    /// - Parameter horizon: so many blocks after adoption are looked at; nil for all.
    init?(adoption: [Int?], blockCount: Int, baseBlocks: Int, aggregation: StaggeredEstimator.Aggregation, horizon: Int?) {
        let members = adoption.indices.reduce(into: [:] as [Int?: [Int]]) { $0[adoption[$1], default: []].append($1) }
        steps = members.sorted { ($0.key ?? .max) < ($1.key ?? .max) }.map { Step(block: $0.key, members: $0.value) }
        self.baseBlocks = baseBlocks
        self.blockCount = blockCount
        unitCount = adoption.count
        var pairs: [(step: Int, block: Int, members: [Int], controls: [Int])] = []
        for step in steps {
            guard let start = step.block, start >= baseBlocks else { continue }
            for block in start..<max(start, min(blockCount, horizon.map { start + $0 } ?? blockCount)) {
                if case .event(let distance) = aggregation, block - start != distance { continue }
                let controls = adoption.indices.filter { adoption[$0].map { $0 > block } ?? true }
                if controls.count > 1 { pairs.append((start, block, step.members, controls)) }
            }
        }
        let total = pairs.reduce(0) { $0 + $1.members.count }
        guard total > 0 else { return nil }
        let weighed = pairs.map {
            Pair(
                step: $0.step, block: $0.block, members: $0.members, controls: $0.controls, weight: Double($0.members.count) / Double(total)
            )
        }
        self.pairs = weighed
        terms = steps.map { step in
            weighed.compactMap { pair in
                if step.block == pair.step { return (pair.block, pair.step, pair.weight) }
                guard step.block.map({ $0 > pair.block }) ?? true else { return nil }
                return (pair.block, pair.step, -pair.weight * Double(step.members.count) / Double(pair.controls.count))
            }
        }
    }

    /// What a unit would add if it were of the step with index `step`.
    func score(_ series: [Double], step: Int) -> Score {
        var score = Score()
        for term in terms[step] {
            score.after += term.share * series[term.block]
            score.before += term.share * base(series, term.base)
        }
        return score
    }

    /// The comparison itself: the sum over steps of the means of their units' scores.
    func total(_ outcome: [[Double]], _ part: KeyPath<Score, Double>) -> Double {
        steps.indices.reduce(0) { sum, place in
            let members = steps[place].members
            return sum + members.reduce(0) { $0 + score(outcome[$1], step: place)[keyPath: part] } / Double(members.count)
        }
    }

    /// What those that are not treated yet have in the blocks that are compared.
    func baseline(_ outcome: [[Double]]) -> Double {
        pairs.reduce(0) { sum, pair in
            sum + pair.weight * pair.controls.reduce(0) { $0 + outcome[$1][pair.block] } / Double(pair.controls.count)
        }
    }

    /// Mean of the blocks before a step's adoption.
    private func base(_ series: [Double], _ step: Int) -> Double {
        series[step - baseBlocks..<step].reduce(0, +) / Double(baseBlocks)
    }

    /// The error of Callaway and Sant'Anna's aggregate: the root of the mean square of the units' influences over their number, where the
    /// steps' shares are estimated as well.
    func influenceError(_ outcome: [[Double]]) -> Double {
        let n = Double(unitCount)
        var influence = Array(repeating: 0.0, count: unitCount)
        let total = pairs.reduce(0) { $0 + Double($1.members.count) / n }
        var effects: [Double] = []
        for pair in pairs {
            func mean(_ units: [Int]) -> Double {
                units.reduce(0) { $0 + outcome[$1][pair.block] - base(outcome[$1], pair.step) } / Double(units.count)
            }
            let treated = mean(pair.members)
            let control = mean(pair.controls)
            for unit in pair.members {
                influence[unit] +=
                    pair.weight * n / Double(pair.members.count) * (outcome[unit][pair.block] - base(outcome[unit], pair.step) - treated)
            }
            for unit in pair.controls {
                influence[unit] -=
                    pair.weight * n / Double(pair.controls.count) * (outcome[unit][pair.block] - base(outcome[unit], pair.step) - control)
            }
            effects.append(treated - control)
        }
        let aggregate = zip(pairs, effects).reduce(0) { $0 + $1.0.weight * $1.1 }
        // The derivative of Σ p effect / Σ p by the share p of the pair's step.
        for (pair, effect) in zip(pairs, effects) {
            let slope = (effect - aggregate) / total
            let share = Double(pair.members.count) / n
            for unit in influence.indices { influence[unit] -= slope * share }
            for unit in pair.members { influence[unit] += slope }
        }
        return (influence.reduce(0) { $0 + $1 * $1 } / n / n).squareRoot()
    }
}
