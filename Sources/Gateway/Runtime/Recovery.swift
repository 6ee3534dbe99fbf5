import GatewayCore
import SQLiteStore
import Telemetry

/// Rebuilds the core at start: the newest whole snapshot, and every event after it.
struct Recovery {
    var core: StewardCore
    /// Effects of events whose effects were not committed yet.
    var outputs: [CoreOutput] = []
    var replayedEvents: Int64 = 0

    /// Throws when the store cannot be read or memory is short.
    init(configuration: GatewayConfiguration, profiles: [DeviceProfile], store: Store, marker: CrashMarker) throws {
        try Self.judge(marker.death, store)
        let quarantined = try store.quarantinedEvents(minimumAttempts: Self.maximumAttempts)
        let search = try store.loadSnapshot(formatVersion: StewardCore.snapshotVersion)
        for problem in search.problems { Log.error("a snapshot cannot be used", ["reason": problem]) }
        core = try Self.core(configuration.core, profiles, search.snapshot)
        core.quarantined = quarantined
        let from = (search.snapshot?.event ?? 0) + 1
        if let first = try store.firstRetainedEvent(), first > from {
            Log.error(
                "events are missing between the snapshot and the inbox; the state begins anew with what is there",
                ["first": String(first), "snapshot": String(from - 1)])
        }
        let cursor = try store.cursor()
        try replay(store, from: from, cursor: cursor, marker)
    }

    /// A crash is noted against the message that was being taken, and the second one sets it aside. Kills do so only when they are suspicious.
    private static func judge(_ death: Death, _ store: Store) throws {
        guard death.event != 0, death.isCrash || death.isSuspicious else { return }
        var attempts = try store.recordCrash(event: death.event)
        if death.isSuspicious, attempts < Self.maximumAttempts { attempts = try store.recordCrash(event: death.event) }
        Log.error(
            attempts >= Self.maximumAttempts
                ? "the program died on this message again; it is set aside"
                : "the program crashed while it took this message; it is tried once more",
            ["event": String(death.event), "deaths": String(death.inARow)])
    }

    private static let maximumAttempts = 2

    private static func core(_ configuration: CoreConfiguration, _ profiles: [DeviceProfile], _ snapshot: Snapshot?) throws -> StewardCore {
        let core: StewardCore? =
            if let snapshot {
                try StewardCore(configuration: configuration, profiles: profiles, snapshot: snapshot.bytes)
            } else {
                StewardCore(configuration: configuration, profiles: profiles)
            }
        guard let core else { throw ConfigurationError("there is not enough memory to begin") }
        return core
    }

    private mutating func replay(_ store: Store, from: Int64, cursor: Int64, _ marker: CrashMarker) throws {
        var effects: [Effect] = []
        try store.forEachSegment(from: from) { stored in
            let segment = Segment(copying: stored.bytes, firstEvent: stored.firstEvent, arrivalMilliseconds: stored.arrivalMilliseconds)
            effects.removeAll(keepingCapacity: true)
            CrashTopic.check(segment, quarantined: core.quarantined, progress: marker.progress)
            core.step(segment, progress: marker.progress, into: &effects)
            replayedEvents += Int64(segment.count)
            // Effects up to the cursor were committed with it; only the state needs them once more.
            if stored.lastEvent > cursor { outputs.append(CoreOutput(event: stored.lastEvent, effects: effects)) }
        }
    }
}
