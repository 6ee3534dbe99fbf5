import ConsumableForecast
import Documents
import FaultDetection
import FoundationEssentials
import RemoteSupport
import Replenishment
import ServiceValue
import Sparkplug
import Telemetry

/// Reads snapshots of format 6, which programs before 2026-12 wrote: a fixed order of fields, what the desks keep of a device as one JSON
/// object, and named sections at the end. An upgrade finds such a snapshot in its store.
extension StewardCore {
    mutating func readFormat6(_ bytes: [UInt8], _ profiles: [DeviceProfile]) throws {
        let json = JSONDecoder()
        var reader = ByteReader(bytes)
        lastEvent = try reader.integer()
        now = try reader.integer()
        presence.restore(.init(isConnected: try reader.bool(), listeningSince: try reader.integer(), nextScan: try reader.integer()))
        out.counters = try Self.counters(try reader.blob())
        experience.restore(try json.decode(ExperienceScores.self, from: Data(try reader.blob())))
        try Self.passHashes(&reader)
        var layouts: [FleetState.LayoutMemory] = []
        var learned: [SupplyLearning] = []
        for _ in 0..<(try reader.integer(UInt32.self)) {
            layouts.append(try Self.layout(&reader))
            learned.append(try json.decode(SupplyLearning.self, from: Data(try reader.blob())))
        }
        let renumberings = fleet.restore(layouts, profiles)
        for (renumbering, learned) in zip(renumberings, learned) { supplies.restore(learned, of: renumbering.profile) }
        for _ in 0..<(try reader.integer(UInt32.self)) { try readDevice6(&reader, json, renumberings) }
        let (alarmCount, alarms): (Int, [Alarm]) = try Self.values(&reader, json)
        for alarm in alarms { self.alarms.restore(alarm) }
        let (runCount, runs): (Int, [PlaybookRun]) = try Self.values(&reader, json)
        for run in runs { support.restore(run) }
        let (orderCount, orders): (Int, [SupplyOrder]) = try Self.values(&reader, json)
        for order in orders { self.orders.restore(order) }
        let (ticketCount, tickets): (Int, [Ticket]) = try Self.values(&reader, json)
        for ticket in tickets { support.restore(ticket) }
        support.restore(.init(runTrimCount: runCount, ticketTrimCount: ticketCount))
        for _ in 0..<(try reader.integer(UInt32.self)) {
            _ = sparkplug.add(try SparkplugHost(from: &reader, tableHash: configuration.tableHash))
        }
        let inhibitions = try json.decode(Inhibitions6.self, from: Data(try reader.blob()))
        self.alarms.restore(.init(trimCount: alarmCount, held: inhibitions.held, flapping: inhibitions.flapping))
        maintenance.restore(
            .init(
                windows: inhibitions.windows, open: inhibitions.open, cutShort: inhibitions.cutShort, nextDue: inhibitions.nextWindowEdge))
        self.orders.restore(.init(trimCount: orderCount))
        try readSections6(&reader, json, orderCount)
    }

    /// A counter that it does not have begins at 0.
    private static func counters(_ bytes: [UInt8]) throws -> CoreCounters {
        let counts = try JSONDecoder().decode([String: Int64].self, from: Data(bytes))
        return try StateDecoder.decode(from: StateEncoder.encode(counts))
    }

    /// Hashes of messages, which prove no repeat: a count and as many hashes, a number, and a count and as many pairs.
    private static func passHashes(_ reader: inout ByteReader) throws {
        for _ in 0..<(try reader.integer(UInt32.self)) { _ = try reader.integer(UInt64.self) }
        _ = try reader.integer(Int64.self)
        for _ in 0..<(try reader.integer(UInt32.self)) {
            _ = try reader.integer(UInt64.self)
            _ = try reader.integer(Int32.self)
        }
    }

    private static func layout(_ reader: inout ByteReader) throws -> FleetState.LayoutMemory {
        var layout = FleetState.LayoutMemory(isBase: try reader.bool(), profile: try reader.text())
        for _ in 0..<(try reader.integer(UInt32.self)) {
            layout.slots.append(.init(name: try reader.text(), kind: try reader.text(), unit: try reader.text(), states: []))
            for _ in 0..<(try reader.integer(UInt32.self)) { layout.slots[layout.slots.count - 1].states.append(try reader.text()) }
        }
        for _ in 0..<(try reader.integer(UInt32.self)) {
            layout.supplies.append(.init(name: try reader.text(), rule: Int(try reader.integer(UInt32.self)), item: try reader.text()))
        }
        return layout
    }

    private static func values<Value: Decodable>(_ reader: inout ByteReader, _ json: JSONDecoder) throws -> (trimCount: Int, [Value]) {
        let values = try reader.list { reader in
            _ = try reader.text()
            return try json.decode(Value.self, from: Data(try reader.blob()))
        }
        return (Int(clamping: try reader.integer(Int64.self)), values)
    }

    /// What the desks kept of a device.
    private struct Device6: Decodable {
        var id: String
        var ledger: DowntimeLedger
        var incidents: IncidentLog
        var supplies: [SupplyState]
        var alertCodes: [[String]]
        var activeAlarms: [String]
        var recentAlarms: [String]
        var shelves: [Shelf]
        var heldMessages: [HeldMessage]
        /// None or one.
        var lanes: [LateLane]
        var parent: String?
        var openRuns: [String]
        var topicLeadDays: Double?
        var mendedMilliseconds: Int64?
        var broughtNames: Int?
        var openTickets: [String]?
    }

    private mutating func readDevice6(
        _ reader: inout ByteReader, _ json: JSONDecoder, _ renumberings: [FleetState.Renumbering]
    ) throws {
        let number = Int(try reader.integer(UInt32.self))
        guard renumberings.indices.contains(number) else { throw SnapshotError.inconsistent }
        let renumbering = renumberings[number]
        let memory = try json.decode(Device6.self, from: Data(try reader.blob()))
        let models = try memory.supplies.map { _ in try reader.blob() }
        var record = DeviceRecord(id: memory.id)
        record.topicLeadDays = memory.topicLeadDays
        record.broughtNames = memory.broughtNames ?? 0
        let device = fleet.add(record, profile: renumbering.profile)
        fleet.devices[device].newestMilliseconds = try reader.integer()
        fleet.devices[device].arrivalMilliseconds = try reader.integer()
        fleet.devices[device].messages = try reader.integer()
        fleet.devices[device].isSilent = try reader.bool()
        let state = AlarmDesk.OfDevice(
            active: memory.activeAlarms, recent: memory.recentAlarms, shelves: memory.shelves, codes: memory.alertCodes,
            lane: memory.lanes.first)
        alarms.restore(device, .init(state: state, awaitsConfirmation: try reader.bool()), cellCount: cellCount(device))
        fleet.devices[device].fieldProblemMilliseconds = try reader.integer()
        for list in 0..<4 { fleet.devices[device].alertHashes[list] = try reader.integer() }
        availability.restore(device, .init(ledger: memory.ledger, incidents: memory.incidents))
        support.restore(
            device,
            .init(openRuns: memory.openRuns, openTickets: memory.openTickets ?? [], mendedMilliseconds: memory.mendedMilliseconds))
        try supplies.restore(device, .init(states: memory.supplies, models: models), numberOf: renumbering.supplies)
        sequencer.restore(device, memory.heldMessages, slotOf: renumbering.slots)
        try fleet.readMetrics(&reader, device, renumbering.slots)
        try fleet.readConditions(&reader, device, matchesShape: false)
        fleet.adopt(device, by: parent(of: device, remembered: memory.parent))
    }

    private struct Inhibitions6: Decodable {
        var windows: [MaintenanceWindow]
        var open: [String]
        var cutShort: [String: Int64]
        var nextWindowEdge: Int64
        var held: [String]
        var flapping: [String]
    }

    private struct Replenishment6: Decodable {
        var stock: StockLedger
        var shipments: [String: [String]]
    }

    private struct Budgets6: Decodable {
        var counters: BudgetCounters
        var admissionHand: Int
    }

    private struct Clock6: Decodable {
        var book: ClockBook
        var datedByArrival: [Int32]
    }

    private mutating func readSections6(_ reader: inout ByteReader, _ json: JSONDecoder, _ orderCount: Int) throws {
        while true {
            let name = try reader.text()
            if name == "end" { break }
            let blob = try reader.blob()
            switch name {
            case "replenishment":
                let section = try json.decode(Replenishment6.self, from: Data(blob))
                orders.restore(.init(trimCount: orderCount, stock: section.stock, shipments: section.shipments))
                renameFormerNeeds()
            case "budgets":
                let section = try json.decode(Budgets6.self, from: Data(blob))
                out.budgets = section.counters
                admissionHand = max(section.admissionHand, 0)
            case "storeDamage": storeDamage = try json.decode(StoreDamageLog.self, from: Data(blob))
            case "repeats":
                var remembered = ByteReader(blob)
                try repeats.read(from: &remembered)
            case "refused": refusedNames = try RefusedNames(bytes: blob)
            case "clock":
                let section = try json.decode(Clock6.self, from: Data(blob))
                clock = section.book
                for place in section.datedByArrival where fleet.devices.contains(DeviceIndex(place: place)) {
                    fleet.devices[DeviceIndex(place: place)].isDatedByArrival = true
                }
            case "anomalies":
                var section = ByteReader(blob)
                guard let device = fleet.device(named: try section.text()) else { continue }
                try readDetectors(&section, of: device)
            default: continue
            }
        }
        guard reader.isAtEnd else { throw SnapshotError.tooLong }
    }

    /// What stock covers was taken aside under the ids of a still earlier version.
    mutating func renameFormerNeeds() {
        guard !orders.stock.needs.isEmpty else { return }
        for device in fleet.presentDevices {
            for (number, slot) in fleet.profiles[fleet.devices[device].profile].layout.supplies.enumerated() {
                guard let generation = supplies.state(device, SupplyIndex(number))?.model.generation else { continue }
                orders.renameFormerNeed(device: fleet.records[device].id, supply: slot.name, generation: generation)
            }
        }
    }
}
