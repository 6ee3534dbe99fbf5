import Documents
import FaultDetection
import RemoteSupport
import Replenishment
import ServiceValue
import Sparkplug
import Telemetry

/// The whole state as bytes, part by part (`SnapshotPart`). A snapshot and the events after it rebuild the state exactly; a reload of the
/// profiles goes the same way.
extension StewardCore {
    public static let snapshotFormat = 7
    /// Formats that are read.
    public static let snapshotFormats = [7, 6]

    /// What the core itself keeps, without its desks.
    private struct CoreMemory: Codable {
        var lastEvent: Int64
        var now: Int64
        var counters: CoreCounters
        var budgets: BudgetCounters
        var admissionHand: Int
        var clock: ClockBook
        var sizes: FleetState.Sizes?
    }

    /// Hands the snapshot out in pieces of about half a megabyte.
    public func writeSnapshot(_ sink: ([UInt8]) throws -> Void) throws {
        try withoutActuallyEscaping(sink) { sink in
            var snapshot = SnapshotWriter(sink)
            try write(&snapshot)
        }
    }

    private func write(_ snapshot: inout SnapshotWriter) throws {
        try snapshot.write(
            .core,
            CoreMemory(
                lastEvent: lastEvent, now: now, counters: counters, budgets: budgets, admissionHand: admissionHand, clock: clock,
                sizes: fleet.sizes))
        try snapshot.write(.presence, presence.memory)
        for profile in fleet.profiles.indices {
            try snapshot.write(.layout, fleet.memory(of: profile))
            if supplies.hasLearned(of: profile) { try snapshot.write(.supplyLearning, supplies.learning(of: profile)) }
        }
        for device in fleet.devices.indices { try write(device, &snapshot) }
        for alarm in alarms.all { try snapshot.write(.alarm, alarm) }
        try snapshot.write(.alarmDesk, alarms.memory)
        for run in support.runs.all { try snapshot.write(.run, run) }
        for ticket in support.tickets.all { try snapshot.write(.ticket, ticket) }
        try snapshot.write(.supportDesk, support.memory)
        for order in orders.all { try snapshot.write(.order, order) }
        try snapshot.write(.orderDesk, orders.memory)
        try snapshot.write(.maintenance, maintenance.memory)
        try snapshot.write(.experience, experience.scores)
        for host in sparkplug.hosts { try snapshot.write(.sparkplugNode, bytes: ByteWriter.bytes(host.write)) }
        try snapshot.write(.repeats, bytes: ByteWriter.bytes(repeats.write))
        if let marks = refusedNames.bytes { try snapshot.write(.refusedNames, bytes: marks) }
        try snapshot.write(.storeDamage, storeDamage)
        try snapshot.write(.end, bytes: [])
    }

    private func write(_ device: DeviceIndex, _ snapshot: inout SnapshotWriter) throws {
        try snapshot.write(.device, bytes: fleet.bytes(of: device))
        if let bytes = fleet.counterBytes(of: device) { try snapshot.write(.counters, bytes: bytes) }
        if let memory = availability.state(of: device) { try snapshot.write(.availability, memory) }
        if let memory = alarms.memory(of: device) { try snapshot.write(.deviceAlarms, memory) }
        if let memory = support.memory(of: device) { try snapshot.write(.deviceSupport, memory) }
        if let memory = try supplies.memory(of: device) { try snapshot.write(.supplies, memory) }
        if let memory = sequencer.memory(of: device) { try snapshot.write(.heldMessages, memory) }
        if let bytes = detectorBytes(of: device) { try snapshot.write(.detectors, bytes: bytes) }
        if let clock = clocks.memory(of: device) { try snapshot.write(.deviceClock, clock) }
        if let burst = backlog[device] { try snapshot.write(.backlog, burst) }
        if let bytes = presence.bytes(of: device) { try snapshot.write(.reportingHabit, bytes: bytes) }
        if let bytes = wear.bytes(of: device, fleet) { try snapshot.write(.wear, bytes: bytes) }
        if let memory = wear.visitMemory(of: device, fleet) { try snapshot.write(.wearVisits, memory) }
    }

    /// A core with the state of a snapshot and the given profiles. Devices of a profile that is not among them keep their state and are read
    /// no more. Throws when the bytes are damaged, or of a program that this one does not know. Nil when memory is short.
    /// - Parameter nextPiece: the bytes of the snapshot, in pieces of any size; nil behind the last one.
    public init?(
        configuration: CoreConfiguration, profiles: [DeviceProfile], format: Int = Self.snapshotFormat,
        snapshot nextPiece: () throws -> [UInt8]?
    ) throws {
        self.init(configuration: configuration, profiles: [])
        switch format {
        case Self.snapshotFormat: try withoutActuallyEscaping(nextPiece) { try readParts(SnapshotReader($0), profiles) }
        case 6:
            var bytes: [UInt8] = []
            while let piece = try nextPiece() { bytes += piece }
            try readFormat6(bytes, profiles)
        default: throw SnapshotError.format(format)
        }
        // From the last to the first, so that the lowest vacant place stands at the end of the list, where it is taken from.
        for device in fleet.devices.indices.reversed() where fleet.records[device].id.isEmpty { vacate(device) }
        fleet.releaseUnusedProfiles()
        support.findOpenRuns()
        orders.findNextDue()
        alarms.findNextDue()
        sequencer.findNextDue(fleet)
        matchAlarms()
    }

    /// The same, with all bytes at once.
    public init?(configuration: CoreConfiguration, profiles: [DeviceProfile], snapshot: [UInt8], format: Int = Self.snapshotFormat) throws {
        var pieces = [snapshot]
        try self.init(configuration: configuration, profiles: profiles, format: format) { pieces.popLast() }
    }

    private mutating func readParts(_ parts: SnapshotReader, _ profiles: [DeviceProfile]) throws {
        var parts = parts
        var layouts: [FleetState.LayoutMemory] = []
        var learning: [Int: SupplyLearning] = [:]
        var renumberings: [FleetState.Renumbering]?
        /// The device whose parts are being read.
        var device: (index: DeviceIndex, renumbering: FleetState.Renumbering)?
        func owner() throws -> (index: DeviceIndex, renumbering: FleetState.Renumbering) {
            guard let device else { throw SnapshotError.inconsistent }
            return device
        }
        /// The layouts are complete when something else comes.
        func known() -> [FleetState.Renumbering] {
            if let renumberings { return renumberings }
            let found = fleet.restore(layouts, profiles)
            renumberings = found
            for (number, learned) in learning { supplies.restore(learned, of: found[number].profile) }
            return found
        }
        while true {
            let (part, version, content) = try parts.next()
            func value<Value: Decodable>() throws -> Value { try StateDecoder.decode(from: content) }
            switch part {
            case .core:
                let memory: CoreMemory = try value()
                (lastEvent, now, clock) = (memory.lastEvent, memory.now, memory.clock)
                (out.counters, out.budgets, admissionHand) = (memory.counters, memory.budgets, max(memory.admissionHand, 0))
                memory.sizes.map { fleet.reserve($0) }
            case .presence: presence.restore(try value())
            case .layout: layouts.append(try value())
            case .supplyLearning:
                guard !layouts.isEmpty else { throw SnapshotError.inconsistent }
                learning[layouts.count - 1] = try value()
            case .device:
                let read = try fleet.restoreDevice(content, version: version, known())
                fleet.adopt(read.index, by: parent(of: read.index, remembered: read.parent))
                device = (read.index, read.renumbering)
            case .counters: try fleet.restoreCounters(content, of: try owner().index, slotOf: try owner().renumbering.slots)
            case .availability: availability.restore(try owner().index, try value())
            case .deviceAlarms: alarms.restore(try owner().index, try value(), cellCount: cellCount(try owner().index))
            case .deviceSupport: support.restore(try owner().index, try value())
            case .supplies: try supplies.restore(try owner().index, try value(), numberOf: try owner().renumbering.supplies)
            case .heldMessages:
                let waiting: [HeldMessage] = try value()
                guard waiting.allSatisfy(\.isConsistent) else { throw SnapshotError.inconsistent }
                sequencer.restore(try owner().index, waiting, slotOf: try owner().renumbering.slots)
            case .detectors: try readDetectors(content, of: try owner().index)
            case .deviceClock: note(try value() as DeviceClock, try owner().index)
            case .backlog:
                let burst: BacklogDesk.Burst = try value()
                guard burst.message.isConsistent else { throw SnapshotError.inconsistent }
                backlog.restore(try owner().index, burst, slotOf: try owner().renumbering.slots)
            case .reportingHabit: try presence.restore(try owner().index, content, fleet)
            case .wear: try wear.restore(try owner().index, content, fleet)
            case .wearVisits: wear.restore(try owner().index, try value() as WearDesk.VisitMemory, fleet)
            case .alarm: alarms.restore(try value() as Alarm)
            case .alarmDesk: alarms.restore(try value() as AlarmDesk.Memory)
            case .run: support.restore(try value() as PlaybookRun)
            case .ticket: support.restore(try value() as Ticket)
            case .supportDesk: support.restore(try value() as SupportDesk.Memory)
            case .order: orders.restore(try value() as SupplyOrder)
            case .orderDesk: orders.restore(try value() as OrderDesk.Memory)
            case .maintenance: maintenance.restore(try value())
            case .experience: experience.restore(try value())
            case .sparkplugNode:
                var reader = ByteReader(content)
                _ = sparkplug.add(try SparkplugHost(from: &reader, tableHash: configuration.tableHash))
            case .repeats:
                var reader = ByteReader(content)
                try repeats.read(from: &reader)
            case .refusedNames: refusedNames = try RefusedNames(bytes: content)
            case .storeDamage: storeDamage = try value()
            case .end:
                _ = known()
                return
            }
        }
    }

    /// What a lane of late readings remembers belongs to so many cells.
    func cellCount(_ device: DeviceIndex) -> Int { fleet.profiles[fleet.devices[device].profile].derived.faults.cellCount }

    /// The device that one hangs on: what the configuration says, what the snapshot says, what its profile says.
    func parent(of device: DeviceIndex, remembered: String?) -> String? {
        configuration.parents[fleet.records[device].id] ?? remembered ?? fleet.rules(of: device).parent?.text
    }

    /// The alarms that hold are the truth about the faults: a profile that was away for a while finds them active again, and what the
    /// profile no longer judges is noted to be ended.
    private mutating func matchAlarms() {
        for device in fleet.devices.indices {
            let profile = fleet.profiles[fleet.devices[device].profile].layout.profile
            guard !profile.messages.isEmpty else { continue }
            alarms.keepLists(profile.alerts.count, of: device)
            noteDownCodes(device)
            for alarm in alarms.standingAlarms(of: device) where alarm.condition != Alarm.foldedCondition {
                switch alarm.source {
                case .silence, .order: continue
                case .deviceAlert: if alarms.state(of: device).codes.contains(where: { $0.contains(alarm.condition) }) { continue }
                case .anomaly: if alarm.normalSinceMilliseconds != nil || isWatched(device, alarm) { continue }
                case .condition:
                    // What stands only for a person to see it waits for no reading.
                    if alarm.normalSinceMilliseconds != nil { continue }
                    if let number = profile.faults.firstIndex(where: { $0.id == alarm.condition }) {
                        fleet.activate(device, number, alarm.severity)
                        continue
                    }
                }
                orphans.append(Orphan(device: device, condition: alarm.condition, source: alarm.source))
            }
        }
    }

    /// Carries the state over to other profiles. Throws when it cannot be carried over; the core is then as it was, or `isLost`.
    ///
    /// The state lies in memory as a core or as the bytes of a snapshot, never as two cores: those of many devices would not fit.
    public mutating func reload(with profiles: [DeviceProfile]) throws {
        var pieces: [[UInt8]] = []
        try writeSnapshot { pieces.append($0) }
        let (configuration, quarantined) = (configuration, quarantined)
        let present = fleet.baseProfiles.map { fleet.profiles[$0].rules }.filter { !$0.messages.isEmpty }
        guard let empty = StewardCore(configuration: configuration, profiles: []) else { throw SnapshotError.noMemory }
        self = empty
        do {
            try restore(configuration, profiles, pieces)
        } catch {
            do { try restore(configuration, present, pieces) } catch { isLost = true }
            self.quarantined = quarantined
            throw error
        }
        self.quarantined = quarantined
    }

    private mutating func restore(_ configuration: CoreConfiguration, _ profiles: [DeviceProfile], _ pieces: [[UInt8]]) throws {
        var next = pieces.makeIterator()
        guard let core = try StewardCore(configuration: configuration, profiles: profiles, snapshot: { next.next() }) else {
            throw SnapshotError.noMemory
        }
        self = core
    }
}
