import ConsumableForecast
import Documents
import FoundationEssentials
import Replenishment
import Telemetry

/// What a snapshot holds behind its fixed parts: sections by name, so that a program of another version passes over what it does not know.
extension StewardCore {
    private struct Replenishing: Codable {
        var stock: StockLedger
        var shipments: [String: [String]]
    }

    private struct BudgetMemory: Codable {
        var counters: BudgetCounters
        var admissionHand: Int
    }

    /// Without it a snapshot that was cut between two sections would pass for a whole one.
    static var lastSection: String { "end" }

    private static var repeatSection: String { "repeats" }

    /// Older snapshots have the remembered hashes here: a count and as many hashes, a number, and a count and as many pairs.
    /// They prove no repeat, so they are passed over, and none are written.
    static func writeFormerRepeats(_ writer: inout ByteWriter) {
        writer.write(UInt32(0))
        writer.write(Int64(0))
        writer.write(UInt32(0))
    }

    static func passFormerRepeats(_ reader: inout ByteReader) throws {
        for _ in 0..<(try reader.integer(UInt32.self)) { _ = try reader.integer(UInt64.self) }
        _ = try reader.integer(Int64.self)
        for _ in 0..<(try reader.integer(UInt32.self)) {
            _ = try reader.integer(UInt64.self)
            _ = try reader.integer(Int32.self)
        }
    }

    func writeSections(_ json: JSONEncoder, _ writer: inout ByteWriter) throws {
        var remembered = ByteWriter()
        repeats.write(to: &remembered)
        writer.write(Self.repeatSection)
        writer.write(blob: remembered.bytes)
        writer.write("replenishment")
        writer.write(blob: try json.encode(Replenishing(stock: orders.stock, shipments: orders.shipments)))
        writer.write("budgets")
        writer.write(blob: try json.encode(BudgetMemory(counters: budgets, admissionHand: admissionHand)))
        writer.write("storeDamage")
        writer.write(blob: try json.encode(storeDamage))
        if let refused = refusedNames.bytes {
            writer.write("refused")
            writer.write(blob: refused)
        }
        writer.write(Self.clockSection)
        writer.write(blob: try clockSection(json))
    }

    mutating func readSections(_ reader: inout ByteReader, _ json: JSONDecoder) throws {
        while true {
            let name = try reader.text()
            if name == Self.lastSection { break }
            let blob = try reader.blob()
            switch name {
            case "replenishment":
                let section = try json.decode(Replenishing.self, from: Data(blob))
                orders.restore(stock: section.stock, shipments: section.shipments)
                renameFormerNeeds()
            case "budgets":
                let section = try json.decode(BudgetMemory.self, from: Data(blob))
                out.budgets = section.counters
                admissionHand = max(section.admissionHand, 0)
            case "storeDamage": storeDamage = try json.decode(StoreDamageLog.self, from: Data(blob))
            case Self.repeatSection:
                var remembered = ByteReader(blob)
                try repeats.read(from: &remembered)
            case "refused": refusedNames = try RefusedNames(bytes: blob)
            case Self.clockSection: try readClock(blob, json)
            case AnomalyDesk.sectionName: try readAnomalies(blob)
            default: continue
            }
        }
        guard reader.isAtEnd else { throw SnapshotTooLong() }
    }

    /// What stock covers was taken aside under the ids of an earlier version.
    private mutating func renameFormerNeeds() {
        guard !orders.stock.needs.isEmpty else { return }
        for device in fleet.presentDevices {
            for (number, slot) in fleet.profiles[fleet.devices[device].profile].layout.supplies.enumerated() {
                guard let generation = supplies.state(device, number)?.model.generation else { continue }
                orders.renameFormerNeed(device: fleet.records[device].id, supply: slot.name, generation: generation)
            }
        }
    }
}

/// Bytes behind the last section: what was read before them cannot be trusted either.
private struct SnapshotTooLong: Error, CustomStringConvertible {
    var description: String { "the data is damaged: it goes on behind its end" }
}
