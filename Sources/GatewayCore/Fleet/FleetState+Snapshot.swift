import Documents
import FaultDetection
import SampleCodec
import Telemetry

/// What a snapshot has of the fleet: the layouts, and of each device what it is, its metrics with their open chunks, and what its conditions
/// remember. Everything goes by name (profile, metric, supply, fault), so that a snapshot outlives a change of the profiles.
extension FleetState {
    struct LayoutMemory: Codable {
        struct Slot: Codable {
            var name: String
            var kind: String
            var unit: String
            var states: [String]
        }
        struct Supply: Codable {
            var name: String
            var rule: Int
            var item: String
        }

        /// A profile as it was loaded, not the layout of one device.
        var isBase: Bool
        var profile: String
        var slots: [Slot] = []
        var supplies: [Supply] = []

        var metricSlots: [MetricSlot] {
            slots.map { slot in
                var known = MetricSlot(name: slot.name, kind: MetricKind(rawValue: slot.kind) ?? .gauge, unit: slot.unit)
                known.states = slot.states
                return known
            }
        }
    }

    func memory(of profile: ProfileIndex) -> LayoutMemory {
        let layout = profiles[profile].layout
        return LayoutMemory(
            isBase: profiles[profile].base == profile, profile: layout.profile.name,
            slots: layout.slots.map { .init(name: $0.name, kind: $0.kind.rawValue, unit: $0.unit, states: $0.states) },
            supplies: layout.supplies.map { .init(name: $0.name, rule: $0.rule, item: $0.item) })
    }

    /// Where a layout of a snapshot lies now, and by its old number, each of its slots and supplies; none for one that is not there any more.
    struct Renumbering {
        var profile: ProfileIndex
        var slots: Table<SlotIndex, SlotIndex>
        var supplies: [SupplyIndex]
    }

    /// The layouts of the snapshot, in its order, with the profiles that are loaded now.
    mutating func restore(_ memories: [LayoutMemory], _ loaded: [DeviceProfile]) -> [Renumbering] {
        for profile in loaded {
            let before = memories.first { $0.isBase && $0.profile == profile.name }
            var layout = ProfileLayout(profile, remembering: before?.metricSlots ?? [])
            layout.adoptSupplies(before?.supplies.map { ($0.name, $0.rule, $0.item) } ?? [])
            add(layout)
        }
        return memories.map { memory in
            let profile = place(of: memory)
            let layout = profiles[profile].layout
            return Renumbering(
                profile: profile, slots: Table(memory.slots.map { layout.slot(named: $0.name) ?? .none }),
                supplies: memory.supplies.map { layout.supply(named: $0.name) ?? .none })
        }
    }

    /// The layout that takes a remembered one's place: the profile's, one of a device's own, or one that keeps the state of a profile that
    /// is not loaded.
    private mutating func place(of memory: LayoutMemory) -> ProfileIndex {
        let base = baseProfiles.first { profiles[$0].layout.profile.name == memory.profile }
        if let base, memory.isBase { return base }
        let loaded = base.map { profiles[$0].layout.profile }.flatMap { $0.messages.isEmpty ? nil : $0 }
        var layout = ProfileLayout(
            loaded ?? DeviceProfile(notLoaded: memory.profile, supplies: memory.supplies.map(\.name)), remembering: memory.metricSlots)
        layout.adoptSupplies(memory.supplies.map { ($0.name, $0.rule, $0.item) })
        return add(layout, base: base)
    }

    // MARK: Devices

    /// How many rows the tables have.
    struct Sizes: Codable {
        var devices: Int
        var metrics: Int
        var samples: Int
        var cells: Int
    }

    var sizes: Sizes { Sizes(devices: devices.count, metrics: metrics.count, samples: samples.count, cells: cells.count) }

    /// The bytes of a part `device`: the number of its layout in the snapshot, the device, its metrics and its conditions. The id of a place
    /// that is vacant is empty.
    func bytes(of device: DeviceIndex) -> [UInt8] {
        var writer = ByteWriter()
        let (state, record) = (devices[device], records[device])
        writer.write(UInt32(state.profile.place))
        writer.write(record.id)
        writer.write(record.parent ?? "")
        writer.write(record.topicLeadDays ?? .nan)
        writer.write(UInt32(record.broughtNames))
        writer.write(state.newestMilliseconds)
        writer.write(state.arrivalMilliseconds)
        writer.write(state.messages)
        writer.write(state.isSilent)
        writer.write(state.isDatedByArrival)
        writer.write(state.fieldProblemMilliseconds)
        for list in state.alertHashes.indices { writer.write(state.alertHashes[list]) }
        for list in state.alertMilliseconds.indices { writer.write(state.alertMilliseconds[list]) }
        writer.write(state.alertsDatedByArrival)
        writer.write(state.isNewestByArrival)
        writer.write(record.expectedSinceMilliseconds ?? .min)
        writer.write(record.claim.rawValue)
        writer.write(record.source != nil)
        writer.write(record.source ?? 0)
        writer.write(record.isSourceDoubtful)
        // A metric that only late messages told has no value, but history.
        let known = places(of: device).filter { metrics[$0.place].isTold || metrics[$0.place].encoder.count > 0 }
        writer.write(UInt32(known.count))
        for (slot, place) in known {
            writer.write(UInt32(slot.place))
            writer.write(metrics[place].value)
            writer.write(metrics[place].timeMilliseconds)
            writer.write(metrics[place].isUnknown)
            writer.write(metrics[place].isDatedByArrival)
            writer.write(metrics[place].encoder.count)
            writer.write(blob: openChunk(at: place))
        }
        writeConditions(of: device, &writer)
        return writer.bytes
    }

    /// Throws for bytes that no `bytes(of:)` wrote. The caller finds out the device that it hangs on.
    mutating func restoreDevice(
        _ bytes: [UInt8], version: UInt16, _ renumberings: [Renumbering]
    ) throws -> (index: DeviceIndex, renumbering: Renumbering, parent: String?) {
        var reader = ByteReader(bytes)
        let number = Int(try reader.integer(UInt32.self))
        guard renumberings.indices.contains(number) else { throw SnapshotError.inconsistent }
        let renumbering = renumberings[number]
        var record = DeviceRecord(id: try reader.text())
        let parent = try reader.text()
        let leadDays = try reader.double()
        record.topicLeadDays = leadDays.isNaN ? nil : leadDays
        record.broughtNames = Int(try reader.integer(UInt32.self))
        let device = add(record, profile: renumbering.profile)
        devices[device].newestMilliseconds = try reader.integer()
        devices[device].arrivalMilliseconds = try reader.integer()
        devices[device].messages = try reader.integer()
        devices[device].isSilent = try reader.bool()
        devices[device].isDatedByArrival = try reader.bool()
        devices[device].fieldProblemMilliseconds = try reader.integer()
        for list in 0..<4 { devices[device].alertHashes[list] = try reader.integer() }
        if version >= 2 {
            for list in 0..<4 { devices[device].alertMilliseconds[list] = try reader.integer() }
            devices[device].alertsDatedByArrival = try reader.integer()
            devices[device].isNewestByArrival = try reader.bool()
            let expectedSince: Int64 = try reader.integer()
            records[device].expectedSinceMilliseconds = expectedSince == .min ? nil : expectedSince
        }
        if version >= 3 {
            guard let claim = ClaimFirmness(rawValue: try reader.integer()) else { throw SnapshotError.inconsistent }
            records[device].claim = claim
            let hasSource = try reader.bool()
            let source: UInt64 = try reader.integer()
            records[device].source = hasSource ? source : nil
            records[device].isSourceDoubtful = try reader.bool()
        }
        try readMetrics(&reader, device, renumbering.slots, hasSources: version >= 2)
        try readConditions(&reader, device)
        guard reader.isAtEnd else { throw SnapshotError.inconsistent }
        return (device, renumbering, parent.isEmpty ? nil : parent)
    }

    /// - Parameter hasSources: earlier programs did not keep of each metric whether its time is one of arrival, only of the device.
    mutating func readMetrics(
        _ reader: inout ByteReader, _ device: DeviceIndex, _ slots: Table<SlotIndex, SlotIndex>, hasSources: Bool = false
    )
        throws
    {
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let old = SlotIndex(place: try reader.integer())
            let value = try reader.double()
            let time: Int64 = try reader.integer()
            let isUnknown = try reader.bool()
            let isDatedByArrival = hasSources ? try reader.bool() : devices[device].isDatedByArrival
            let count: Int32 = try reader.integer()
            let bytes = try reader.blob()
            guard slots.contains(old), !slots[old].isNone else { continue }
            let place = takePlace(device, slots[old])
            metrics[place].value = value
            metrics[place].timeMilliseconds = time
            metrics[place].isUnknown = isUnknown
            metrics[place].isDatedByArrival = isDatedByArrival
            // The open chunk is written anew sample by sample, so that the encoder's inner state is no part of the format.
            for sample in try bytes.withUnsafeBytes({ try SampleChunk.decode($0, count: Int(count)) }) {
                _ = keep(sample.value, atMilliseconds: sample.timeMilliseconds, at: place)
            }
        }
    }

    /// The values that the device told.
    func digestLines(_ device: DeviceIndex) -> [String] {
        let layout = profiles[devices[device].profile].layout
        return places(of: device).filter { metrics[$0.place].isTold }.map { slot, place in
            let (definition, metric) = (layout[slot], metrics[place])
            let value = definition.kind == .state ? definition.text(of: metric.value) : "\(metric.value)"
            return "device \(records[device].id) \(definition.name) = \(metric.isUnknown ? "unknown" : value) @\(metric.timeMilliseconds)"
        }
    }

    // MARK: Conditions

    /// What conditions remember, by the names of the faults and the hash of their words.
    private func writeConditions(of device: DeviceIndex, _ writer: inout ByteWriter) {
        let profile = devices[device].profile
        let first = Int(devices[device].firstCell)
        let conditions = profiles[profile].derived.faults
        let written = (0..<conditions.ruleCount).filter { rule in conditions.cells(ofRule: rule).contains { cells[first + $0] != 0 } }
        writer.write(UInt32(written.count))
        for rule in written {
            writer.write(profiles[profile].layout.profile.faults[rule].id)
            writer.write(profiles[profile].layout.profile.faults[rule].shape)
            let places = conditions.cells(ofRule: rule)
            writer.write(UInt32(places.count))
            for place in places { writer.write(cells[first + place]) }
        }
    }

    /// - Parameter matchesShape: a fault whose conditions are others now begins anew. Format 6 has another hash, so there the name must do.
    mutating func readConditions(_ reader: inout ByteReader, _ device: DeviceIndex, matchesShape: Bool = true) throws {
        let profile = devices[device].profile
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let id = try reader.text()
            let shape: UInt64 = try reader.integer()
            let remembered = try reader.list { try $0.integer(Int64.self) }
            let rules = profiles[profile].layout.profile.faults
            guard let number = rules.firstIndex(where: { $0.id == id && ($0.shape == shape || !matchesShape) }) else { continue }
            let places = profiles[profile].derived.faults.cells(ofRule: number)
            guard places.count == remembered.count else { continue }
            for (place, cell) in zip(places, remembered) { cells[Int(devices[device].firstCell) + place] = cell }
        }
    }

    /// The alarm stands, so the fault does, even if nothing else is remembered of it.
    mutating func activate(_ device: DeviceIndex, _ number: Int, _ severity: Severity) {
        let conditions = profiles[devices[device].profile].derived.faults
        cells.withPointer(to: Int(devices[device].firstCell)) { block in
            if !conditions.isActive(number, block) { conditions.set(number, active: severity, block) }
        }
    }
}
