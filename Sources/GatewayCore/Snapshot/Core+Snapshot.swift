import ConsumableForecast
import Documents
import FaultDetection
import FoundationEssentials
import SampleCodec
import ServiceValue
import Sparkplug
import Telemetry

/// The whole state as bytes. A snapshot and the events after it rebuild the state exactly; a reload of the profiles goes the same way.
///
/// Everything is stored by name (metric, fault, profile), so that a snapshot outlives a change of the profiles and of the program's memory layout.
extension StewardCore {
    public static let snapshotVersion = 6
    private static let drainBytes = 512 * 1024

    /// Hands the snapshot out in pieces of about half a megabyte.
    public func writeSnapshot(_ sink: ([UInt8]) throws -> Void) throws {
        let json = JSONEncoder()
        json.outputFormatting = .sortedKeys
        var writer = ByteWriter()
        writer.write(lastEvent)
        writer.write(now)
        writer.write(presence.isConnected)
        writer.write(presence.listeningSince)
        writer.write(presence.nextScan)
        writer.write(blob: try json.encode(counters))
        writer.write(blob: try json.encode(experience.scores))
        Self.writeFormerRepeats(&writer)
        writer.write(UInt32(fleet.profiles.count))
        for index in fleet.profiles.indices {
            writer.write(fleet.profiles[index].base == index)
            Self.write(fleet.profiles[index].layout, &writer)
            writer.write(blob: try json.encode(supplies.learning(of: index)))
        }
        writer.write(UInt32(fleet.devices.count))
        for device in fleet.devices.indices {
            try write(device, json, &writer)
            if writer.count > Self.drainBytes { try sink(writer.drain()) }
        }
        try Self.write(alarms.alarms, json, &writer)
        try Self.write(support.runs, json, &writer)
        try Self.write(orders.orders, json, &writer)
        try Self.write(support.tickets, json, &writer)
        writer.write(UInt32(sparkplug.count))
        for host in sparkplug.hosts { host.write(to: &writer) }
        writer.write(blob: try json.encode(InhibitionMemory(self)))
        try writeSections(json, &writer)
        for device in fleet.devices.indices {
            guard let section = anomalySection(device) else { continue }
            writer.write(AnomalyDesk.sectionName)
            writer.write(blob: section)
            if writer.count > Self.drainBytes { try sink(writer.drain()) }
        }
        writer.write(Self.lastSection)
        try sink(writer.drain())
    }

    private static func write<Value>(_ map: BoundedMap<Value>, _ json: JSONEncoder, _ writer: inout ByteWriter) throws {
        writer.write(UInt32(map.count))
        for id in map.ids {
            guard let value = map[id] else { continue }
            writer.write(id)
            writer.write(blob: try json.encode(value))
        }
        writer.write(Int64(map.nextTrimCount))
    }

    private static func write(_ layout: ProfileLayout, _ writer: inout ByteWriter) {
        writer.write(layout.profile.name)
        writer.write(UInt32(layout.slots.count))
        for slot in layout.slots {
            writer.write(slot.name)
            writer.write(slot.kind.rawValue)
            writer.write(slot.unit)
            writer.write(UInt32(slot.states.count))
            for state in slot.states { writer.write(state) }
        }
        writer.write(UInt32(layout.supplies.count))
        for supply in layout.supplies {
            writer.write(supply.name)
            writer.write(UInt32(supply.rule))
            writer.write(supply.item)
        }
    }

    private func write(_ device: DeviceIndex, _ json: JSONEncoder, _ writer: inout ByteWriter) throws {
        let state = fleet.devices[device]
        writer.write(UInt32(state.profile.place))
        writer.write(blob: try json.encode(DeviceMemory(self, device)))
        for supply in supplies.supplies(of: device) { writer.write(blob: try supply.model.bytes()) }
        writer.write(state.newestMilliseconds)
        writer.write(state.arrivalMilliseconds)
        writer.write(state.messages)
        writer.write(state.isSilent)
        writer.write(alarms.awaitsConfirmation(device))
        writer.write(state.fieldProblemMilliseconds)
        for list in 0..<4 { writer.write(state.alertHashes[list]) }
        // A metric that only late messages told has no value, but history.
        let known = fleet.places(of: device).filter { fleet.metrics[$0.place].isTold || fleet.metrics[$0.place].encoder.count > 0 }
        writer.write(UInt32(known.count))
        for (slot, place) in known {
            writer.write(UInt32(slot))
            writer.write(fleet.metrics[place].value)
            writer.write(fleet.metrics[place].timeMilliseconds)
            writer.write(fleet.metrics[place].isUnknown)
            writer.write(fleet.metrics[place].encoder.count)
            writer.write(blob: fleet.openChunk(at: place))
        }
        writeFaults(device, &writer)
    }

    /// A core with the state of a snapshot and the given profiles. Devices of a profile that is not among them keep their state and are read no more.
    /// Throws when the bytes are damaged. Nil when memory is short.
    public init?(configuration: CoreConfiguration, profiles: [DeviceProfile], snapshot: [UInt8]) throws {
        self.init(configuration: configuration, profiles: [])
        let json = JSONDecoder()
        var reader = ByteReader(snapshot)
        lastEvent = try reader.integer()
        now = try reader.integer()
        presence.restore(isConnected: try reader.bool(), listeningSince: try reader.integer(), nextScan: try reader.integer())
        out.counters = try CoreCounters(stored: try reader.blob())
        experience.restore(try json.decode(ExperienceScores.self, from: Data(try reader.blob())))
        try Self.passFormerRepeats(&reader)
        let slotOf = try readLayouts(&reader, profiles)
        for _ in 0..<(try reader.integer(UInt32.self)) { try readDevice(&reader, json, slotOf) }
        // From the last to the first, so that the lowest vacant place stands at the end of the list, where it is taken from.
        for device in fleet.devices.indices.reversed() where fleet.records[device].id.isEmpty { vacate(device) }
        fleet.releaseUnusedProfiles()
        let alarms: BoundedMap<Alarm> = try Self.read(&reader, json)
        support.restore(runs: try Self.read(&reader, json))
        orders.restore(orders: try Self.read(&reader, json))
        support.restore(tickets: try Self.read(&reader, json))
        for _ in 0..<(try reader.integer(UInt32.self)) {
            _ = sparkplug.add(try SparkplugHost(from: &reader, tableHash: configuration.tableHash))
        }
        try json.decode(InhibitionMemory.self, from: Data(try reader.blob())).restore(&self, alarms)
        try readSections(&reader, json)
        sequencer.findNextDue(fleet)
        matchAlarms()
    }

    /// The alarms that hold are the truth about the faults: a profile that was away for a while finds them active again, and what the
    /// profile no longer judges is noted to be ended.
    private mutating func matchAlarms() {
        for device in fleet.devices.indices {
            let profile = fleet.profiles[fleet.devices[device].profile].layout.profile
            guard !profile.messages.isEmpty else { continue }
            alarms.keepLists(profile.alerts.count, of: device)
            for alarm in alarms.standingAlarms(of: device) where alarm.condition != Alarm.foldedCondition {
                switch alarm.source {
                case .silence, .order: continue
                case .deviceAlert: if alarms.state(of: device).codes.contains(where: { $0.contains(alarm.condition) }) { continue }
                case .anomaly: if alarm.normalSinceMilliseconds != nil || isWatched(device, alarm) { continue }
                case .condition:
                    // What stands only for a person to see it waits for no reading.
                    if alarm.normalSinceMilliseconds != nil { continue }
                    if let number = profile.faults.firstIndex(where: { $0.id == alarm.condition }) {
                        activate(device, number, alarm.severity)
                        continue
                    }
                }
                orphans.append(Orphan(device: device, condition: alarm.condition, source: alarm.source))
            }
        }
    }

    private static func read<Value>(_ reader: inout ByteReader, _ json: JSONDecoder) throws -> BoundedMap<Value> {
        var map = BoundedMap<Value>()
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let id = try reader.text()
            map.insert(try json.decode(Value.self, from: Data(try reader.blob())), id: id)
        }
        map.restore(nextTrimCount: Int(clamping: try reader.integer(Int64.self)))
        return map
    }

    /// Where the profiles and slots of a snapshot lie now: by old profile number, the new one, and by old slot number, the new one.
    private struct Remapping {
        var profile: [ProfileIndex] = []
        var slots: [[Int32]] = []
        var supplies: [[Int]] = []
    }

    private mutating func readLayouts(_ reader: inout ByteReader, _ profiles: [DeviceProfile]) throws -> Remapping {
        var remapping = Remapping()
        let remembered = try (0..<(try reader.integer(UInt32.self))).map { _ in try RememberedLayout(&reader) }
        for profile in profiles {
            let before = remembered.first { $0.isBase && $0.name == profile.name }
            var layout = ProfileLayout(profile, remembering: before?.slots ?? [])
            layout.adoptSupplies(before?.supplies ?? [])
            fleet.add(layout)
        }
        for before in remembered {
            let profile = place(of: before)
            supplies.restore(try JSONDecoder().decode(SupplyLearning.self, from: Data(before.learned)), of: profile)
            remapping.profile.append(profile)
            remapping.slots.append(before.slots.map { fleet.profiles[profile].layout.slot(named: $0.name) ?? -1 })
            remapping.supplies.append(
                before.supplies.map { old in fleet.profiles[profile].layout.supplies.firstIndex { $0.name == old.name } ?? -1 })
        }
        return remapping
    }

    /// What a snapshot says of a layout.
    private struct RememberedLayout {
        var isBase: Bool
        var name: String
        var slots: [MetricSlot] = []
        var supplies: [(name: String, rule: Int, item: String)] = []
        var learned: [UInt8] = []

        init(_ reader: inout ByteReader) throws(ByteCodingError) {
            isBase = try reader.bool()
            name = try reader.text()
            for _ in 0..<(try reader.integer(UInt32.self)) {
                var slot = MetricSlot(
                    name: try reader.text(), kind: MetricKind(rawValue: try reader.text()) ?? .gauge, unit: try reader.text())
                for _ in 0..<(try reader.integer(UInt32.self)) { slot.states.append(try reader.text()) }
                slots.append(slot)
            }
            for _ in 0..<(try reader.integer(UInt32.self)) {
                supplies.append((try reader.text(), Int(try reader.integer(UInt32.self)), try reader.text()))
            }
            learned = try reader.blob()
        }
    }

    /// The layout that takes a remembered one's place: the profile's, one of a device's own, or one that keeps the state of a profile that is
    /// not loaded.
    private mutating func place(of before: RememberedLayout) -> ProfileIndex {
        let base = fleet.baseProfiles.first { fleet.profiles[$0].layout.profile.name == before.name }
        if let base, before.isBase { return base }
        let loaded = base.map { fleet.profiles[$0].layout.profile }.flatMap { $0.messages.isEmpty ? nil : $0 }
        var layout = ProfileLayout(
            loaded ?? DeviceProfile(notLoaded: before.name, supplies: before.supplies.map(\.name)), remembering: before.slots)
        layout.adoptSupplies(before.supplies)
        return fleet.add(layout, base: base)
    }

    private mutating func readDevice(_ reader: inout ByteReader, _ json: JSONDecoder, _ remapping: Remapping) throws {
        let oldProfile = Int(try reader.integer(UInt32.self))
        guard remapping.profile.indices.contains(oldProfile) else { throw SnapshotError.inconsistent }
        let profile = remapping.profile[oldProfile]
        var memory = try json.decode(DeviceMemory.self, from: Data(try reader.blob()))
        for supply in memory.supplies.indices { memory.supplies[supply].model = try SupplyModel(bytes: try reader.blob()) }
        for index in memory.heldMessages.indices { memory.heldMessages[index].renumber(remapping.slots[oldProfile]) }
        // A lane's memory belongs to the rules that made it; other rules begin with an empty one.
        let cellCount = fleet.profiles[profile].derived.faults.cellCount
        if let cells = memory.lanes.first?.cells, cells.count != cellCount {
            memory.lanes[0].cells = Array(repeating: 0, count: cellCount)
        }
        let device = fleet.add(DeviceRecord(id: memory.id), profile: profile)
        fleet.devices[device].newestMilliseconds = try reader.integer()
        fleet.devices[device].arrivalMilliseconds = try reader.integer()
        fleet.devices[device].messages = try reader.integer()
        fleet.devices[device].isSilent = try reader.bool()
        memory.restore(&self, device, awaitsConfirmation: try reader.bool())
        fleet.devices[device].fieldProblemMilliseconds = try reader.integer()
        for list in 0..<4 { fleet.devices[device].alertHashes[list] = try reader.integer() }
        supplies.restore(device, memory.supplies, numberOf: remapping.supplies[oldProfile])
        for _ in 0..<(try reader.integer(UInt32.self)) { try readMetric(&reader, device, remapping.slots[oldProfile]) }
        try readFaults(device, profile, &reader)
        fleet.adopt(device, by: configuration.parents[memory.id] ?? memory.parent ?? fleet.rules(of: device).parent?.text)
    }

    private mutating func readMetric(_ reader: inout ByteReader, _ device: DeviceIndex, _ slots: [Int32]) throws {
        let old = Int(try reader.integer(UInt32.self))
        let value = try reader.double()
        let time: Int64 = try reader.integer()
        let isUnknown = try reader.bool()
        let count: Int32 = try reader.integer()
        let bytes = try reader.blob()
        guard slots.indices.contains(old), slots[old] >= 0 else { return }
        let place = fleet.takePlace(device, slots[old])
        fleet.metrics[place].value = value
        fleet.metrics[place].timeMilliseconds = time
        fleet.metrics[place].isUnknown = isUnknown
        // The open chunk is written anew sample by sample, so that the encoder's inner state is no part of the format.
        for sample in try bytes.withUnsafeBytes({ try SampleChunk.decode($0, count: Int(count)) }) {
            _ = fleet.keep(sample.value, atMilliseconds: sample.timeMilliseconds, at: place)
        }
    }

    /// Carries the state over to other profiles. Throws when it cannot be carried over; the core is then as it was, or `isLost`.
    ///
    /// The state lies in memory as a core or as the bytes of a snapshot, never as two cores: those of many devices would not fit.
    public mutating func reload(with profiles: [DeviceProfile]) throws {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(fleet.devices.count * Self.usualDeviceBytes)
        try writeSnapshot { bytes.append(contentsOf: $0) }
        let (configuration, quarantined) = (configuration, quarantined)
        let present = fleet.baseProfiles.map { fleet.profiles[$0].rules }.filter { !$0.messages.isEmpty }
        guard let empty = StewardCore(configuration: configuration, profiles: []) else { throw SnapshotError.noMemory }
        self = empty
        do {
            try restore(configuration, profiles, bytes)
        } catch {
            do { try restore(configuration, present, bytes) } catch { isLost = true }
            self.quarantined = quarantined
            throw error
        }
        self.quarantined = quarantined
    }

    /// A guess at the bytes of a device in a snapshot; growing by doubling would need three times the room for a moment.
    private static var usualDeviceBytes: Int { 6_000 }

    private mutating func restore(_ configuration: CoreConfiguration, _ profiles: [DeviceProfile], _ bytes: [UInt8]) throws {
        guard let next = try StewardCore(configuration: configuration, profiles: profiles, snapshot: bytes) else {
            throw SnapshotError.noMemory
        }
        self = next
    }
}

public enum SnapshotError: Error, CustomStringConvertible {
    case inconsistent, noMemory

    public var description: String {
        switch self {
        case .inconsistent: "the snapshot contradicts itself"
        case .noMemory: "there is not enough memory for the state"
        }
    }
}
