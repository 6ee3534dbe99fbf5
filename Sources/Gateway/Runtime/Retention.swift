import GatewayCore
import SQLiteStore
import Threading

/// When to take a snapshot, and what may be forgotten.
final class Retention {
    private let store: Store
    private let keepInboxBytes: Int64
    private let historyMilliseconds: Int64
    private let historyBytes: Int64
    private var bytesSinceSnapshot: Int64 = 0
    private var lastSnapshotEvent: Int64 = 0
    private var lastSnapshotMilliseconds: Int64
    private var askedMilliseconds: Int64?
    private var retryMilliseconds: Int64 = .min
    private var isTrimming = false
    private var nextUpkeep: Int64 = 0
    private var horizon: HistoryHorizon

    /// Replaying this much after a crash takes a few seconds.
    private static let snapshotBytes: Int64 = 256 << 20
    private static let snapshotMilliseconds: Int64 = 15 * 60_000
    private static let longestSnapshotMilliseconds: Int64 = 3_600_000
    private static let retryPauseMilliseconds: Int64 = 5 * 60_000
    private static let upkeepMilliseconds: Int64 = 60_000

    /// Waits use the steady clock. Only the age of samples depends on the gateway's time, through `HistoryHorizon`.
    init(configuration: GatewayConfiguration, store: Store) throws {
        self.store = store
        keepInboxBytes = configuration.store.keepInboxBytes
        historyMilliseconds = Int64(configuration.store.historyDays * 86_400_000)
        historyBytes = configuration.store.historyBytes
        lastSnapshotMilliseconds = Clock.steadyMilliseconds()
        horizon = HistoryHorizon(
            stored: try store.historyHorizon(), wanted: Clock.wallMilliseconds() - historyMilliseconds,
            steadyMilliseconds: Clock.steadyMilliseconds())
    }

    func committed(bytes: Int64) { bytesSinceSnapshot += bytes }

    func wantsSnapshot(lastEvent: Int64) -> Bool {
        let now = Clock.steadyMilliseconds()
        // A failed snapshot is tried again after a while; one that was requested and is not saved within an hour counts as failed.
        if let asked = askedMilliseconds, now - asked < Self.longestSnapshotMilliseconds { return false }
        guard now >= retryMilliseconds else { return false }
        guard lastEvent > lastSnapshotEvent,
            bytesSinceSnapshot >= Self.snapshotBytes || now - lastSnapshotMilliseconds >= Self.snapshotMilliseconds
        else { return false }
        askedMilliseconds = now
        return true
    }

    func snapshotSaved(event: Int64) {
        bytesSinceSnapshot = 0
        lastSnapshotEvent = event
        lastSnapshotMilliseconds = Clock.steadyMilliseconds()
        askedMilliseconds = nil
        isTrimming = true
    }

    func snapshotFailed() {
        askedMilliseconds = nil
        retryMilliseconds = Clock.steadyMilliseconds() + Self.retryPauseMilliseconds
    }

    func clockStepped() { horizon.clockStepped(steadyMilliseconds: Clock.steadyMilliseconds()) }

    /// Deletes a bounded amount, so that the next batch does not wait long.
    func trim() throws {
        let now = Clock.steadyMilliseconds()
        if isTrimming { isTrimming = try store.trimInbox(through: lastSnapshotEvent, keepBytes: keepInboxBytes) > 0 }
        guard now >= nextUpkeep else { return }
        horizon.advance(wanted: Clock.wallMilliseconds() - historyMilliseconds, steadyMilliseconds: now)
        try store.setHistoryHorizon(horizon.milliseconds)
        try store.trimAccount(beforeDay: Int((horizon.milliseconds + historyMilliseconds) / 86_400_000) - store.limits.accountDays)
        let trimmed = try store.trimHistory(beforeMilliseconds: horizon.milliseconds, maximumBytes: historyBytes)
        let gaveBack = try store.releaseFreePages()
        if trimmed == 0, !gaveBack { nextUpkeep = now + Self.upkeepMilliseconds }
    }
}
