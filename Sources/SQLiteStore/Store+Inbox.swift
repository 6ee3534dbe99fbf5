/// One batch of messages as it was committed: an opaque blob of framed messages, numbered from `firstEvent` on.
public struct Segment {
    public let firstEvent: Int64
    public let count: Int
    /// Milliseconds since 1970 at which the batch was read.
    public let arrivalMilliseconds: Int64
    /// Valid during the call that hands the segment out.
    public let bytes: UnsafeRawBufferPointer
    /// The checksum of the row before, and of this one; nil in rows that are older than checksums.
    let previous, checksum: Int64?

    public var lastEvent: Int64 { firstEvent &+ Int64(count) &- 1 }

    init(_ row: Statement) {
        firstEvent = row.integer(0)
        count = Int(row.integer(1))
        arrivalMilliseconds = row.integer(2)
        bytes = row.blob(3)
        previous = row.optionalInteger(4)
        checksum = row.optionalInteger(5)
    }

    /// It stands in the place of `count` events that were lost, and its bytes hold a single event, of the number `lastEvent`.
    public var isReplacement: Bool { previous == nil && checksum != nil }

    /// It is as it was committed, as far as it alone can tell. Rows that are older than checksums are taken as they are.
    var isIntact: Bool {
        guard count > 0, firstEvent > 0 else { return false }
        guard let checksum else { return previous == nil }
        return checksum
            == Checksum.ofSegment(
                previous: previous ?? Self.noPrevious, firstEvent: firstEvent, count: Int64(count),
                arrivalMilliseconds: arrivalMilliseconds, bytes: bytes)
    }

    static let noPrevious: Int64 = 0
}

extension StoreReader {
    /// The number of the last committed event, 0 when there was none. It stays known when its segment has been trimmed.
    public func lastEvent() throws -> Int64 { try counters()[.lastEvent] }

    /// Effects of all events up to this one are durable; 0 at the start.
    public func cursor() throws -> Int64 { try counters()[.cursor] }

    /// The number of the first event that is still in the inbox, nil when it is empty.
    public func firstRetainedEvent() throws -> Int64? { try connection.integer(.firstSegment) }

    /// Hands out the segments in order, one at a time, beginning with the one that holds `event` (whole, so that its first
    /// events may be older than `event`). The store must not be asked for segments again inside `body`.
    public func forEachSegment(from event: Int64, _ body: (Segment) throws -> Void) throws {
        try connection.use(.segmentsFrom, [event]) { rows in
            while try rows.step() {
                let segment = Segment(rows)
                if segment.lastEvent >= event { try body(segment) }
            }
        }
    }
}

extension Store {
    /// Commits one batch. The numbers follow on from `lastEvent` without a gap, since a gap would make a replay wrong.
    /// - Throws: `.constraint` for numbers that do not follow on; `.diskFull` and the like as of SQLite.
    public func appendSegment(firstEvent: Int64, count: Int, arrivalMilliseconds: Int64, bytes: UnsafeRawBufferPointer) throws {
        guard firstEvent == current[.lastEvent] + 1, count > 0, Int64(count) <= Int64.max - firstEvent else {
            throw StoreError(
                .constraint, message: "a segment of \(count) events at \(firstEvent) does not follow on event \(current[.lastEvent])")
        }
        try atomically {
            current[.chain] = try insertSegment(firstEvent, Int64(count), arrivalMilliseconds, bytes, previous: current[.chain])
            current[.lastEvent] = firstEvent + Int64(count) - 1
            current[.inboxSegments] += 1
            current[.inboxBytes] += Int64(bytes.count)
        }
    }

    /// - Returns: the checksum of the row, which the next one names.
    func insertSegment(
        _ firstEvent: Int64, _ count: Int64, _ arrivalMilliseconds: Int64, _ bytes: UnsafeRawBufferPointer, previous: Int64?
    ) throws -> Int64 {
        let checksum = Checksum.ofSegment(
            previous: previous ?? Segment.noPrevious, firstEvent: firstEvent, count: count, arrivalMilliseconds: arrivalMilliseconds,
            bytes: bytes)
        try connection.run(.appendSegment, firstEvent, count, arrivalMilliseconds, bytes, previous, checksum)
        return checksum
    }

    /// Notes that the effects of all events up to `event` are durable. It never goes back, nor beyond the last event.
    public func setCursor(_ event: Int64) throws {
        guard event >= current[.cursor], event <= current[.lastEvent] else {
            throw StoreError(
                .constraint,
                message: "the cursor cannot go from \(current[.cursor]) to \(event) with \(current[.lastEvent]) events committed")
        }
        try atomically { current[.cursor] = event }
    }

    /// Deletes whole segments up to `event`, the oldest first, and keeps the newest `keepBytes` of the inbox as a black box.
    ///
    /// Segments that recovery may need stay whatever `event` says: those after the cursor, and those after the older of the
    /// two snapshots, which stands in when the newer is damaged. With fewer than two snapshots nothing goes.
    /// One call deletes at most 32 segments or 8 MiB, so that it never holds the writer up for long.
    /// - Returns: the number of deleted segments; 0 when there is nothing left to do.
    public func trimInbox(through event: Int64, keepBytes: Int64) throws -> Int {
        guard let replayable = try connection.integer(.previousSnapshot) else { return 0 }
        let bound = min(event, current[.cursor], replayable)
        return try atomically {
            let oldest = try connection.rows(.oldestSegments, 32) { row in
                (first: row.integer(0), last: row.integer(0) + row.integer(1) - 1, bytes: row.integer(2))
            }
            var deleted = 0
            var deletedBytes: Int64 = 0
            for segment in oldest where segment.last <= bound {
                guard current[.inboxBytes] - segment.bytes >= keepBytes, deletedBytes < 8 << 20 else { break }
                try connection.run(.deleteSegment, segment.first)
                current[.inboxSegments] -= 1
                current[.inboxBytes] -= segment.bytes
                current[.trimmedThrough] = segment.last
                deletedBytes += segment.bytes
                deleted += 1
            }
            if deleted > 0 { try forgetCrashes(through: current[.trimmedThrough]) }
            return deleted
        }
    }
}
