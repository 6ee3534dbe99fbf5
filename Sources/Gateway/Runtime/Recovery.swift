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
    init(_ opening: StoreOpening) throws {
        let store = opening.store
        try Self.judge(opening.marker.death, store)
        let quarantined = try store.quarantinedEvents(minimumAttempts: Self.maximumAttempts)
        guard let found = opening.takeCore() else { throw ConfigurationError("there is not enough memory to begin") }
        // Without a second reference, or the first change would copy the whole state.
        core = consume found
        core.quarantined = quarantined
        let from = (opening.snapshot.event ?? 0) + 1
        try replay(opening, from: from, cursor: try store.cursor())
    }

    /// A crash is noted against the message that was being taken, and the second one sets it aside. Kills do so only when they are suspicious.
    private static func judge(_ death: Death, _ store: Store) throws {
        // A number that no event has is damage of the page.
        guard death.event > 0, death.event <= (try store.lastEvent()), death.isCrash || death.isSuspicious else { return }
        var attempts = try store.recordCrash(event: death.event)
        if death.isSuspicious, attempts < Self.maximumAttempts { attempts = try store.recordCrash(event: death.event) }
        Log.error(
            attempts >= Self.maximumAttempts
                ? "the program died on this message again; it is set aside"
                : "the program crashed while it took this message; it is tried once more",
            ["event": String(death.event), "deaths": String(death.inARow)])
    }

    private static let maximumAttempts = 2

    private mutating func replay(_ opening: StoreOpening, from: Int64, cursor: Int64) throws {
        var effects: [Effect] = []
        let marker = opening.marker
        try opening.store.forEachSegment(from: from) { stored in
            // What stands for lost events is one event, with the number of the last of them.
            let first = stored.isReplacement ? stored.lastEvent : stored.firstEvent
            let segment = Segment(copying: stored.bytes, firstEvent: first, arrivalMilliseconds: stored.arrivalMilliseconds)
            let isNews = stored.lastEvent > cursor || (stored.isReplacement && opening.replacements.contains(stored.lastEvent))
            effects.removeAll(keepingCapacity: true)
            CrashTopic.check(segment, quarantined: core.quarantined, progress: marker.progress)
            core.step(segment, progress: marker.progress, into: &effects)
            replayedEvents += Int64(segment.count)
            // Effects up to the cursor were committed with it; only the state needs them once more.
            if isNews { outputs.append(CoreOutput(event: max(stored.lastEvent, cursor), effects: effects)) }
        }
    }
}
