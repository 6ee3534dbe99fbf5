import Threading

/// The bytes of a snapshot on their way from the thread that makes them to the one that owns the store: a few pieces at a time, so that
/// a large state never lies in memory as bytes.
final class SnapshotPipe: @unchecked Sendable {
    // @unchecked: everything is guarded by the monitor.
    enum Item: Sendable {
        /// The first item of a snapshot of the state after this event. A snapshot that was begun before and not ended is void.
        case begin(event: Int64)
        case piece([UInt8])
        case end
        /// The state could not be written.
        case failed(String)
    }

    private static let maximumPieces = 4
    private let monitor = Monitor()
    private var items: [Item] = []
    private var isCancelled = false
    private var hasEnded = true

    var isEmpty: Bool { monitor.withLock { items.isEmpty } }

    func begin(event: Int64) {
        monitor.withLock {
            isCancelled = false
            hasEnded = false
            items = [.begin(event: event)]
        }
    }

    /// Waits while the pipe is full. Throws when the snapshot was cancelled.
    func put(_ bytes: [UInt8]) throws {
        try monitor.withLock {
            _ = monitor.wait { isCancelled || items.count < Self.maximumPieces }
            if isCancelled { throw CancellationError() }
            items.append(.piece(bytes))
        }
    }

    func end(_ item: Item) {
        monitor.withLock {
            hasEnded = true
            if !isCancelled { items.append(item) }
        }
    }

    /// Its last piece is still to come.
    var isUnderWay: Bool { monitor.withLock { !hasEnded && !isCancelled } }

    /// Drops the pieces in the pipe and ends the thread that writes them.
    func cancel() {
        monitor.withLock {
            isCancelled = true
            items = []
            monitor.notifyAll()
        }
    }

    func take() -> Item? {
        monitor.withLock {
            guard !items.isEmpty else { return nil }
            defer { monitor.notifyAll() }
            return items.removeFirst()
        }
    }
}
