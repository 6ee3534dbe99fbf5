/// What was done to go on with a damaged store.
public struct RepairedDeliveries: Sendable {
    /// Open entries that will not be sent, as far as their keys can be read.
    public let abandoned: [(key: String, channel: String)]
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
            // The rows are read before any is changed, and of a large loss the first hundred are kept.
            let damaged = try connection.rows(.segmentsBetween, missing.first, missing.last) { ($0.integer(0), $0.bytes(1)) }
            for (event, bytes) in damaged {
                try appendDeadLetter(
                    event: event, arrivalMilliseconds: arrival, topic: [], payload: Array(bytes.prefix(limits.outboxPayloadBytes)),
                    reason: "this batch of messages was damaged in the store", profile: nil)
            }
            try connection.run(.deleteSegments, missing.first, missing.last)
            let checksum = try insertSegment(missing.first, missing.last - missing.first + 1, arrival, bytes, previous: nil)
            if missing.last >= current[.lastEvent] {
                current[.lastEvent] = missing.last
                current[.chain] = checksum
            }
            try count(.countInbox, .inboxSegments, .inboxBytes)
        }
    }

    /// Sets counters to the columns of the row that a query gives.
    private func count(_ query: Query, _ counters: Counter...) throws {
        let counts = try connection.first(query) { row in counters.indices.map { row.integer(Int32($0)) } }
        for (counter, count) in zip(counters, counts ?? []) { current[counter] = count }
    }

    /// Abandons what cannot be trusted, and makes the numbers and the index fit what is there.
    public func repairDeliveries(atMilliseconds now: Int64) throws -> RepairedDeliveries {
        try atomically {
            let damaged = try connection.rows(.damagedDeliveries) { (key: $0.text(0), channel: $0.text(1), state: $0.integer(2)) }
            try connection.run(.abandonDamagedDeliveries, now)
            try connection.run(.rebuildOutboxIndexes)
            try count(.countOpen, .outboxOpen)
            try count(.countFinished, .outboxFinished)
            openLanes = try outboxLanes()
            try connection.run(.dropDamagedRequests)
            try connection.run(.dropDamagedCrashes)
            try count(.countCrashes, .quarantined)
            let open = damaged.filter { $0.state == OutboxDelivery.State.open.rawValue }
            return RepairedDeliveries(abandoned: open.map { ($0.key, $0.channel) })
        }
    }

    /// Makes the store's numbers anew from what is there, where the kept ones are damaged. The cursor goes back as far as a snapshot allows:
    /// an effect that is committed twice is recognised by its key, one that is left out is lost.
    /// - Parameters:
    ///   - snapshotEvent: the event of the snapshot that will be used, 0 without one.
    ///   - storeID: as the record beside the store has it; nil makes a new one.
    public func recount(snapshotEvent: Int64, storeID: Int64?) throws {
        areCountersDamaged = false
        try atomically {
            try count(.countInbox, .inboxSegments, .inboxBytes, .lastEvent)
            current[.lastEvent] = max(current[.lastEvent], snapshotEvent)
            current[.cursor] = min(snapshotEvent, current[.lastEvent])
            try count(.countOpen, .outboxOpen)
            try count(.countFinished, .outboxFinished)
            try count(.countJournal, .journalEntries, .journalBytes)
            try count(.countLetters, .deadLetters, .deadLetterBytes, .lastDeadLetter)
            try count(.countChunks, .chunks, .chunkBytes, .samples)
            try count(.countSeries, .series)
            try count(.countCrashes, .quarantined)
            try count(.countStateIntervals, .stateIntervals)
            try count(.countIncidents, .incidents)
            current[.storeID] = storeID ?? .random(in: 1 ... .max)
            current[.chain] = try connection.first(.segmentBefore, Int64.max) { $0.optionalInteger(3) } ?? current[.storeID]
            current[.chainedFrom] = current[.lastEvent] + 1
            current[.trimmedThrough] = (try firstRetainedEvent() ?? current[.lastEvent] + 1) - 1
        }
    }
}
