import Foundation
import TestSupport

/// A third generator of wear, by which the forecast may be improved, as by that of `WearingMachine`; `FieldMachine` is kept apart.
struct TrainingMachine: RunToFailure {
    enum Course: String, CaseIterable {
        /// Straight, with little and with much noise.
        case straight, straightNoisy
        /// A power of time below and above 1.
        case slowing, hastening
        /// Fast, slow, and fast again, each part of random length and slope.
        case threeSlopes
        /// A logistic curve: slow, fast, slow.
        case sCurve
        /// A random walk with drift, of three strengths.
        case walk, strongWalk
        /// The rate itself wanders (an integrated random walk).
        case wanderingRate
        /// By the mean of a rate that has two regimes of some weeks.
        case regimes
        /// These never wear.
        case quietWeeks, quietWalk

        var wears: Bool { !rawValue.hasPrefix("quiet") }
    }

    let course: Course
    private(set) var readings: [RunReading] = []
    private(set) var endMilliseconds: Int64?
    let isByLoad = false

    /// - Parameter days: it is watched for so long at most.
    init(_ course: Course, seed: UInt64, days: Int = 900) {
        self.course = course
        var random = SeededGenerator(seed: seed)
        let life = Double.random(in: 40...400, using: &random)
        let climb = exp(Double.random(in: -1...5, using: &random))
        let noise =
            climb
            * (course == .straightNoisy ? Double.random(in: 0.1...0.25, using: &random) : Double.random(in: 0.01...0.08, using: &random))
        let power = course == .slowing ? Double.random(in: 0.5...0.8, using: &random) : Double.random(in: 1.3...3, using: &random)
        let parts = (0..<3).map { _ in Double.random(in: 0.15...0.6, using: &random) }
        var slopes = (0..<3).map { $0 == 1 ? Double.random(in: 0.2...0.6, using: &random) : Double.random(in: 1...2.5, using: &random) }
        let whole = parts.reduce(0, +)
        let ends = [parts[0] / whole, (parts[0] + parts[1]) / whole]
        let height = slopes[0] * ends[0] + slopes[1] * (ends[1] - ends[0]) + slopes[2] * (1 - ends[1])
        slopes = slopes.map { $0 / height }
        let middle = Double.random(in: 0.4...0.7, using: &random)
        let start = Int64(20_000 + Int(random.next() % 7)) * 24
        let strength = course == .strongWalk ? 0.2 : course == .quietWalk ? 0.1 : 0.1
        var (wander, progress, rate, isFast) = (0.0, 0.0, 1.0, false)
        var recorder = RunRecorder()
        for step in 0..<Int64(days) * 24 {
            let x = Double(step) / 24 / life
            let perHour = 1 / (life * 24)
            switch course {
            case .walk, .strongWalk: wander += strength * random.normal() * perHour.squareRoot()
            case .quietWalk: wander += -wander / (15 * 24) + 0.1 * random.normal() / (8 * 24.0).squareRoot()
            case .wanderingRate: rate += (1 - rate) * 3 * perHour + 1.2 * random.normal() * perHour.squareRoot()
            case .regimes:
                if step % 168 == 0, Double.random(in: 0..<1, using: &random) < 0.4 { isFast.toggle() }
                rate = isFast ? 1.7 : 0.5
            default: break
            }
            progress += max(rate, 0.1) * perHour
            let worn: Double =
                switch course {
                case .straight, .straightNoisy: x
                case .slowing, .hastening: pow(x, power)
                case .threeSlopes:
                    slopes[0] * min(x, ends[0]) + slopes[1] * min(max(x - ends[0], 0), ends[1] - ends[0]) + slopes[2] * max(x - ends[1], 0)
                case .sCurve: 1.25 / (1 + exp(-8 * (x - middle))) + 0.1 * x
                case .walk, .strongWalk: x
                case .wanderingRate, .regimes: progress
                case .quietWeeks: 0.5 + 0.05 * sin(2 * .pi * Double(step) / 168)
                case .quietWalk: 0.5
                }
            var distance = climb * (worn - 1 + wander) + noise * random.normal()
            if Double.random(in: 0..<1, using: &random) < 0.001 { distance += climb * Double.random(in: -3...3, using: &random) }
            guard recorder.take(distance, atMilliseconds: (start + step) * WearingMachine.hour, counter: nil) else { break }
        }
        (readings, endMilliseconds) = (recorder.readings, recorder.endMilliseconds)
    }
}
