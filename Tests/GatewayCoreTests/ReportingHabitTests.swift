import Documents
import Testing

@testable import GatewayCore

/// Devices with habits of their own: how often each counts as silent though it is well, and how soon its death is found.
@Suite struct ReportingHabitTests {
    private static let minute: Int64 = 60_000
    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 86_400_000
    /// A Monday, 00:00 UTC.
    private static let start: Int64 = 1_767_571_200_000

    /// Numbers that are the same in every run.
    private struct Dice {
        var state: UInt64
        mutating func below(_ bound: Int64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64(state >> 33) % max(bound, 1)
        }
    }

    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case minutely, hourly, everySixHours, daily, bursts, offAtNight, offAtNightAndWeekends, hourlyInOfficeHours
        var testDescription: String { rawValue }
    }

    private static func times(_ kind: Kind, days: Int64, seed: UInt64 = 1, from start: Int64 = start) -> [Int64] {
        var dice = Dice(state: seed)
        func regular(_ step: Int64, jitter: Int64) -> [Int64] {
            stride(from: Int64(0), to: days * day, by: Int(step)).map { start + $0 + dice.below(jitter) }
        }
        func working(_ step: Int64, weekends: Bool) -> [Int64] {
            var times: [Int64] = []
            for number in 0..<days where weekends || number % 7 < 5 {
                var time = start + number * day + 7 * hour + dice.below(hour)
                let end = start + number * day + 18 * hour + dice.below(hour)
                while time < end {
                    times.append(time)
                    time += step
                }
            }
            return times
        }
        switch kind {
        case .minutely: return regular(minute, jitter: 2000)
        // One report in a hundred is lost.
        case .hourly: return regular(hour, jitter: 20_000).filter { _ in dice.below(100) > 0 }
        case .everySixHours: return regular(6 * hour, jitter: 600_000)
        case .daily: return regular(day, jitter: 1_200_000)
        case .bursts: return regular(hour, jitter: 300_000).flatMap { time in (0..<20).map { time + $0 * 500 } }
        case .offAtNight: return working(minute, weekends: true)
        case .offAtNightAndWeekends: return working(minute, weekends: false)
        case .hourlyInOfficeHours: return working(hour, weekends: false)
        }
    }

    /// The habit after these messages, and when it counted as silent between two of them.
    private static func live(_ times: [Int64]) -> (habit: ReportingHabit, silences: [Int64]) {
        var habit = ReportingHabit()
        var silences: [Int64] = []
        var last: Int64?
        for time in times {
            if let last, time - last >= habit.limitMilliseconds { silences.append(last) }
            _ = habit.hear(at: time, last: last ?? time, isKnown: last != nil)
            last = time
        }
        return (habit, silences)
    }

    /// False silences in the first month and in each later one, at most, and the longest time in hours until the death of a device that lived for
    /// sixty days is found.
    @Test(arguments: [
        (Kind.minutely, 0, 0, 0.25), (.hourly, 0, 0, 4.5), (.everySixHours, 0, 0, 12.6), (.daily, 0, 0, 50.3), (.bursts, 0, 0, 2.3),
        (.offAtNight, 2, 0, 25.2), (.offAtNightAndWeekends, 4, 0, 72), (.hourlyInOfficeHours, 4, 0, 72),
    ]) func wellDevicesAreRarelySilentAndDeadOnesAreFound(_ kind: Kind, _ first: Int, _ later: Int, _ hours: Double) {
        for seed in 1...3 {
            let times = Self.times(kind, days: 120, seed: UInt64(seed))
            let (_, silences) = Self.live(times)
            #expect(silences.filter { $0 < Self.start + 30 * Self.day }.count <= first)
            #expect(silences.filter { $0 >= Self.start + 30 * Self.day }.count <= later)
            // Whenever it dies, silence is found within the limit of its last message.
            var habit = ReportingHabit()
            var longest: Int64 = 0
            var last: Int64?
            for time in times {
                _ = habit.hear(at: time, last: last ?? time, isKnown: last != nil)
                last = time
                if time > Self.start + 60 * Self.day { longest = max(longest, habit.limitMilliseconds) }
            }
            #expect(Double(longest) / 3_600_000 <= hours, "\(kind): \(longest)")
        }
    }

    /// The nights of a printer say nothing about its days.
    @Test func aDeathInTheMiddleOfTheDayIsFoundAtOnce() {
        for kind in [Kind.offAtNight, .offAtNightAndWeekends] {
            let times = Self.times(kind, days: 60).filter { $0 < Self.start + 58 * Self.day + 12 * Self.hour }
            #expect(Self.live(times).habit.limitMilliseconds == 900_000, "\(kind)")
            let evening = Self.times(kind, days: 60).filter { $0 < Self.start + 58 * Self.day }
            #expect(Self.live(evening).habit.limitMilliseconds > 20 * Self.hour, "\(kind)")
        }
    }

    @Test func aNewDeviceIsWaitedForPatiently() {
        var habit = ReportingHabit()
        #expect(habit.isYoung && habit.limitMilliseconds == ReportingHabit.patientLimitMilliseconds)
        var time = Self.start
        _ = habit.hear(at: time, last: time, isKnown: false)
        // A burst of words is one visit.
        for _ in 0..<100 {
            _ = habit.hear(at: time + 100, last: time, isKnown: true)
            time += 100
        }
        #expect(habit.isYoung && habit.limitMilliseconds == ReportingHabit.patientLimitMilliseconds)
        for _ in 0..<100 {
            _ = habit.hear(at: time + Self.minute, last: time, isKnown: true)
            time += Self.minute
        }
        #expect(!habit.isYoung && habit.limitMilliseconds == 900_000 && habit.learnedGaps == 0)
    }

    /// Reports come less often from one day on: a few silences, and then none.
    @Test func aSlowerHabitIsLearnedFromItsFirstGaps() {
        let before = Self.times(.minutely, days: 30)
        let after = Self.times(.hourly, days: 30, from: Self.start + 30 * Self.day)
        let (habit, silences) = Self.live(before + after)
        #expect((1...4).contains(silences.count) && silences.allSatisfy { $0 < Self.start + 31 * Self.day })
        #expect(habit.limitMilliseconds >= 2 * Self.hour)
    }

    /// Reports come more often from one day on: the former limit is forgotten within three weeks.
    @Test func aFasterHabitForgetsTheFormerLimit() {
        let hourly = Self.times(.hourly, days: 30)
        #expect(Self.live(hourly).habit.limitMilliseconds >= 2 * Self.hour)
        let (habit, silences) = Self.live(hourly + Self.times(.minutely, days: 23, from: Self.start + 30 * Self.day))
        #expect(silences.isEmpty && habit.limitMilliseconds == 900_000)
    }

    /// One long absence, such as a fault, raises no limit; a second one soon after does.
    @Test func oneAbsenceTeachesNothing() {
        var times = Self.times(.minutely, days: 10)
        times += Self.times(.minutely, days: 1, from: Self.start + 11 * Self.day)
        #expect(Self.live(times).habit.limitMilliseconds == 900_000)
        times += Self.times(.minutely, days: 1, from: Self.start + 13 * Self.day)
        #expect(Self.live(times).habit.limitMilliseconds > 40 * Self.hour)
    }

    /// What the gateway did not listen to is no gap of the device.
    @Test func gapsOfTheGatewayTeachNothing() {
        var habit = ReportingHabit()
        var time = Self.start
        _ = habit.hear(at: time, last: time, isKnown: false)
        for number in 0..<100 {
            let step = number % 10 == 9 ? 2 * Self.hour : 5 * Self.minute
            _ = habit.hear(at: time + step, last: time, isKnown: step < Self.hour)
            time += step
        }
        #expect(habit.limitMilliseconds == 900_000 && habit.learnedGaps == 0)
    }

    @Test(arguments: Kind.allCases) func bytesGiveTheSameHabit(_ kind: Kind) throws {
        let times = Self.times(kind, days: 40)
        let habit = Self.live(times).habit
        let bytes = ByteWriter.bytes(habit.write)
        var reader = ByteReader(bytes)
        let last = try #require(times.last)
        let read = try ReportingHabit(from: &reader, last: last)
        #expect(read == habit && reader.isAtEnd && bytes.count <= 64)
        #expect(MemoryLayout<ReportingHabit>.stride <= 64)
        for count in bytes.indices {
            var cut = ByteReader(Array(bytes[..<count]))
            #expect(throws: (any Error).self) { try ReportingHabit(from: &cut, last: last) }
        }
    }

    /// Neither numbers that no program wrote nor times of any size trap.
    @Test func extremesNeverTrap() throws {
        var reader = ByteReader([UInt8](repeating: 0xFF, count: 51))
        var habit = try ReportingHabit(from: &reader, last: .max)
        var last: Int64 = 0
        for time in [Int64(0), 1, Self.start, .max - 1, .max] {
            _ = habit.hear(at: time, last: last, isKnown: true)
            last = time
        }
        habit.shift(byMilliseconds: .min, last: 0)
        habit.shift(byMilliseconds: .max, last: .max)
        #expect((900_000...3 * Self.day).contains(habit.limitMilliseconds))
    }

    @Test func aStepOfTheClockMovesWhatIsKnown() {
        var habit = Self.live(Self.times(.offAtNight, days: 40)).habit
        let times = Self.times(.offAtNight, days: 40)
        let before = habit
        habit.shift(byMilliseconds: 30_000, last: (times.last ?? 0) + 30_000)
        #expect(habit.limitMilliseconds == before.limitMilliseconds)
        // Of another clock's hours nothing is known, so long gaps may begin at any.
        habit.shift(byMilliseconds: 6 * Self.hour, last: Self.start + 41 * Self.day + 12 * Self.hour)
        #expect(habit.limitMilliseconds > 20 * Self.hour)
    }
}
