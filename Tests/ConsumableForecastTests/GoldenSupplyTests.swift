import FoundationEssentials
import Telemetry
import Testing

@testable import ConsumableForecast

/// Bytes that earlier programs wrote stay readable, and equal states give equal bytes and equal text: the digest is a hash over the text.
///
/// A line of a file is a name, the bytes of a model and its text. Version 2 was written by models of plain data, which counted days of UTC, and
/// neither it nor version 3 knows the changes of supplies (before 2026-12).
@Suite struct GoldenSupplyTests {
    private struct Line {
        var name: Substring
        var bytes: [UInt8]
        var text: Substring
    }

    private static func lines(version: Int) throws -> [Line] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/supplies-\(version).txt")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            let parts = line.split(separator: " ", maxSplits: 2)
            let digits = Array(parts[1].utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            return Line(name: parts[0], bytes: bytes, text: parts[2])
        }
    }

    private static func text(_ model: SupplyModel) throws -> String {
        let json = JSONEncoder()
        json.outputFormatting = .sortedKeys
        return String(decoding: try json.encode(model), as: UTF8.self)
    }

    /// With `STEWARD_RECORD_GOLDEN` the file of the present version is written: what the earlier one has, and a slot whose people have a habit.
    private static func record() throws {
        var models = try lines(version: 2).map { (String($0.name), try SupplyModel(bytes: $0.bytes)) }
        var (habit, fleet) = (SupplyModel(), FleetPriors())
        _ = SwapHabitTests.live(&habit, &fleet, ends: [25, 24, 27, 25], then: 3)
        models.append(("supply-habit", habit))
        let text = try models.map { name, model in
            let digits = try model.bytes().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return "\(name) \(digits) \(try Self.text(model))\n"
        }
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/supplies-4.txt")
        try Data(text.joined().utf8).write(to: file)
    }

    @Test func whatWasWrittenIsReadAndWrittenAgain() throws {
        if ProcessInfo.processInfo.environment["STEWARD_RECORD_GOLDEN"] != nil { try Self.record() }
        let lines = try Self.lines(version: 4)
        #expect(lines.count == 7)
        for line in lines {
            let model = try SupplyModel(bytes: line.bytes)
            #expect(try model.bytes() == line.bytes, "\(line.name)")
            #expect(try Self.text(model) == line.text, "\(line.name)")
        }
        let habit = try #require(lines.last.map { try SupplyModel(bytes: $0.bytes) }?.ownHabit)
        #expect(habit.earlyChanges == 4 && abs(habit.percent - 25) < 3)
    }

    /// Nothing that an earlier version wrote is lost: its models are those of the present version with no change remembered.
    @Test func anEarlierVersionIsReadWhole() throws {
        let (earlier, present) = (try Self.lines(version: 2), try Self.lines(version: 4))
        #expect(earlier.count == 6)
        for (line, same) in zip(earlier, present) {
            #expect(line.name == same.name)
            let expected = try SupplyModel(bytes: same.bytes)
            #expect(try SupplyModel(bytes: line.bytes) == expected && expected.swaps.isEmpty, "\(line.name)")
            // Version 3 ends before the changes, of which version 4 says in its last byte that there is none.
            #expect(try SupplyModel(bytes: [3] + same.bytes[1..<same.bytes.count - 1]) == expected, "\(line.name)")
        }
    }

    /// Of a version that nobody knows the numbers of the cartridges remain, because orders are named by them.
    @Test func anUnknownVersionKeepsItsNumber() throws {
        for version in [1, 5] as [UInt8] {
            var bytes = try #require(Self.lines(version: 2).last).bytes
            let generation = try SupplyModel(bytes: bytes).generation
            bytes[0] = version
            var expected = SupplyModel()
            (expected.generation, expected.generations) = (generation, generation)
            #expect(try SupplyModel(bytes: bytes) == expected)
        }
    }

    /// A model that was written and read goes on as the one that was not, whatever it lives through.
    @Test(arguments: 0..<12 as Range<UInt64>) func aSnapshotChangesNothing(seed: UInt64) throws {
        var series = SupplySeries(seed: seed)
        var (whole, cut) = (SupplyModel(), SupplyModel())
        var (fleet, otherFleet) = (FleetPriors(), FleetPriors())
        var other = series
        var swaps = 0
        for reading in 0..<1500 {
            let change = series.next(&whole, &fleet)
            if case .newGeneration = change { swaps += 1 }
            #expect(other.next(&cut, &otherFleet) == change, "seed \(seed), reading \(reading)")
            if reading % 37 == 0 {
                cut = try SupplyModel(bytes: cut.bytes())
                #expect(cut == whole, "seed \(seed), reading \(reading)")
            }
        }
        #expect(swaps > 3, "seed \(seed)")
    }
}
