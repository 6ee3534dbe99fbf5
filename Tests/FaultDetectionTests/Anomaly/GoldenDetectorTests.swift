import FoundationEssentials
import Testing

@testable import FaultDetection

/// Bytes that earlier programs wrote stay readable, and equal states give equal bytes: the digest is a hash over them.
///
/// A line of the file is a name, the bytes, and a checksum of what the detector says to the readings that follow. The file of version 4 was
/// written by the plain detectors (`STEWARD_RECORD_GOLDEN=1`), those of versions 1 and 2 by programs before 2026-12; their detectors begin anew.
@Suite struct GoldenDetectorTests {
    private static let metrics: [(seed: UInt64, cut: Int)] = [(0, 0), (1, 130), (2, 9_000), (3, 20_000), (6, 40_000)]
    private static let machines: [(seed: UInt64, channels: Int, cut: Int)] = [(0, 3, 0), (1, 3, 37), (2, 5, 700), (3, 24, 1500)]

    private static func file(_ version: Int) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Golden/detectors-\(version).txt")
    }

    private static let lines: [String: (bytes: [UInt8], verdicts: UInt64)] = {
        if ProcessInfo.processInfo.environment["STEWARD_RECORD_GOLDEN"] != nil { try? record() }
        return lines(version: 4)
    }()

    private static func lines(version: Int) -> [String: (bytes: [UInt8], verdicts: UInt64)] {
        let text = (try? String(contentsOf: file(version), encoding: .utf8)) ?? ""
        var lines: [String: (bytes: [UInt8], verdicts: UInt64)] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let digits = Array(words[1].utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            lines[String(words[0])] = (bytes, UInt64(words[2], radix: 16) ?? 0)
        }
        return lines
    }

    /// Writes the file with the plain detectors, which are other code than those that are tested.
    private static func record() throws {
        func line(_ name: String, _ bytes: [UInt8], _ verdicts: UInt64) -> String {
            let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return "\(name) \(digits) \(String(verdicts, radix: 16))\n"
        }
        var text = ""
        for (seed, cut) in metrics {
            let readings = DetectorSeries.metric(seed: seed, count: cut + 3000)
            var detector = PlainMetricDetector()
            for reading in readings[..<cut] { _ = detector.observe(reading.value, atMilliseconds: reading.time) }
            var bytes: [UInt8] = []
            detector.write(to: &bytes)
            var sum: UInt64 = 1
            for reading in readings[cut...] {
                let verdict = detector.observe(reading.value, atMilliseconds: reading.time)
                add(verdict.score, (verdict.isAnomalous ? 1 : 0) | (verdict.isNew ? 2 : 0), to: &sum)
            }
            text += line("metric-\(seed)", bytes, sum)
        }
        for (seed, channels, cut) in machines {
            let rows = DetectorSeries.rows(seed: seed, channels: channels, count: cut + 1000).map { $0.map { $0.isNaN ? 7 : $0 } }
            var detector = PlainMachineDetector(channels: channels)
            for row in rows[..<cut] { _ = detector.observe(row) }
            var bytes: [UInt8] = []
            detector.write(to: &bytes)
            var sum: UInt64 = 1
            for row in rows[cut...] {
                let verdict = detector.observe(row)
                add(verdict.score, (verdict.isAnomalous ? 1 : 0) | (verdict.isNew ? 2 : 0) | (verdict.isChange ? 4 : 0), to: &sum)
            }
            text += line("machine-\(seed)", bytes, sum)
        }
        try Data(text.utf8).write(to: file(4))
    }

    /// What the detectors before them wrote is refused whole, so that nothing is misread.
    @Test(arguments: [1, 2])
    func anEarlierVersionBeginsAnew(version: Int) {
        let lines = Self.lines(version: version)
        #expect(lines.count == 9)
        for (name, line) in lines {
            #expect(
                name.hasPrefix("metric") ? MetricDetector(bytes: line.bytes) == nil : MachineDetector(bytes: line.bytes) == nil, "\(name)")
        }
    }

    private static func add(_ score: Float, _ flags: UInt64, to sum: inout UInt64) {
        sum = (sum ^ UInt64(score.bitPattern) ^ flags << 40) &* 0x0000_0100_0000_01B3
    }

    private static func run(_ detector: inout MetricDetector, _ readings: ArraySlice<DetectorSeries.Reading>) -> UInt64 {
        var sum: UInt64 = 1
        for reading in readings {
            let verdict = detector.observe(reading.value, atMilliseconds: reading.time)
            add(verdict.score, (verdict.isAnomalous ? 1 : 0) | (verdict.isNew ? 2 : 0), to: &sum)
        }
        return sum
    }

    private static func run(_ detector: inout MachineDetector, _ rows: ArraySlice<[Double]>) -> UInt64 {
        var sum: UInt64 = 1
        for row in rows {
            let verdict = detector.observe(row)
            add(verdict.score, (verdict.isAnomalous ? 1 : 0) | (verdict.isNew ? 2 : 0) | (verdict.isChange ? 4 : 0), to: &sum)
        }
        return sum
    }

    private static func expect(_ name: String, _ bytes: [UInt8], _ verdicts: UInt64) throws {
        let golden = try #require(lines[name], "no line \(name)")
        #expect(golden.bytes == bytes, "\(name)")
        #expect(golden.verdicts == verdicts, "\(name)")
    }

    @Test(arguments: metrics)
    func metric(seed: UInt64, cut: Int) throws {
        let readings = DetectorSeries.metric(seed: seed, count: cut + 3000)
        var detector = MetricDetector()
        _ = Self.run(&detector, readings[..<cut])
        var bytes: [UInt8] = []
        detector.write(to: &bytes)
        var read = try #require(MetricDetector(bytes: Self.lines["metric-\(seed)"]?.bytes ?? []))
        var again: [UInt8] = []
        read.write(to: &again)
        #expect(again == bytes)
        let verdicts = Self.run(&detector, readings[cut...])
        try Self.expect("metric-\(seed)", bytes, verdicts)
        #expect(Self.run(&read, readings[cut...]) == verdicts)
    }

    @Test(arguments: machines)
    func machine(seed: UInt64, channels: Int, cut: Int) throws {
        // Of whole rows.
        let rows = DetectorSeries.rows(seed: seed, channels: channels, count: cut + 1000).map { $0.map { $0.isNaN ? 7 : $0 } }
        var detector = MachineDetector(channels: channels)
        _ = Self.run(&detector, rows[..<cut])
        var bytes: [UInt8] = []
        detector.write(to: &bytes)
        var read = try #require(MachineDetector(bytes: Self.lines["machine-\(seed)"]?.bytes ?? []))
        var again: [UInt8] = []
        read.write(to: &again)
        #expect(again == bytes)
        let verdicts = Self.run(&detector, rows[cut...])
        try Self.expect("machine-\(seed)", bytes, verdicts)
        #expect(Self.run(&read, rows[cut...]) == verdicts)
    }
}
