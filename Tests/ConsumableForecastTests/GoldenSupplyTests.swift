import FoundationEssentials
import Telemetry
import Testing

@testable import ConsumableForecast

/// Bytes that earlier programs wrote stay readable, and equal states give equal bytes and equal text: the digest is a hash over the text.
///
/// A line of the file is a name, the bytes of a model and its text. Version 2 was written by models of plain data, which counted
/// days of UTC (before 2026-12).
@Suite struct GoldenSupplyTests {
    private static func lines() throws -> [[Substring]] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/supplies-2.txt")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { $0.split(separator: " ", maxSplits: 2) }
    }

    private static func text(_ model: SupplyModel) throws -> String {
        let json = JSONEncoder()
        json.outputFormatting = .sortedKeys
        return String(decoding: try json.encode(model), as: UTF8.self)
    }

    @Test func whatWasWrittenIsReadAndWrittenAgain() throws {
        let lines = try Self.lines()
        #expect(lines.count == 6)
        for line in lines {
            let digits = Array(line[1].utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            let model = try SupplyModel(bytes: bytes)
            #expect(try SupplyModel(bytes: model.bytes()) == model, "\(line[0])")
            #expect(try Self.text(model) == line[2], "\(line[0])")
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
