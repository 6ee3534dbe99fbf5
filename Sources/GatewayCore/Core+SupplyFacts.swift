import Documents
import Telemetry

/// What a device says of its supplies: kept as it was said, beside what the model makes of it.
extension StewardCore {
    /// `reading` is nil when a full report does not name the supply.
    mutating func said(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, _ reading: SupplyReading?, _ time: Int64, _ effects: inout [Effect]
    ) {
        while fleet.records[device].supplies.count <= supply { fleet.records[device].supplies.append(SupplyState()) }
        let level = reading?.level ?? .unknown(.absent)
        fleet.records[device].supplies[supply].reported = level
        if let reading { noteFacts(device, profile, supply, reading) }
        self.level(
            device, profile, supply, level, cartridge: fleet.records[device].supplies[supply].facts?.serialHash, time, &effects)
    }

    mutating func noteFacts(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int, _ reading: SupplyReading) {
        while fleet.records[device].supplies.count <= supply { fleet.records[device].supplies.append(SupplyState()) }
        if reading.factsHash != 0, reading.factsHash != fleet.records[device].supplies[supply].factsHash {
            // Messages of different kinds name different members: only what changes the facts is kept.
            let known = fleet.records[device].supplies[supply].facts ?? SupplyFacts()
            let facts = decoder.facts(of: reading, layout: fleet.profiles[profile].layout, updating: known)
            fleet.records[device].supplies[supply].factsHash = reading.factsHash
            fleet.records[device].supplies[supply].facts = facts
        }
    }

    /// What to order: the profile may leave it to the supply that is in the device. What the device does not tell is named by the label, and
    /// that by the supply's name.
    func item(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int) -> String {
        let slot = fleet.profiles[profile].layout.supplies[supply]
        let facts = fleet.records[device].supplies[supply].facts
        let label = facts?.label ?? slot.name
        return NameTemplate(slot.item).filled([("partNumber", facts?.partNumber ?? label), ("label", label)])
    }

    /// What the device says of the level now and of the supply that is in it.
    func writeReported(_ supply: SupplyState, _ writer: inout JSONWriter) {
        if let level = supply.reported {
            writer.key("reported")
            writer.beginObject()
            writer.members(of: level)
            writer.endObject()
        }
        writer.member("label", supply.facts?.label)
        writer.member("type", supply.facts?.type)
        writer.member("partNumber", supply.facts?.partNumber)
        writer.member("serialNumber", supply.facts?.serialNumber)
    }
}

extension JSONWriter {
    /// `percent` with `resolutionPercent`, or `lowPercent` and `highPercent`, or `noLimit`, or `unknown` with its name; and words for all
    /// but the first.
    mutating func members(of level: SupplyLevel) {
        switch level {
        case .percent(let percent, let resolution):
            member("percent", percent)
            member("resolutionPercent", resolution)
        case .interval(let low, let high):
            member("lowPercent", low)
            member("highPercent", high)
        case .noLimit: member("noLimit", true)
        case .unknown(let reason): member("unknown", reason.rawValue)
        }
        member("reason", level.reason)
    }
}
