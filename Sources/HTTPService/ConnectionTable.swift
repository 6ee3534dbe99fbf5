import Glibc
import Synchronization
import Threading

/// Every open connection with its phase, so that connections that are too slow, or too many, can be closed.
///
/// libmicrohttpd's own time-out counts from the last byte, so a client that sends a byte a second keeps a connection for ever. Its limit refuses
/// the newest connection, so idle clients can shut out all others. Here the time of a request counts from its beginning to its last byte, and
/// where places are short the connection that has been incomplete for longest is closed. No connection is closed in its first moments, so that
/// a client that connects very often cannot push out another between its connection and its request. While none can be closed, new connections
/// wait in the system's queue, where their requests arrive meanwhile.
final class ConnectionTable: Sendable {
    /// A connection; what is in it is guarded by the table's lock.
    final class Entry: @unchecked Sendable {
        // @unchecked: `phase` and `sinceMilliseconds` are read and written with the table's lock held only.
        enum Phase {
            /// Between two requests.
            case idle
            /// A request is on its way, or the first has not begun.
            case receiving
            /// The gateway's turn: never ended for being slow.
            case handling
            case sending
        }

        let descriptor: Int32
        var phase = Phase.receiving
        var sinceMilliseconds: Int64

        init(descriptor: Int32, nowMilliseconds: Int64) {
            self.descriptor = descriptor
            sinceMilliseconds = nowMilliseconds
        }
    }

    /// POLLRDHUP of Linux, which glibc declares for GNU sources only.
    private static let peerClosed: Int16 = 0x2000
    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])
    /// With more connections than this, the oldest are ended.
    private let comfortableCount: Int
    private let requestMilliseconds: Int64
    private let idleMilliseconds: Int64
    private let responseMilliseconds: Int64
    private let counters: HTTPServerCounters

    init(configuration: HTTPServerConfiguration) {
        comfortableCount = max(1, configuration.connectionLimit * 2 / 3)
        requestMilliseconds = Int64(configuration.requestTimeoutSeconds) * 1000
        idleMilliseconds = Int64(configuration.idleTimeoutSeconds) * 1000
        responseMilliseconds = Int64(configuration.responseTimeoutSeconds) * 1000
        counters = configuration.counters
    }

    /// A connection younger than this is not closed to make room.
    private static let graceMilliseconds: Int64 = 250

    /// A new connection.
    func add(descriptor: Int32) -> Entry {
        let now = Clock.monotonicMilliseconds()
        let entry = Entry(descriptor: descriptor, nowMilliseconds: now)
        entries.withLock { entries in
            entries[ObjectIdentifier(entry)] = entry
            if entries.count > comfortableCount { relieve(&entries, ending: 1, now) }
        }
        return entry
    }

    /// Ends those that have sent an incomplete request for longest, or else were idle, or else take their answer slowly.
    private func relieve(_ entries: inout [ObjectIdentifier: Entry], ending count: Int, _ now: Int64) {
        var remaining = count
        for phase in [Entry.Phase.receiving, .idle, .sending] where remaining > 0 {
            let old = entries.values.filter { $0.phase == phase && now - $0.sinceMilliseconds > Self.graceMilliseconds }
            for entry in old.sorted(by: { $0.sinceMilliseconds < $1.sinceMilliseconds }).prefix(remaining) {
                end(entry, in: &entries)
                remaining -= 1
            }
        }
    }

    /// The library is about to close the connection's socket, whose number another one may get.
    func remove(_ entry: Entry) { entries.withLock { $0[ObjectIdentifier(entry)] = nil } }

    func set(_ entry: Entry, _ phase: Entry.Phase) {
        let now = Clock.monotonicMilliseconds()
        entries.withLock { _ in
            // The time of the first request runs from the connection's beginning, not from its first line.
            if !(entry.phase == .receiving && phase == .receiving) { entry.sinceMilliseconds = now }
            entry.phase = phase
        }
    }

    /// Ends what has taken too long. True: room is short, and this should be called again soon.
    func endOverdue() -> Bool {
        let now = Clock.monotonicMilliseconds()
        return entries.withLock { entries in
            for entry in entries.values where now - entry.sinceMilliseconds > allowed(entry.phase) { end(entry, in: &entries) }
            let excess = entries.count - comfortableCount
            if excess > 0 { relieve(&entries, ending: excess, now) }
            return excess > 0
        }
    }

    /// Whether the peer has closed the connection, or at least its half of it.
    func hasLeft(_ entry: Entry) -> Bool {
        entries.withLock { entries in
            guard entries[ObjectIdentifier(entry)] != nil else { return true }
            var request = pollfd(fd: entry.descriptor, events: Self.peerClosed, revents: 0)
            return poll(&request, 1, 0) > 0
        }
    }

    private func allowed(_ phase: Entry.Phase) -> Int64 {
        switch phase {
        case .idle: idleMilliseconds
        case .receiving: requestMilliseconds
        case .handling: .max
        case .sending: responseMilliseconds
        }
    }

    /// The library sees the end of the stream and closes. While the entry is in the table its socket is open, so the number is its own.
    private func end(_ entry: Entry, in entries: inout [ObjectIdentifier: Entry]) {
        shutdown(entry.descriptor, Int32(SHUT_RDWR))
        entries[ObjectIdentifier(entry)] = nil
        counters.connectionsEnded.add(1, ordering: .relaxed)
    }
}

/// What the server counts; read from any thread.
public final class HTTPServerCounters: Sendable {
    /// Connections that were ended because they were too slow or because others needed the place.
    public let connectionsEnded = Atomic<Int64>(0)
    /// Requests of pages of other origins, refused.
    public let foreignRequests = Atomic<Int64>(0)
    /// Requests answered 503 because too many waited.
    public let requestsRefused = Atomic<Int64>(0)

    public init() {}
}
