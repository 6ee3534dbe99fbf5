import CMalloc
import GatewayCore
import SQLiteStore
import Synchronization

/// Commits a snapshot in small steps between the batches. It may fail, for want of room above all: then it is dropped, counted and tried
/// again later, and the batches go on.
final class SnapshotSaver {
    /// Free bytes that a snapshot leaves on the disk. A part lies in the log and then in the file; when the log cannot be moved into a full file, no
    /// commit can go on, not even one that deletes.
    private static let reserveBytes: Int64 = 16 << 20
    private let store: Store
    private let pipe: SnapshotPipe
    private let statistics: GatewayStatistics
    private var draft: SnapshotDraft?
    private var isWhole = false
    /// There may be parts that belong to no complete snapshot: of deleted snapshots, and of ones that were interrupted.
    private var hasLeftovers = true

    init(store: Store, pipe: SnapshotPipe, statistics: GatewayStatistics) {
        self.store = store
        self.pipe = pipe
        self.statistics = statistics
    }

    var hasWork: Bool { !pipe.isEmpty }
    /// The snapshot is complete and waits for the cursor to reach its event.
    var waitsForCursor: Bool { isWhole }

    /// One step of at most a megabyte. Tells the retention when a snapshot is whole, or has failed.
    func step(_ retention: Retention) {
        do {
            try finish(retention)
            guard let item = pipe.take() else { return }
            switch item {
            case .begin(let event):
                try requireRoom()
                isWhole = false
                draft = try store.beginSnapshot(event: event, formatVersion: StewardCore.snapshotFormat)
            case .piece(let bytes):
                guard var draft else { return }
                try requireRoom()
                try store.appendSnapshotPart(bytes, to: &draft)
                self.draft = draft
            case .end:
                isWhole = true
                try finish(retention)
            case .failed(let reason): fail(reason, retention)
            }
        } catch {
            fail("\(error)", retention)
        }
    }

    /// A snapshot counts only when everything that was decided up to its event is committed: recovery begins behind it.
    private func finish(_ retention: Retention) throws {
        guard isWhole, let draft, try store.cursor() >= draft.event else { return }
        try store.finishSnapshot(draft)
        statistics.snapshots.add(1, ordering: .relaxed)
        statistics.snapshotBytes.store(draft.byteCount, ordering: .relaxed)
        retention.snapshotSaved(event: draft.event)
        close()
    }

    private func requireRoom() throws {
        guard let free = store.freeDiskBytes(), free < Self.reserveBytes else { return }
        throw StoreError(.diskFull, message: "\(free >> 20) MiB are free, and the last \(Self.reserveBytes >> 20) are kept for messages")
    }

    private func fail(_ reason: String, _ retention: Retention) {
        pipe.cancel()
        close()
        statistics.snapshotFailures.add(1, ordering: .relaxed)
        retention.snapshotFailed()
        Log.error(
            "a snapshot could not be saved; it is tried again later, and messages are taken meanwhile", ["reason": reason])
    }

    private func close() {
        draft = nil
        isWhole = false
        hasLeftovers = true
        // The pieces are made on a thread that has gone; glibc would keep their place for it for ever.
        malloc_trim(0)
    }

    /// Deletes a few unused parts.
    func clear() throws {
        guard hasLeftovers, draft == nil else { return }
        hasLeftovers = try store.trimSnapshotParts() > 0
    }
}
