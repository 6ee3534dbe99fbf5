import Documents
import FaultDetection
import Telemetry

/// What conditions remember, by the names of the faults.
extension StewardCore {
    func writeFaults(_ device: DeviceIndex, _ writer: inout ByteWriter) {
        let profile = fleet.devices[device].profile
        let first = Int(fleet.devices[device].firstCell)
        let conditions = fleet.profiles[profile].derived.faults
        let written = (0..<conditions.ruleCount).filter { rule in
            conditions.cells(ofRule: rule).contains { fleet.cells[first + $0] != 0 }
        }
        writer.write(UInt32(written.count))
        for rule in written {
            writer.write(fleet.profiles[profile].layout.profile.faults[rule].id)
            writer.write(fleet.profiles[profile].layout.profile.faults[rule].shape)
            let cells = conditions.cells(ofRule: rule)
            writer.write(UInt32(cells.count))
            for cell in cells { writer.write(fleet.cells[first + cell]) }
        }
    }

    mutating func readFaults(_ device: DeviceIndex, _ profile: ProfileIndex, _ reader: inout ByteReader) throws {
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let id = try reader.text()
            let shape = try reader.integer(UInt64.self)
            let cells = try (0..<(try reader.integer(UInt32.self))).map { _ in try reader.integer(Int64.self) }
            guard let number = fleet.profiles[profile].layout.profile.faults.firstIndex(where: { $0.id == id && $0.shape == shape }) else {
                continue
            }
            let place = fleet.profiles[profile].derived.faults.cells(ofRule: number)
            guard place.count == cells.count else { continue }
            for (offset, cell) in zip(place, cells) { fleet.cells[Int(fleet.devices[device].firstCell) + offset] = cell }
        }
    }

    /// The alarm stands, so the fault does, even if nothing else is remembered of it.
    mutating func activate(_ device: DeviceIndex, _ number: Int, _ severity: Severity) {
        let profile = fleet.devices[device].profile
        fleet.cells.withPointer(to: Int(fleet.devices[device].firstCell)) { block in
            if !fleet.profiles[profile].derived.faults.isActive(number, block) {
                fleet.profiles[profile].derived.faults.set(number, active: severity, block)
            }
        }
    }
}

/// Windows and waiting alarms in a snapshot. What the configuration says is not in it.
struct InhibitionMemory: Codable {
    var windows: [MaintenanceWindow]
    var open: [String]
    var cutShort: [String: Int64]
    var nextWindowEdge: Int64
    var held: [String]
    var flapping: [String]

    init(_ core: StewardCore) {
        windows = core.maintenance.plans.filter { !$0.isConfigured }.map(\.window)
        open = core.maintenance.openWindows
        cutShort = core.maintenance.cutShort
        nextWindowEdge = core.maintenance.nextDue
        held = core.alarms.held
        flapping = core.alarms.flapping
    }

    func restore(_ core: inout StewardCore, _ alarms: BoundedMap<Alarm>) {
        core.maintenance.restore(windows: windows, open: open, cutShort: cutShort, nextDue: nextWindowEdge)
        core.alarms.restore(alarms: alarms, held: held, flapping: flapping)
        core.alarms.findNextDue()
    }
}
