import GatewayCore
import SQLiteStore
import Telemetry
import Threading

/// Opens the store and examines it for losses, before anything relies on it.
struct StoreOpening {
    let store: Store
    let marker: CrashMarker
    var witness: CommitWitness
    let snapshot: SnapshotSearch
    private let state: FoundState
    /// Damage found by this start. It is committed to the inbox already, so it stays known if the program ends now.
    private(set) var damages: [StoreDamage] = []
    /// Numbers of the events that this start committed in place of lost ones.
    private(set) var replacements: Set<Int64> = []

    /// The core that a snapshot was read into, or one before the first event. It is handed over, never shared: a change would copy the state.
    private final class FoundState {
        var core: StewardCore?
    }

    /// The state of the snapshot that was found; without one, that before the first event. To be asked once. Nil when memory is short.
    func takeCore() -> StewardCore? {
        defer { state.core = nil }
        return state.core
    }

    /// Throws when the store cannot be used, or is damaged and the configuration says `refuse`.
    /// - Parameter profiles: what a snapshot is read with.
    init(configuration: GatewayConfiguration, profiles: [DeviceProfile], nowMilliseconds now: Int64 = Clock.wallMilliseconds()) throws {
        let path = configuration.store.path
        let opened: Opened
        do { opened = try Self.examined(configuration, profiles) } catch let error as StoreError where Self.isUnreadable(error, path) {
            guard configuration.store.onDamage == .goOn else { throw error }
            opened = try Self.examined(configuration, profiles, inPlaceOf: try SetAsideStore(path, error, nowMilliseconds: now))
        }
        (store, marker, snapshot, state, witness) = (opened.store, opened.marker, opened.snapshot, opened.state, opened.witness)
        let examination = opened.examination
        for problem in snapshot.problems {
            Log.error("a snapshot cannot be used; the one before it and the inbox stand in", ["reason": problem])
        }
        for warning in examination.warnings { Log.warning(warning) }
        if !examination.isClean {
            let texts = examination.problems + examination.missing.map(Self.text)
            guard configuration.store.onDamage == .goOn else {
                throw ConfigurationError(
                    "the store \(path) is damaged: \(texts.joined(separator: "; ")). "
                        + "Restore a backup, or go on without what is missing: store.onDamage: \"continue\"")
            }
            try repair(examination, now)
        }
        witness.note(store.commitRecord(milliseconds: witness.record?.milliseconds ?? now))
    }

    private struct Opened {
        var store: Store
        var marker: CrashMarker
        var witness: CommitWitness
        var snapshot: SnapshotSearch
        var state: FoundState
        var examination: Examination
    }

    /// The store's lock comes first: the page belongs to whoever has it.
    private static func examined(
        _ configuration: GatewayConfiguration, _ profiles: [DeviceProfile], inPlaceOf old: SetAsideStore? = nil
    ) throws -> Opened {
        let store = try Store(path: configuration.store.path, limits: configuration.limits)
        do {
            let salvage = try old?.salvage(into: store)
            let marker = try CrashMarker(path: configuration.store.path + ".progress")
            let witness = CommitWitness(memory: marker.commitRecords)
            let state = FoundState()
            let snapshot = try store.findSnapshot(formats: StewardCore.snapshotFormats) { found in
                var found = found
                state.core = try StewardCore(
                    configuration: configuration.core, profiles: profiles, format: found.format, snapshot: { try found.next() })
            }
            if snapshot.event == nil { state.core = StewardCore(configuration: configuration.core, profiles: profiles) }
            var examination = try store.examine(from: (snapshot.event ?? 0) + 1, witness: witness)
            // The new store has another id than the one that the record tells of, and that is no news.
            if let salvage { examination.problems = [salvage] }
            return Opened(store: store, marker: marker, witness: witness, snapshot: snapshot, state: state, examination: examination)
        } catch {
            try? store.close()
            throw error
        }
    }

    /// Whether SQLite cannot read the file although it was a store. A file that never was a store is left alone.
    private static func isUnreadable(_ error: StoreError, _ path: String) -> Bool {
        error.kind == .corrupt
            || (error.kind == .notADatabase && CrashMarker.hasCommitRecord(path + ".progress") && SetAsideStore.isFile(path))
    }

    /// Repairs in one transaction: afterwards the store is either unchanged, or consistent with its losses recorded.
    private mutating func repair(_ first: Examination, _ now: Int64) throws {
        var events: [ControlEvent] = []
        try store.transaction {
            var examination = first
            if store.areCountersDamaged {
                try store.recount(snapshotEvent: snapshot.event ?? 0, storeID: witness.record?.storeID)
                let second = try store.examine(from: (snapshot.event ?? 0) + 1, witness: witness)
                examination.missing = second.missing
                examination.problems += second.problems
            }
            for (number, problem) in examination.problems.enumerated() {
                damages.append(StoreDamage(id: "sd-\(now)-\(number + 1)", text: problem, foundMilliseconds: now))
            }
            events = damages.map { .storeDamaged($0) }
            for (key, channel) in try store.repairDeliveries(atMilliseconds: now).abandoned {
                guard let channel = OutboxChannel(rawValue: channel) else { continue }
                events.append(.settled(key: key, channel: channel, outcome: .abandoned, detail: "its entry in the store was damaged"))
            }
            for missing in examination.missing { try replace(missing, now) }
            if !events.isEmpty { try append(events, now) }
        }
        for damage in damages {
            Log.error(
                "the store is damaged; the gateway goes on and asks before it orders or commands",
                ["damage": damage.id, "reason": damage.text])
        }
    }

    private func append(_ events: [ControlEvent], _ now: Int64) throws {
        var segment = Segment(capacityBytes: 4096)
        for event in events { segment.append(event) }
        try store.appendSegment(
            firstEvent: try store.lastEvent() + 1, count: segment.count, arrivalMilliseconds: now, bytes: segment.bytes)
    }

    private mutating func replace(_ missing: MissingEvents, _ now: Int64) throws {
        let damage = StoreDamage(
            id: "sd-\(missing.first)-\(missing.last)", text: Self.text(missing), foundMilliseconds: now, firstEvent: missing.first,
            lastEvent: missing.last, afterMilliseconds: missing.afterMilliseconds, beforeMilliseconds: missing.beforeMilliseconds)
        var segment = Segment(capacityBytes: 1024)
        segment.append(.storeDamaged(damage))
        try store.replace(missing, bytes: segment.bytes)
        replacements.insert(missing.last)
        damages.append(damage)
    }

    /// "events 7142 to 9309 are missing, between 2026-05-01 12:03:07 and 2026-05-01 12:41:30 UTC".
    static func text(_ missing: MissingEvents) -> String {
        let events =
            missing.first == missing.last
            ? "event \(HumanText.number(Double(missing.first))) is missing"
            : "events \(HumanText.number(Double(missing.first))) to \(HumanText.number(Double(missing.last))) are missing"
        switch (missing.afterMilliseconds.map(HumanText.time), missing.beforeMilliseconds.map(HumanText.time)) {
        case (let after?, let before?): return "\(events), between \(after) and \(before) UTC"
        case (let after?, nil): return "\(events), after \(after) UTC"
        case (nil, let before?): return "\(events), before \(before) UTC"
        case (nil, nil): return events
        }
    }
}
