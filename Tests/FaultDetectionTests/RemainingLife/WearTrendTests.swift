import Documents
import FaultDetection
import TestSupport
import Testing

/// What is remembered of a metric on its way to a bound.
@Suite struct WearTrendTests {
    private static let hour: Int64 = 3_600_000

    /// Takes a level an hour.
    private func feed(_ trend: inout WearTrend, days: Range<Int>, hold: Int64 = 0, _ level: (Int) -> Double?) {
        for hour in days.lowerBound * 24..<days.upperBound * 24 {
            guard let level = level(hour) else { continue }
            trend.take(
                level, atMilliseconds: Int64(hour) * Self.hour, holdMilliseconds: hold, gapMilliseconds: 2 * Self.hour, counter: nil)
        }
    }

    @Test func tenYearsTakeNoMoreThanAMonth() {
        var trend = WearTrend()
        feed(&trend, days: 0..<3650) { Double($0) / 1000 - 100 }
        #expect(trend.stateBytes <= 520)
        #expect(trend.bins.count <= WearTrend.maximumBins && trend.bins.count >= WearTrend.maximumBins / 2)
        #expect(trend.knownDays == 3648, "all but the first day and the present one")
        // Means over their days, whatever they were joined of: the worst of a day is its last hour.
        for bin in trend.bins { #expect(abs(Double(bin.distance) - ((Double(bin.day) * 24 + 23) / 1000 - 100)) < 0.01) }
    }

    /// A peak that is shorter than the condition has to hold is none.
    @Test func levelsAreKeptUp() {
        var (short, long) = (WearTrend(), WearTrend())
        feed(&short, days: 0..<10, hold: 3 * Self.hour) { $0 % 24 == 12 ? 50 : -10 }
        feed(&long, days: 0..<10, hold: 3 * Self.hour) { $0 % 24 >= 6 && $0 % 24 < 18 ? 50 : -10 }
        #expect(short.bins.allSatisfy { $0.distance == -10 } && !short.bins.isEmpty)
        #expect(long.bins.allSatisfy { $0.distance == 50 } && !long.bins.isEmpty)
    }

    /// Readings without work in between say nothing, and load is what the counter counted.
    @Test func idleHoursAreLeftOut() {
        var (trend, pages) = (WearTrend(), 1000.0)
        for hour in 0..<240 {
            let isBusy = hour % 24 >= 8 && hour % 24 < 16
            if isBusy { pages += 10 }
            trend.take(
                isBusy ? -20 : 30, atMilliseconds: Int64(hour) * Self.hour, holdMilliseconds: 0, gapMilliseconds: 2 * Self.hour,
                counter: pages)
        }
        #expect(trend.bins.allSatisfy { $0.distance == -20 } && trend.bins.count == 8)
        #expect(zip(trend.bins, trend.bins.dropFirst()).allSatisfy { $1.load - $0.load == 80 })
    }

    /// What was worn is replaced: a new life begins with what is told from then on.
    @Test func aReplacementBeginsANewLife() {
        var (trend, random) = (WearTrend(), SeededGenerator(seed: 3))
        feed(&trend, days: 0..<60) { Double($0) / 24 - 70 + Double.random(in: -1...1, using: &random) }
        #expect(trend.remainingLife(byLoad: false).days != nil)
        feed(&trend, days: 60..<66) { Double($0 - 60 * 24) / 24 - 70 + Double.random(in: -1...1, using: &random) }
        #expect(trend.remainingLife(byLoad: false) == .unknown(.tooShort))
        #expect(trend.knownDays <= 5)
        feed(&trend, days: 66..<95) { Double($0 - 60 * 24) / 24 - 70 + Double.random(in: -1...1, using: &random) }
        let days = trend.remainingLife(byLoad: false).days
        #expect(days.map { $0.earliest < 36 && $0.latest > 34 } == true, "\(String(describing: days))")
    }

    @Test func bytesAreTheState() throws {
        let machine = WearingMachine(.byLoad, seed: 8)
        let now = try #require(machine.readings.first).milliseconds + 55 * 86_400_000
        var trend = machine.trend(until: now)
        var reader = ByteReader(ByteWriter.bytes(trend.write))
        var again = try WearTrend(from: &reader)
        #expect(reader.isAtEnd && again == trend)
        for reading in machine.readings where reading.milliseconds > now {
            trend.take(
                reading.distance, atMilliseconds: reading.milliseconds, holdMilliseconds: WearingMachine.holdMilliseconds,
                gapMilliseconds: WearingMachine.gapMilliseconds, counter: reading.counter)
            again.take(
                reading.distance, atMilliseconds: reading.milliseconds, holdMilliseconds: WearingMachine.holdMilliseconds,
                gapMilliseconds: WearingMachine.gapMilliseconds, counter: reading.counter)
        }
        #expect(again == trend && again.remainingLife(byLoad: true) == trend.remainingLife(byLoad: true))
        let bytes = ByteWriter.bytes(trend.write)
        for length in 0..<bytes.count {
            var cut = ByteReader(Array(bytes.prefix(length)))
            #expect(throws: ByteCodingError.self) { try WearTrend(from: &cut) }
        }
    }

    /// A clock that is set moves nothing.
    @Test func aStepOfTheClockIsNoWear() {
        var (stepped, plain) = (WearTrend(), WearTrend())
        feed(&stepped, days: 0..<40) { Double($0) / 24 - 70 }
        feed(&plain, days: 0..<80) { Double($0) / 24 - 70 }
        let step: Int64 = 1000 * 86_400_000
        stepped.shift(byMilliseconds: step)
        for hour in 40 * 24..<80 * 24 {
            stepped.take(
                Double(hour) / 24 - 70, atMilliseconds: Int64(hour) * Self.hour + step, holdMilliseconds: 0,
                gapMilliseconds: 2 * Self.hour, counter: nil)
        }
        #expect(stepped.bins == plain.bins)
    }

    /// Damaged bytes are refused, or are some state that can be gone on with.
    @Test func damagedBytesNeverTrap() throws {
        let machine = WearingMachine(.linear, seed: 8)
        let now = try #require(machine.readings.first).milliseconds + 35 * 86_400_000
        let bytes = ByteWriter.bytes(machine.trend(until: now).write)
        var random = SeededGenerator(seed: 6)
        for _ in 0..<100 {
            var damaged = bytes
            for _ in 0..<3 { damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
            var reader = ByteReader(damaged)
            guard var trend = try? WearTrend(from: &reader) else { continue }
            for day in 0..<3 {
                trend.take(
                    -1, atMilliseconds: now + Int64(day) * 86_400_000, holdMilliseconds: 0, gapMilliseconds: 1000, counter: nil)
            }
            trend.shift(byMilliseconds: .max)
            for byLoad in [true, false] {
                if let days = trend.remainingLife(byLoad: byLoad).days { #expect(days.earliest >= 0 && days.latest.isFinite) }
            }
        }
    }

    /// Numbers of any size are taken without a trap, and forecasts of them are numbers or none.
    @Test func anyNumberIsTaken() {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<20 {
            var trend = WearTrend()
            for _ in 0..<2000 {
                let distance = Double(bitPattern: random.next())
                let time = Int64(bitPattern: random.next()) >> Int64.random(in: 0...30, using: &random)
                trend.take(
                    distance, atMilliseconds: time, holdMilliseconds: 0, gapMilliseconds: 1000,
                    counter: Bool.random(using: &random) ? nil : Double(bitPattern: random.next()))
            }
            for byLoad in [true, false] {
                if let days = trend.remainingLife(byLoad: byLoad).days { #expect(days.earliest >= 0 && days.latest.isFinite) }
            }
        }
    }
}
