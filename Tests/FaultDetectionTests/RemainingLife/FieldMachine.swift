import Foundation
import TestSupport

/// A second generator of wear, kept apart: it was written before any score on it was seen, and nothing of the forecast may be chosen by it.
///
/// Its courses are those of the literature on degradation, not the shapes that the forecast weighs, and each has the noise, the seasons and the
/// pauses that a machine in the field has.
struct FieldMachine: RunToFailure {
    enum Course: String, CaseIterable {
        /// A gamma process: wear comes in pieces of random size (van Noortwijk 2009).
        case gammaProcess
        /// A crack: its growth goes by a power of its length (Paris' law), so it runs away.
        case crack
        /// It runs in and becomes better, stays, and then wears faster and faster.
        case bathtub
        /// Its rate goes by the temperature (Arrhenius) of seasons and days.
        case arrhenius
        /// By a load that changes from week to week, with holidays.
        case variedLoad
        /// What is measured scatters more and more.
        case scatter
        /// Maintenance in the middle takes some of the wear away, which then goes on as before.
        case serviced
        /// Slowly for most of its life, and several times as fast from a knee on, as capacities of batteries.
        case knee
        /// Shocks, of which there are more and more.
        case shocks
        /// Fast at first and slower and slower, by the square root of time, as what diffuses.
        case diffusion
        /// These never wear: seasons of a year, a slow wander that comes back, and one change of level.
        case quietSeasons, quietWander, quietLevel

        var wears: Bool { !rawValue.hasPrefix("quiet") }
    }

    let course: Course
    private(set) var readings: [RunReading] = []
    private(set) var endMilliseconds: Int64?
    private(set) var foreseeableFromMilliseconds: Int64 = 0
    var isByLoad: Bool { course == .variedLoad }

    /// - Parameter days: it is watched for so long at most.
    init(_ course: Course, seed: UInt64, days: Int = 1200) {
        self.course = course
        var random = SeededGenerator(seed: seed)
        let life = Double.random(in: 50...360, using: &random)
        let climb = exp(Double.random(in: -1...5, using: &random))
        let noise = climb * Double.random(in: 0.01...0.06, using: &random)
        let daily = climb * Double.random(in: 0...0.08, using: &random)
        let shape = Double.random(in: 0..<1, using: &random)
        let phase = Double.random(in: 0..<365, using: &random)
        let serviceShare = Double.random(in: 0.3...0.5, using: &random)
        let serviceEffect = Double.random(in: 0.3...0.7, using: &random)
        let start = Int64(20_000 + Int(random.next() % 365)) * 24
        var (progress, wander, load, weekly, crack) = (0.0, 0.0, 0.0, 1.0, 1.0)
        var (taken, wasServiced) = (0.0, false)
        var recorder = RunRecorder()
        for step in 0..<Int64(days) * 24 {
            let day = Double(step) / 24
            let hour = Double(step % 24)
            if step % 168 == 0 {
                weekly = course == .variedLoad && Double.random(in: 0..<1, using: &random) < 0.04 ? 0 : exp(0.35 * random.normal())
            }
            let season = sin(2 * .pi * (day + phase) / 365.25)
            let perHour = 1 / (life * 24)
            switch course {
            case .gammaProcess: progress += Self.gamma(shape: 60 * perHour, &random) / 60
            case .arrhenius:
                // 12 K of seasons, 5 K of days around 298 K; 0.5 eV.
                let kelvin = 298 + 12 * season + 5 * sin(2 * .pi * (hour - 9) / 24)
                progress += perHour * exp(0.5 / 8.617e-5 * (1 / 298.0 - 1 / kelvin))
            case .variedLoad:
                let isBusy = hour >= 6 && hour < 20
                let work = isBusy ? 50 * weekly * Double.random(in: 0.6...1.4, using: &random) : 0
                load += work
                progress += work / 50 * 24 / 14 * perHour
            case .shocks:
                // Their number grows with the square of time; each takes a 40th on average.
                if Double.random(in: 0..<1, using: &random) < 40 * 2 * (day / life) * perHour {
                    progress += -log(Double.random(in: 1e-9..<1, using: &random)) / 40
                }
            case .crack:
                // From 1 to 6 in a life, with an exponent between 2.4 and 3.6: da/dt = c · a^(m/2).
                let m = 1.2 + 0.6 * shape
                let c = m == 1 ? log(6) : (1 - pow(6, 1 - m)) / (m - 1)
                crack = min(crack + c * perHour * pow(crack, m) * exp(0.3 * random.normal()), 50)
                progress = (crack - 1) / 5
            default: progress = day / life
            }
            if course == .quietWander { wander += -wander / (40 * 24) + climb * 0.012 * random.normal() }
            let worn: Double =
                switch course {
                case .bathtub: Self.bathtub(progress, shape)
                case .knee: progress < 0.6 + 0.2 * shape ? 0.4 * progress : 0.4 * progress + Self.beyondKnee(progress, 0.6 + 0.2 * shape)
                case .diffusion: progress.squareRoot()
                case .scatter: progress
                case .serviced: progress - taken
                case .quietSeasons, .quietWander, .quietLevel: 0.4
                default: progress
                }
            if course == .serviced, !wasServiced, worn > serviceShare {
                wasServiced = true
                taken = worn * serviceEffect
                foreseeableFromMilliseconds = (start + step) * WearingMachine.hour
            }
            let spread = course == .scatter ? noise * (1 + 4 * max(0, progress)) : noise
            var distance = climb * (worn - 1) + wander + spread * random.normal() + daily * (sin(2 * .pi * (hour - 8) / 24) - 1)
            if course == .quietSeasons { distance += climb * 0.3 * season }
            if course == .quietLevel, day > phase { distance += climb * 0.25 }
            if Double.random(in: 0..<1, using: &random) < 0.0005 { distance += climb * Double.random(in: -2...2, using: &random) }
            // The connection is down for a day now and then.
            if (step / 24 + Int64(phase)) % 31 == 0 { continue }
            let time = (start + step) * WearingMachine.hour
            guard recorder.take(distance, atMilliseconds: time, counter: isByLoad ? load : nil) else { break }
        }
        (readings, endMilliseconds) = (recorder.readings, recorder.endMilliseconds)
    }

    /// Down by up to a fifth in the first eighth of the life, flat, and up by a power.
    private static func bathtub(_ x: Double, _ shape: Double) -> Double {
        let runIn = 0.2 * exp(-x / 0.04)
        return runIn + 0.05 * x + 0.95 * pow(x, 2.5 + 2 * shape)
    }

    /// What is left of the way, so that 1 is reached at the end of the life.
    private static func beyondKnee(_ x: Double, _ knee: Double) -> Double { 0.6 * (x - knee) / (1 - knee) }

    /// A gamma distributed number with scale 1 (Marsaglia and Tsang 2000; a shape below 1 by its power).
    private static func gamma(shape: Double, _ random: inout SeededGenerator) -> Double {
        if shape < 1 { return gamma(shape: shape + 1, &random) * pow(Double.random(in: 1e-12..<1, using: &random), 1 / shape) }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = random.normal()
            let v = pow(1 + c * x, 3)
            guard v > 0 else { continue }
            if log(Double.random(in: 1e-12..<1, using: &random)) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
        }
    }
}
