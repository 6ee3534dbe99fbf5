import Testing

@testable import Telemetry

@Suite struct LocalTimeTextTests {
    @Test(
        arguments: [
            ("2026-11-21T22:04:05Z", 1_795_298_645_000), ("2026-11-21 22:04:05.123456789Z", 1_795_298_645_123),
            ("2026-11-21t22:04:05,5z", 1_795_298_645_500), ("2026-11-21T23:04:05+01", 1_795_298_645_000),
            ("2026-11-21T23:04:05+0100", 1_795_298_645_000), ("2026-11-22T03:49:05.25+05:45", 1_795_298_645_250),
            ("2026-11-21T12:04:05 -10:00", 1_795_298_645_000), ("20261121T220405Z", 1_795_298_645_000),
            ("2026-11-21T22:04Z", 1_795_298_640_000),
            ("Sat, 21 Nov 2026 22:04:05 GMT", 1_795_298_645_000), ("sat, 1 nov 2025 00:00:00 +0000", 1_761_955_200_000),
            ("21 Nov 2026 22:04:05 UTC", 1_795_298_645_000), ("  2026-11-21T22:04:05Z\r\n", 1_795_298_645_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ] as [(String, Int64)]) func zoned(_ text: String, _ milliseconds: Int64)
    {
        #expect(LocalTimeText(text) == .instant(milliseconds: milliseconds))
    }

    @Test(arguments: [
        ("2026-11-21T22:04:05", [2026, 11, 21, 22, 4, 5, 0]), ("2026-11-21 22:04:05.9", [2026, 11, 21, 22, 4, 5, 900]),
        ("2026-11-21 22:04", [2026, 11, 21, 22, 4, 0, 0]), ("2026-11-21", [2026, 11, 21, 0, 0, 0, 0]),
        ("20261121220405", [2026, 11, 21, 22, 4, 5, 0]), ("2024-02-29", [2024, 2, 29, 0, 0, 0, 0]),
        ("1970-01-01T00:00:07", [1970, 1, 1, 0, 0, 7, 0]),
    ]) func local(_ text: String, _ parts: [Int]) {
        let wall = LocalTimeText.Wall(
            year: parts[0], month: parts[1], day: parts[2], hour: parts[3], minute: parts[4], second: parts[5], millisecond: parts[6])
        #expect(LocalTimeText(text) == .local(wall))
    }

    @Test(arguments: [("1795298645", 1_795_298_645), ("1795298645.5", 1_795_298_645.5), ("-1", -1), ("20261121", 20_261_121)])
    func numbers(_ text: String, _ number: Double) { #expect(LocalTimeText(text) == .number(number)) }

    @Test(arguments: [
        "", " ", "now", "2026-02-29", "2026-13-01T00:00:00", "2026-00-01", "2026-11-21T24:00:00", "2026-11-21T22:60:00",
        "2026-11-21T22:04:61",
        "2026-11-21T22:04:05+24:00", "2026-11-21T22:04:05+01:60", "2026-11-21T22:04:05.", "2026-11-21T22:04:05Zx", "2026-11-21T",
        "26-11-21",
        "2026-11-21T22", "21.11.2026 22:04:05", "11/21/2026", "Sat, 21 Foo 2026 22:04:05 GMT", "Sat 21 Nov 2026 22:04:05 GMT", "1.", ".5",
        "1e9",
        "0x10", "2026-11-21T22:04:05+1", "0000-01-01", "2026-11-21T22:04:05 PST",
    ]) func notRead(_ text: String) { #expect(LocalTimeText(text) == nil) }

    @Test func hostileTextsNeverTrap() {
        let seed = FuzzRun.seed(0x5EED_0B)
        var generator = SeededGenerator(seed: seed)
        let fixtures = ["2026-11-21T22:04:05.123+01:00", "Sat, 21 Nov 2026 22:04:05 GMT", "1795298645.123", "20261121T220405Z"].map {
            Array($0.utf8)
        }
        var taken = 0
        for _ in 0..<FuzzRun.rounds(50_000) {
            var bytes = fixtures[Int.random(in: 0..<fixtures.count, using: &generator)]
            for _ in 0..<Int.random(in: 0...3, using: &generator) { DecoderFuzzTests.mutate(&bytes, &generator) }
            let read = bytes.withUnsafeBufferPointer { LocalTimeText($0) }
            taken += read == nil ? 0 : 1
            let judged = DeviceTime.judge(
                raw: .text(String(decoding: bytes, as: UTF8.self)), unit: .seconds, previousMilliseconds: .min,
                arrivalMilliseconds: 1_795_300_000_000)
            #expect(judged.milliseconds >= DeviceTime.earliestMilliseconds, "seed \(seed)")
            #expect(judged.milliseconds <= 1_795_300_000_000 + DeviceTime.aheadMilliseconds, "seed \(seed)")
        }
        #expect(taken > 1000, "seed \(seed)")
    }
}
