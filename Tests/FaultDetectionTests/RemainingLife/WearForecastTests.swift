import FaultDetection
import Foundation
import TestSupport
import Testing

/// Forecasts of machines whose end is known (`WearingMachine`, `TrainingMachine`, and `FieldMachine`, which is kept apart).
///
/// `STEWARD_WEAR_MACHINES=200 STEWARD_WEAR_SEED=1 swift test -c release --filter WearForecastTests` takes so many machines of each course, and prints
/// how each fares.
@Suite struct WearForecastTests {
    private struct Score {
        var asked = 0
        var said = 0
        var within = 0
        var endedEarlier = 0
        var widths = 0.0
        var errors = 0.0
        var coverage: Double { Double(within) / Double(max(said, 1)) }

        mutating func count(_ life: RemainingLife, truth: Double) {
            asked += 1
            guard let days = life.days else { return }
            said += 1
            // Whole days are shown.
            let (from, to) = (days.earliest.rounded(.down), days.latest.rounded(.up))
            if (from...to).contains(truth) { within += 1 }
            if truth < from { endedEarlier += 1 }
            widths += (to - from) / truth
            errors += abs(days.likely - truth) / truth
        }

        static func + (a: Score, b: Score) -> Score {
            var sum = a
            sum.asked += b.asked
            sum.said += b.said
            sum.within += b.within
            sum.endedEarlier += b.endedEarlier
            sum.widths += b.widths
            sum.errors += b.errors
            return sum
        }

        var text: String {
            func percent(_ part: Double, _ whole: Int) -> String { "\(Int((100 * part / Double(max(whole, 1))).rounded())) %" }
            return "said \(said) of \(asked), within \(percent(Double(within), said)), ended earlier \(endedEarlier), "
                + "width \(percent(widths, said)) and error \(percent(errors, said)) of what was left"
        }
    }

    private static let environment = ProcessInfo.processInfo.environment
    private static let machines = UInt64(environment["STEWARD_WEAR_MACHINES"] ?? "") ?? 4
    private static let seed = UInt64(environment["STEWARD_WEAR_SEED"] ?? "") ?? 1
    private static let isLong = environment["STEWARD_WEAR_MACHINES"] != nil

    private static func machine(_ course: WearingMachine.Course, _ number: UInt64, days: Int = 900) -> WearingMachine {
        WearingMachine(course, seed: seed &* 1_000_003 &+ number &* 7919, days: days)
    }

    /// The interval holds the truth in 85 to 95 % of what is said; a short form has too few for the upper bound.
    @Test func intervalsHoldTheTruth() {
        var total: [Double: Score] = [:]
        for course in WearingMachine.Course.allCases where course.wears {
            var scores: [Double: Score] = [:]
            for number in 0..<Self.machines {
                let machine = Self.machine(course, number)
                for left in [0.75, 0.5, 0.25] {
                    guard let (life, truth) = machine.forecast(afterShare: 1 - left) else { continue }
                    scores[left, default: Score()].count(life, truth: truth)
                }
            }
            for (left, score) in scores.sorted(by: { $0.key > $1.key }) {
                total[left] = total[left, default: Score()] + score
                if Self.isLong { print("\(course) with \(Int(100 * left)) % left: \(score.text)") }
            }
        }
        for (left, score) in total.sorted(by: { $0.key > $1.key }) {
            if Self.isLong { print("all with \(Int(100 * left)) % left: \(score.text)") }
            // With 75 % left few courses show anything yet.
            if left < 0.7 { #expect(score.said * 3 > score.asked * 2, "with \(left) left: \(score.text)") }
            let slack = 2 * (0.09 / Double(max(score.said, 1))).squareRoot()
            #expect(score.coverage > 0.85 - (Self.isLong ? 0 : slack), "with \(left) left: \(score.text)")
        }
        let all = total.values.reduce(Score(), +)
        #expect(all.coverage > 0.85 && (!Self.isLong || all.coverage < 0.985), "\(all.text)")
    }

    /// Courses that the forecast was improved by, and courses that it was not (`FieldMachine`): some change their pace after everything that was seen,
    /// which no forecast knows, so the bound is a lower one.
    @Test(arguments: ["training", "field"]) func intervalsHoldTheTruthOfOtherCourses(_ generator: String) {
        var total = Score()
        func score(_ name: String, _ make: (UInt64) -> any RunToFailure) {
            var scores: [Double: Score] = [:]
            for number in 0..<Self.machines {
                let machine = make(Self.seed &* 1_000_003 &+ number &* 7919)
                for left in [0.75, 0.5, 0.25] {
                    guard let (life, truth) = machine.forecast(afterShare: 1 - left) else { continue }
                    scores[left, default: Score()].count(life, truth: truth)
                }
            }
            for (left, score) in scores.sorted(by: { $0.key > $1.key }) {
                total = total + score
                if Self.isLong { print("\(generator) \(name) with \(Int(100 * left)) % left: \(score.text)") }
            }
        }
        if generator == "field" {
            for course in FieldMachine.Course.allCases where course.wears { score(course.rawValue) { FieldMachine(course, seed: $0) } }
        } else {
            for course in TrainingMachine.Course.allCases where course.wears {
                score(course.rawValue) { TrainingMachine(course, seed: $0) }
            }
        }
        if Self.isLong { print("\(generator), all: \(total.text)") }
        let slack = 2 * (0.16 / Double(max(total.said, 1))).squareRoot()
        #expect(total.said * 3 > total.asked && total.coverage > 0.85 - (Self.isLong ? 0 : slack), "\(total.text)")
        #expect(!Self.isLong || total.coverage < 0.95, "\(total.text)")
    }

    /// After a tenth of a life, when what moved is less than what days differ by, nothing is said.
    @Test(arguments: WearingMachine.Course.allCases.filter(\.wears)) func earlyNothingIsSaid(_ course: WearingMachine.Course) {
        var score = Score()
        for number in 0..<Self.machines {
            guard let (life, truth) = Self.machine(course, number).forecast(afterShare: 0.1) else { continue }
            score.count(life, truth: truth)
        }
        if Self.isLong { print("\(course) with 90 % left: \(score.text)") }
        #expect(score.said * 4 <= score.asked, "\(score.text)")
    }

    /// A machine that does not wear gets no forecast: at most one in two hundred questions is answered with less than thirty days.
    @Test(arguments: WearingMachine.Course.allCases.filter { !$0.wears }) func quietMachinesGetNone(_ course: WearingMachine.Course) throws
    {
        var (asked, said, soon) = (0, 0, 0)
        for number in 0..<Self.machines {
            let machine = Self.machine(course, number, days: 400)
            let start = try #require(machine.readings.first).milliseconds
            for day in stride(from: Int64(15), through: 390, by: 25) {
                let now = start + day * 86_400_000
                if let end = machine.endMilliseconds, end < now { break }
                asked += 1
                guard let days = machine.trend(until: now).remainingLife(byLoad: false).days else { continue }
                said += 1
                if days.earliest < 30 { soon += 1 }
            }
        }
        if Self.isLong { print("\(course): said \(said), under 30 days \(soon), of \(asked)") }
        let slack = Self.isLong ? 0 : 2
        #expect((soon - slack) * 200 <= asked && (said - slack) * 50 <= asked, "said \(said), under 30 days \(soon), of \(asked)")
    }

    @Test func anUncertainEndIsNoReasonToGo() {
        #expect(!RemainingLife.expected(earliest: 9, likely: 50, latest: 108).isWithin(days: 10))
        #expect(RemainingLife.expected(earliest: 9, likely: 16, latest: 25).isWithin(days: 10))
        #expect(!RemainingLife.expected(earliest: 10, likely: 16, latest: 25).isWithin(days: 10))
        #expect(!RemainingLife.unknown(.tooFar).isWithin(days: 1000))
    }

    @Test func reasonsAreNamed() {
        func life(days: Int, _ level: (Int) -> Double) -> RemainingLife {
            var (trend, random) = (WearTrend(), SeededGenerator(seed: 5))
            for hour in 0..<days * 24 {
                let noise = Double.random(in: -1...1, using: &random)
                trend.take(
                    level(hour) + noise, atMilliseconds: Int64(hour) * 3_600_000, holdMilliseconds: 0, gapMilliseconds: 7_200_000,
                    counter: nil)
            }
            return trend.remainingLife(byLoad: false)
        }
        #expect(life(days: 8) { Double($0) - 400 } == .unknown(.tooShort))
        #expect(life(days: 90) { _ in -40 } == .unknown(.noDrift))
        #expect(life(days: 90) { -40 - Double($0) / 24 } == .unknown(.movesAway))
        #expect(life(days: 90) { -4000 + Double($0) / 24 } == .unknown(.tooFar))
        #expect(WearTrend().remainingLife(byLoad: true) == .unknown(.tooShort))
        // 90 of 180 days are over.
        let days = life(days: 90) { -180 + Double($0) / 24 }.days
        #expect(days.map { $0.earliest < 90 && $0.latest > 88 && abs($0.likely - 90) < 12 } == true, "\(String(describing: days))")
    }
}
