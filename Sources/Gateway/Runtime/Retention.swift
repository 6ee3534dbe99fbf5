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
    private var isSnapshotAsked = false
    private var isTrimming = false
    private var nextUpkeep: Int64 = 0

    /// Replaying this much after a crash takes a few seconds.
    private static let snapshotBytes: Int64 = 256 << 20
    private static let snapshotMilliseconds: Int64 = 15 * 60_000
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
        guard !isSnapshotAsked, lastEvent > lastSnapshotEvent else { return false }
        isSnapshotAsked = bytesSinceSnapshot >= Self.snapshotBytes || now - lastSnapshotMilliseconds >= Self.snapshotMilliseconds
        return isSnapshotAsked
    }

    func snapshotSaved(event: Int64, nowMilliseconds now: Int64) {
        bytesSinceSnapshot = 0
        lastSnapshotEvent = event
        lastSnapshotMilliseconds = now
        isSnapshotAsked = false
        isTrimming = true
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
