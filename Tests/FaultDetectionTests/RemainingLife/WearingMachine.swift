import FaultDetection
import TestSupport

/// A machine whose one metric wears from day to day, whose course is known, and that runs until its condition is met.
struct WearingMachine: RunToFailure {
    enum Course: String, CaseIterable {
        case linear, exponential, square, noisy, dailyCycle, dutyCycle, byLoad, jumps, wiener, late
        /// Three times as fast from some time on; fast, slow and fast again, which is none of the shapes that the forecast weighs.
        case twoSlopes, runIn
        /// These never wear.
        case quiet, quietCycle, quietWander, quietDuty

        var wears: Bool { !rawValue.hasPrefix("quiet") }
    }

    static let hour: Int64 = 3_600_000
    static let holdMilliseconds: Int64 = 2 * hour
    static let gapMilliseconds: Int64 = 4 * hour

    let course: Course
    var isByLoad: Bool { course == .byLoad }
    private(set) var readings: [RunReading] = []
    /// When the condition began to be met by a level that was kept up; nil when it never was.
    private(set) var endMilliseconds: Int64?

    /// - Parameter days: it is watched for so long at most.
    init(_ course: Course, seed: UInt64, days: Int = 900) {
        self.course = course
        var random = SeededGenerator(seed: seed)
        let life = Double.random(in: 40...400, using: &random)
        let climb = Double.random(in: 0.5...50, using: &random)
        let noise =
            climb * (course == .noisy ? Double.random(in: 0.15...0.3, using: &random) : Double.random(in: 0.01...0.08, using: &random))
        let steepness = Double.random(in: 1.5...4, using: &random)
        let cycle = course == .dailyCycle || course == .quietCycle ? climb * Double.random(in: 0.1...0.5, using: &random) : 0
        let onset = course == .late || course == .twoSlopes ? Double.random(in: 0.2...0.5, using: &random) : 0
        let busyHours = Int64.random(in: 6...14, using: &random)
        let hasDuty = course == .dutyCycle || course == .byLoad || course == .quietDuty
        var (wander, load, jumps, heldSince) = (0.0, 0.0, 0.0, Int64.min)
        // Days of the week begin on some weekday.
        let start = Int64(20_000 + Int(random.next() % 7)) * 24
        for step in 0..<Int64(days) * 24 {
            let (hour, day) = (step % 24, Double(step) / 24)
            let isWeekend = (start / 24 + step / 24) % 7 >= 5
            let isBusy = !hasDuty || (hour >= 7 && hour < 7 + busyHours && !(course == .byLoad && isWeekend))
            if isBusy { load += course == .byLoad ? Double.random(in: 10...90, using: &random) : 1 }
            let fraction = course == .byLoad ? load / (life * Double(busyHours) * 50 * 5 / 7) : day / life
            if course == .jumps, Double.random(in: 0..<1, using: &random) < 5 / (life * 24) { jumps += climb * 0.06 }
            if course == .wiener { wander += climb * 0.12 * random.normal() / (life * 24).squareRoot() }
            if course == .quietWander { wander += -wander / (20 * 24) + climb * 0.1 * random.normal() / (10 * 24.0).squareRoot() }
            let worn: Double =
                switch course {
                case .exponential: climb * (Self.power(steepness * fraction) - 1) / (Self.power(steepness) - 1)
                case .square: climb * fraction * fraction
                case .jumps: climb * fraction * 0.7 + jumps
                case .twoSlopes: climb * (fraction < onset ? fraction : 3 * fraction - 2 * onset) / (3 - 2 * onset)
                case .runIn: climb * (0.15 * min(1, fraction * 12) + 0.45 * fraction + 0.4 * fraction * fraction * fraction)
                case .late: climb * max(0, fraction - onset) / (1 - onset)
                case .quiet, .quietCycle, .quietWander, .quietDuty: -0.5 * climb
                default: climb * fraction
                }
            var distance = -climb - cycle + worn + wander + noise * random.normal()
            if cycle > 0 { distance += cycle * Self.daily[Int(hour)] }
            if !isBusy { distance -= climb * 0.8 }
            // One reading in a thousand is nonsense.
            if Double.random(in: 0..<1, using: &random) < 0.001 { distance += climb * Double.random(in: -3...3, using: &random) }
            let time = (start + step) * Self.hour
            readings.append(RunReading(milliseconds: time, distance: distance, counter: course == .byLoad ? load : nil))
            guard distance > 0 else {
                heldSince = .min
                continue
            }
            if heldSince == .min { heldSince = time }
            if time - heldSince >= Self.holdMilliseconds {
                endMilliseconds = time
                return
            }
        }
    }

    private static func power(_ x: Double) -> Double {
        // eˣ by its series, which is enough for x up to 6, and needs no library.
        var (sum, term) = (1.0, 1.0)
        for k in 1...40 {
            term *= x / Double(k)
            sum += term
        }
        return sum
    }

    /// A day's course between −1 and 1.
    private static let daily: [Double] = (0..<24).map { hour in
        let x = Double((hour + 18) % 24) / 12 - 1
        return 4 * x * (1 - abs(x))
    }
}
