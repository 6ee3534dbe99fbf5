import CivilCalendar
import TestSupport
import Testing

@testable import Telemetry

@Suite struct DeviceTimeTests {
    static let arrival: Int64 = 1_795_300_000_000
    typealias Quality = DeviceTime.Quality

    private func judge(
        _ stamp: LocalTimeText?, _ unit: DeviceTime.Unit = .milliseconds, zone: ZoneRules? = nil, previous: Int64? = nil
    ) -> (milliseconds: Int64, quality: Quality) {
        DeviceTime.resolve(stamp: stamp, unit: unit, zone: zone, previousMilliseconds: previous, arrivalMilliseconds: Self.arrival)
    }

    @Test(
        arguments: [
            (1_795_298_645_123, .milliseconds, 1_795_298_645_123, .device), (1_795_298_645.123, .seconds, 1_795_298_645_123, .device),
            (1_661_517_385.44, .seconds, 1_661_517_385_440, .device),
            // A backfill of years keeps its times, a clock a little ahead too.
            (1_262_304_000_000, .milliseconds, 1_262_304_000_000, .device), (1_795_386_400_000, .milliseconds, 1_795_386_400_000, .device),
            (1_795_386_400_001, .milliseconds, arrival, .arrivalImplausible(.ahead)),
            (1_262_303_999_999, .milliseconds, arrival, .arrivalImplausible(.clockNotSet)),
            // The other unit.
            (1_795_298_645_123, .seconds, 1_795_298_645_123, .deviceCorrected(.millisecondsForSeconds)),
            (1_500_000_000_000, .seconds, 1_500_000_000_000, .deviceCorrected(.millisecondsForSeconds)),
            (1_795_298_645, .milliseconds, 1_795_298_645_000, .deviceCorrected(.secondsForMilliseconds)),
            (1_795_298_645_123_456, .microseconds, 1_795_298_645_123, .device),
            (1_795_298_645_123_456_768, .nanoseconds, 1_795_298_645_123, .device),
            (1_795_298_645_123_456_768, .microseconds, 1_795_298_645_123, .deviceCorrected(.nanoseconds)),
            (1_795_298_645_123, .microseconds, arrival, .arrivalImplausible(.clockNotSet)),
            (1_795_298_645, .nanoseconds, arrival, .arrivalImplausible(.clockNotSet)),
            (1_795_298_645_123_456, .milliseconds, 1_795_298_645_123, .deviceCorrected(.microseconds)),
            (1_795_298_645_123_456, .seconds, 1_795_298_645_123, .deviceCorrected(.microseconds)),
            (1_795_298_645_123_456_768, .milliseconds, 1_795_298_645_123, .deviceCorrected(.nanoseconds)),
            // A clock that has been running from 1970 for seventeen days is no clock of 2017.
            (1_500_000_000, .milliseconds, arrival, .arrivalImplausible(.clockNotSet)),
            (0, .milliseconds, arrival, .arrivalImplausible(.clockNotSet)), (1.61, .seconds, arrival, .arrivalImplausible(.clockNotSet)),
            (-5, .seconds, arrival, .arrivalImplausible(.clockNotSet)), (4_294_967_295, .seconds, arrival, .arrivalImplausible(.ahead)),
            (4_294_967_295_000, .milliseconds, arrival, .arrivalImplausible(.ahead)),
            (.infinity, .seconds, arrival, .arrivalImplausible(.unreadable)),
            (.nan, .milliseconds, arrival, .arrivalImplausible(.unreadable)),
            (1e300, .seconds, arrival, .arrivalImplausible(.ahead)), (-1e300, .seconds, arrival, .arrivalImplausible(.clockNotSet)),
            (1.7e308, .seconds, arrival, .arrivalImplausible(.ahead)),
            (-1.7e308, .milliseconds, arrival, .arrivalImplausible(.clockNotSet)),
            (15_233.5, .monotonic, arrival, .arrivalImplausible(.monotonic)),
        ] as [(Double, DeviceTime.Unit, Int64, Quality)])
    func numbers(_ number: Double, _ unit: DeviceTime.Unit, _ milliseconds: Int64, _ quality: Quality) {
        let judged = judge(.number(number), unit)
        #expect(judged.milliseconds == milliseconds)
        #expect(judged.quality == quality)
    }

    @Test(
        arguments: [
            ("2026-11-21T22:04:05Z", 1_795_298_645_000, .device),
            ("1795298645", 1_795_298_645_000, .deviceCorrected(.secondsForMilliseconds)),
            ("1970-01-01T00:00:07", arrival, .arrivalImplausible(.clockNotSet)),
            ("2106-02-07T06:28:15Z", arrival, .arrivalImplausible(.ahead)),
            ("yesterday", arrival, .arrivalImplausible(.unreadable)), ("", arrival, .arrivalImplausible(.unreadable)),
            ("9999-12-31T23:59:60-23:59", arrival, .arrivalImplausible(.ahead)),
        ] as [(String, Int64, Quality)]) func texts(_ text: String, _ milliseconds: Int64, _ quality: Quality)
    {
        let judged = judge(LocalTimeText(text))
        #expect(judged.milliseconds == milliseconds)
        #expect(judged.quality == quality)
    }

    @Test func aLocalTimeInAZone() throws {
        let berlin = try ZoneRules(tzif: ZoneFixture.berlin)
        #expect(judge(LocalTimeText("2026-11-21T23:04:05.5"), zone: berlin).milliseconds == 1_795_298_645_500)
        #expect(judge(LocalTimeText("2026-11-21T22:04:05Z"), zone: berlin).milliseconds == 1_795_298_645_000)
        #expect(judge(LocalTimeText("2026-07-15 12:00:00"), zone: berlin).milliseconds == 1_784_109_600_000)
        #expect(judge(LocalTimeText("2026-03-29 02:30:00"), zone: berlin).quality == .deviceCorrected(.springGap))
        let first: Int64 = 1_792_888_200_000
        #expect(judge(LocalTimeText("2026-10-25 02:30:00"), zone: berlin).milliseconds == first)
        let second = judge(LocalTimeText("2026-10-25 02:30:00"), zone: berlin, previous: first + 3_000_000)
        #expect(second.milliseconds == first + 3_600_000)
        #expect(second.quality == .deviceCorrected(.autumnOverlap))
    }

    @Test func noArrivalTimeTraps() {
        for arrival in [Int64.min, 0, .max] {
            for number in [0, 1_795_298_645_123, 9e15, 9.3e18, 1e300] {
                _ = DeviceTime.resolve(
                    stamp: .number(number), unit: .milliseconds, zone: nil, previousMilliseconds: nil, arrivalMilliseconds: arrival)
            }
            _ = DeviceTime.resolve(
                stamp: LocalTimeText("2026-03-29 02:30:00"), unit: .milliseconds, zone: nil, previousMilliseconds: arrival,
                arrivalMilliseconds: arrival)
        }
    }

    @Test func hostileTextsNeverTrap() {
        let seed = FuzzRun.seed(0x5EED_0B)
        var generator = SeededGenerator(seed: seed)
        let fixtures = ["2026-11-21T22:04:05.123+01:00", "Sat, 21 Nov 2026 22:04:05 GMT", "1795298645.123", "20261121T220405Z"].map {
            Array($0.utf8)
        }
        var taken = 0
        for _ in 0..<FuzzRun.rounds(50_000) {
            var bytes = fixtures[Int.random(in: 0..<fixtures.count, using: &generator)]
            for _ in 0..<Int.random(in: 0...3, using: &generator) { Mutator.mutate(&bytes, &generator) }
            let read = bytes.withUnsafeBufferPointer { LocalTimeText($0) }
            taken += read == nil ? 0 : 1
            let judged = DeviceTime.resolve(
                stamp: read, unit: .seconds, zone: nil, previousMilliseconds: .min, arrivalMilliseconds: 1_795_300_000_000)
            #expect(judged.milliseconds >= DeviceTime.earliestMilliseconds, "seed \(seed)")
            #expect(judged.milliseconds <= 1_795_300_000_000 + DeviceTime.aheadMilliseconds, "seed \(seed)")
        }
        #expect(taken > 1000, "seed \(seed)")
    }
}
