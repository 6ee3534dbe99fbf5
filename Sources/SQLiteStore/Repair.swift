/// What was done to go on with a damaged store.
public struct RepairedDeliveries: Sendable, Equatable {
    /// Open entries that will not be sent, as far as their keys can be read.
    public var abandoned: [(key: String, channel: String)] = []

    public static func == (left: Self, right: Self) -> Bool { left.abandoned.map(\.key) == right.abandoned.map(\.key) }
}

/// Makes a damaged store whole again in a way that says what is missing. Nothing here is called without a decision to go on.
extension Store {
    /// Puts one row in the place of events that are lost, so that the inbox is whole again and a replay meets the loss where it was.
    /// The bytes of damaged rows are kept as dead letters. Event numbers are never given again.
    /// - Parameter bytes: one framed event that tells of the loss.
    public func replace(_ missing: MissingEvents, bytes: UnsafeRawBufferPointer) throws {
        guard missing.first <= missing.last, missing.first > 0 else {
            throw StoreError(.constraint, message: "events \(missing.first) to \(missing.last) cannot be replaced")
        }
        let arrival = missing.afterMilliseconds ?? missing.beforeMilliseconds ?? 0
        try atomically {
            for (event, damaged) in try segments(between: missing.first, missing.last) {
                try appendDeadLetter(
                    event: event, arrivalMilliseconds: arrival, topic: [], payload: Array(damaged.prefix(limits.outboxPayloadBytes)),
                    reason: "this batch of messages was damaged in the store", profile: nil)
            }
            try connection.use(.deleteSegments) { statement in
                try statement.bind(1, missing.first)
                try statement.bind(2, missing.last)
                try statement.run()
            }
            let checksum = try insertSegment(missing.first, missing.last - missing.first + 1, arrival, bytes, previous: nil)
            if missing.last >= current[.lastEvent] {
                current[.lastEvent] = missing.last
                current[.chain] = checksum
            }
            try countInbox()
        }
    }

    private func segments(between first: Int64, _ last: Int64) throws -> [(Int64, [UInt8])] {
        try connection.use(.segmentsBetween) { rows in
            try rows.bind(1, first)
            try rows.bind(2, last)
            var found: [(Int64, [UInt8])] = []
            while try rows.step(), found.count < 100 { found.append((rows.integer(0), rows.bytes(1))) }
            return found
        }
    }

    private func lastChecksum() throws -> Int64? {
        try connection.use(.segmentBefore) { row in
            try row.bind(1, Int64.max)
            return try row.step() && !row.isNull(3) ? row.integer(3) : nil
        }
    }

    private func countInbox() throws {
        let counts = try connection.integers(.countInbox, 3)
        current[.inboxSegments] = counts[0]
        current[.inboxBytes] = counts[1]
    }

    /// Abandons what cannot be trusted, and makes the numbers and the index fit what is there.
    public func repairDeliveries(atMilliseconds now: Int64) throws -> RepairedDeliveries {
        var repaired = RepairedDeliveries()
        try atomically {
            try connection.use(.damagedDeliveries) { rows in
                while try rows.step() { if rows.integer(2) == 0 { repaired.abandoned.append((rows.text(0), rows.text(1))) } }
            }
            try connection.use(.abandonDamagedDeliveries) { statement in
                try statement.bind(1, now)
                try statement.run()
            }
            try connection.run(.rebuildOutboxIndexes)
            current[.outboxOpen] = try connection.integer(.countOpen) ?? 0
            current[.outboxFinished] = try connection.integer(.countFinished) ?? 0
            openLanes = try outboxLanes()
            try connection.run(.dropDamagedRequests)
            try connection.run(.dropDamagedCrashes)
            current[.quarantined] = try connection.integer(.countCrashes) ?? 0
        }
        return repaired
    }

    /// Makes the store's numbers anew from what is there, where the kept ones are damaged. The cursor goes back as far as a snapshot allows:
    /// an effect that is committed twice is recognised by its key, one that is left out is lost.
    /// - Parameters:
    ///   - snapshotEvent: the event of the snapshot that will be used, 0 without one.
    ///   - storeID: as the record beside the store has it; nil makes a new one.
    public func recount(snapshotEvent: Int64, storeID: Int64?) throws {
        areCountersDamaged = false
        try atomically {
            let inbox = try connection.integers(.countInbox, 3)
            current[.inboxSegments] = inbox[0]
            current[.inboxBytes] = inbox[1]
            current[.lastEvent] = max(inbox[2], snapshotEvent)
            current[.cursor] = min(snapshotEvent, current[.lastEvent])
            current[.outboxOpen] = try connection.integer(.countOpen) ?? 0
            current[.outboxFinished] = try connection.integer(.countFinished) ?? 0
            let journal = try connection.integers(.countJournal, 2)
            current[.journalEntries] = journal[0]
            current[.journalBytes] = journal[1]
            let letters = try connection.integers(.countLetters, 3)
            current[.deadLetters] = letters[0]
            current[.deadLetterBytes] = letters[1]
            current[.lastDeadLetter] = letters[2]
            let chunks = try connection.integers(.countChunks, 3)
            current[.chunks] = chunks[0]
            current[.chunkBytes] = chunks[1]
            current[.samples] = chunks[2]
            current[.series] = try connection.integer(.countSeries) ?? 0
            current[.quarantined] = try connection.integer(.countCrashes) ?? 0
            current[.storeID] = storeID ?? .random(in: 1 ... .max)
            current[.chain] = try lastChecksum() ?? current[.storeID]
            current[.chainedFrom] = current[.lastEvent] + 1
            current[.trimmedThrough] = (try firstRetainedEvent() ?? current[.lastEvent] + 1) - 1
        }
    }
}
