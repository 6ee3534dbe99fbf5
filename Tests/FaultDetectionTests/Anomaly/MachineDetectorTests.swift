import Glibc
import Testing

@testable import FaultDetection

@Suite struct MachineDetectorTests {
    /// Four gauges; in the fault the first falls and the last, a temperature, rises slowly and stays up.
    static func rows(seed: UInt64, count: Int, fault: Range<Int>) -> [[Double]] {
        var noise = SeededNoise(seed)
        var temperature = 60.0
        return (0..<count).map { index in
            if fault.contains(index) { temperature += 0.02 }
            let flow = 120 + noise.gaussian() - (fault.contains(index) ? 30 : 0)
            return [flow, 2 + 0.3 * noise.gaussian(), 230 + 8 * noise.gaussian(), temperature + 0.05 * noise.gaussian()]
        }
    }

    static func run(_ rows: [[Double]], _ detector: inout MachineDetector) -> [MachineDetector.Verdict] {
        rows.map { detector.observe($0) }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aFaultIsSeenAndItsEndTooThoughOneGaugeStaysUp(seed: UInt64) throws {
        var detector = MachineDetector(channels: 4)
        let verdicts = Self.run(Self.rows(seed: seed, count: 1400, fault: 700..<1000), &detector)
        let onset = verdicts.firstIndex { $0.isAnomalous }
        let raised = try #require(onset, "seed \(seed)")
        let end = verdicts[raised...].firstIndex { !$0.isAnomalous }
        let cleared = try #require(end, "seed \(seed)")
        #expect((700..<715).contains(raised) && verdicts[raised].isNew, "seed \(seed): raised at \(raised)")
        #expect((1000..<1045).contains(cleared), "seed \(seed): cleared at \(cleared)")
        let later = verdicts[cleared...].count { $0.isAnomalous }
        #expect(later == 0, "seed \(seed)")
        let changes = verdicts.indices.filter { verdicts[$0].isChange }
        #expect(!Set(changes).isDisjoint(with: 700..<720), "seed \(seed): \(changes)")
        #expect(!Set(changes).isDisjoint(with: 1000..<1030), "seed \(seed): \(changes)")
        #expect(changes.count <= 20, "seed \(seed): \(changes)")
    }

    /// Idle while it was learned, and then at work for some hours a few times a week.
    @Test(arguments: [16, 17, 18] as [UInt64])
    func aMachineThatWorksAtTimesIsWarnedOfOnce(seed: UInt64) {
        var noise = SeededNoise(seed)
        var detector = MachineDetector(channels: 3)
        var heat = 22.0
        var (onsets, standing) = (0, 0)
        let month = 30 * 288
        for row in 0..<month {
            let isAtWork = row > 500 && row / 60 % 5 == 0
            heat += ((isAtWork ? 210 : 22) - heat) * (isAtWork ? 0.9 : 0.15)
            let verdict = detector.observe([
                heat + 0.3 * noise.gaussian(), (isAtWork ? 100 : 0) + noise.uniform(), 22 + 0.1 * noise.gaussian(),
            ])
            if verdict.isNew { onsets += 1 }
            if verdict.isAnomalous { standing += 1 }
        }
        #expect(onsets == 1, "seed \(seed)")
        #expect(standing * 50 < month, "seed \(seed): \(standing) rows")
    }

    /// What was seen once is known, but what goes beyond it is not.
    @Test func whatGoesBeyondTheKnownIsSeen() {
        var rows = Self.rows(seed: 19, count: 2400, fault: 700..<900)
        for index in 2000..<2100 { rows[index][0] += 30 }
        var detector = MachineDetector(channels: 4)
        let verdicts = Self.run(rows, &detector)
        let raised = verdicts[2000..<2030].contains { $0.isNew }
        #expect(raised)
    }

    @Test func theReasonNamesTheGaugesThatMoved() {
        var detector = MachineDetector(channels: 4)
        _ = Self.run(Self.rows(seed: 5, count: 760, fault: 700..<1000), &detector)
        #expect(detector.isAnomalous)
        #expect(detector.reason.parts.first?.channel == 0)
        let text = detector.reason.text { (["flow", "vibration", "voltage", "temperature"][$0], " l/min") }
        #expect(text.hasPrefix("flow is ") && text.contains(" l/min below its usual "), "\(text)")
    }

    @Test(arguments: [7, 8] as [UInt64])
    func unitOffsetAndSignDoNotMatter(seed: UInt64) {
        let rows = Self.rows(seed: seed, count: 1200, fault: 700..<900)
        var plain = MachineDetector(channels: 4)
        var other = MachineDetector(channels: 4)
        let expected = Self.run(rows, &plain)
        let got = Self.run(rows.map { row in row.map { -1000 * $0 - 7 } }, &other)
        for index in rows.indices {
            #expect(abs(expected[index].score - got[index].score) < 0.01 * max(1, expected[index].score), "seed \(seed), row \(index)")
            #expect(expected[index].isAnomalous == got[index].isAnomalous, "seed \(seed), row \(index)")
        }
    }

    @Test func theOrderOfTheGaugesDoesNotMatter() {
        let rows = Self.rows(seed: 9, count: 1200, fault: 700..<900)
        var plain = MachineDetector(channels: 4)
        var turned = MachineDetector(channels: 4)
        let expected = Self.run(rows, &plain)
        let got = Self.run(rows.map { Array($0.reversed()) }, &turned)
        #expect(got == expected)
    }

    @Test(arguments: [11, 12] as [UInt64])
    func aSnapshotGoesOnWhereItWas(seed: UInt64) throws {
        let rows = Self.rows(seed: seed, count: 1200, fault: 700..<900)
        var whole = MachineDetector(channels: 4)
        let expected = Self.run(rows, &whole)
        for cut in [0, 1, 395, 400, 705, 950] {
            var before = MachineDetector(channels: 4)
            _ = Self.run(Array(rows[..<cut]), &before)
            var bytes: [UInt8] = []
            before.write(to: &bytes)
            var after = try #require(MachineDetector(bytes: bytes), "seed \(seed), cut \(cut)")
            #expect(Self.run(Array(rows[cut...]), &after) == Array(expected[cut...]), "seed \(seed), cut \(cut)")
            for length in stride(from: 0, to: bytes.count, by: 41) { #expect(MachineDetector(bytes: Array(bytes[..<length])) == nil) }
        }
    }

    /// A gauge that is unknown when a block ends leaves no value of the calibration before in its place, which no snapshot keeps.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func aSnapshotChangesNothingWhereGaugesVanish(seed: UInt64) throws {
        var whole = MachineDetector(channels: 4)
        var cut = MachineDetector(channels: 4)
        for (index, row) in DetectorSeries.rows(seed: seed, channels: 4, count: 2500).enumerated() {
            let expected = whole.observe(row)
            #expect(cut.observe(row) == expected, "seed \(seed), row \(index)")
            guard index % 405 == 404 else { continue }
            var bytes: [UInt8] = []
            cut.write(to: &bytes)
            cut = try #require(MachineDetector(bytes: bytes))
        }
        var (first, second): ([UInt8], [UInt8]) = ([], [])
        whole.write(to: &first)
        cut.write(to: &second)
        #expect(first == second, "seed \(seed)")
    }

    @Test(arguments: [13, 14] as [UInt64])
    func nothingTraps(seed: UInt64) {
        var noise = SeededNoise(seed)
        let odd: [Double] = [.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0, .leastNonzeroMagnitude]
        for channels in [0, 1, 3, 24, 1000] {
            var detector = MachineDetector(channels: channels, warmupRows: channels == 3 ? -5 : 80)
            for _ in 0..<900 {
                let row = (0..<Int(noise.bits() % 5)).map { _ in
                    noise.bits() % 4 == 0 ? odd[Int(noise.bits() % UInt64(odd.count))] : noise.gaussian()
                }
                #expect(detector.observe(row).score.isFinite, "seed \(seed)")
            }
            _ = detector.reason.text { ("\($0)", "") }
        }
    }

    @Test func unknownRowsNeitherRaiseNorClear() {
        let rows = Self.rows(seed: 15, count: 1200, fault: 700..<900)
        var plain = MachineDetector(channels: 4)
        var disturbed = MachineDetector(channels: 4)
        for row in rows {
            let expected = plain.observe(row)
            #expect(disturbed.observe(row) == expected)
            #expect(disturbed.observe([.nan, .nan, .nan, .nan]).isAnomalous == expected.isAnomalous)
        }
    }
}
