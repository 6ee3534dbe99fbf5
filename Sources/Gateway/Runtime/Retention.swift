import GatewayCore
import SQLiteStore

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

    /// Replaying this much after a crash takes a few seconds.
    private static let snapshotBytes: Int64 = 256 << 20
    private static let snapshotMilliseconds: Int64 = 15 * 60_000
    private static let longestSnapshotMilliseconds: Int64 = 3_600_000
    private static let retryPauseMilliseconds: Int64 = 5 * 60_000
    private static let upkeepMilliseconds: Int64 = 60_000

    init(configuration: GatewayConfiguration, store: Store) {
        self.store = store
        keepInboxBytes = configuration.store.keepInboxBytes
        historyMilliseconds = Int64(configuration.store.historyDays * 86_400_000)
        historyBytes = configuration.store.historyBytes
        lastSnapshotMilliseconds = Clock.wallMilliseconds()
    }

    func committed(bytes: Int64) { bytesSinceSnapshot += bytes }

    func wantsSnapshot(nowMilliseconds now: Int64, lastEvent: Int64) -> Bool {
        // One that failed is tried again after a while; one that was asked for and came to nothing in an hour has failed, too.
        if let asked = askedMilliseconds, now - asked < Self.longestSnapshotMilliseconds { return false }
        guard now >= retryMilliseconds else { return false }
        guard lastEvent > lastSnapshotEvent,
            bytesSinceSnapshot >= Self.snapshotBytes || now - lastSnapshotMilliseconds >= Self.snapshotMilliseconds
        else { return false }
        askedMilliseconds = now
        return true
    }

    func snapshotSaved(event: Int64, nowMilliseconds now: Int64) {
        bytesSinceSnapshot = 0
        lastSnapshotEvent = event
        lastSnapshotMilliseconds = now
        askedMilliseconds = nil
        isTrimming = true
    }

    func snapshotFailed(nowMilliseconds now: Int64) {
        askedMilliseconds = nil
        retryMilliseconds = now + Self.retryPauseMilliseconds
    }

    /// A small step, so that a batch never waits long.
    func trim(nowMilliseconds now: Int64) throws {
        if isTrimming { isTrimming = try store.trimInbox(through: lastSnapshotEvent, keepBytes: keepInboxBytes) > 0 }
        guard now >= nextUpkeep else { return }
        let trimmed = try store.trimHistory(beforeMilliseconds: now - historyMilliseconds, maximumBytes: historyBytes)
        let gaveBack = try store.releaseFreePages()
        if trimmed == 0, !gaveBack { nextUpkeep = now + Self.upkeepMilliseconds }
    }
}
